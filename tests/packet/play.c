// SPDX-License-Identifier: BSD-2-Clause
#include "packet/play.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct outcome untouched = { .verdict = WEIR_VERDICT_PASS };

int play_fail(struct play *play, const char *format, ...)
{
	int n = snprintf(play->why, SCENARIO_WHY_MAX, "step %u: ", play->step + 1);
	va_list args;

	va_start(args, format);
	vsnprintf(play->why + n, SCENARIO_WHY_MAX - n, format, args);
	va_end(args);
	return -1;
}

static int check_counter(struct play *play, const char *what, unsigned index, const struct weir_counter *delta,
			 const struct weir_counter *expected)
{
	if (delta->packets == expected->packets && delta->bytes == expected->bytes)
		return 0;
	return play_fail(play, "%s %u grew by %llu packets and %llu bytes, not by %llu and %llu", what, index,
			 (unsigned long long)delta->packets, (unsigned long long)delta->bytes,
			 (unsigned long long)expected->packets, (unsigned long long)expected->bytes);
}

/* Exactly once by its reason and once by its decision; nothing else. */
static int check_counters(struct play *play, const struct outcome *outcome, uint32_t bytes,
			  const struct lab_counters counters[2])
{
	static const struct weir_counter none;
	const struct weir_counter once = { .packets = 1, .bytes = bytes };
	unsigned reason = outcome->reason * WEIR_DIRECTIONS + outcome->direction;

	for (unsigned i = 0; i < WEIR_REASON_MAX * WEIR_DIRECTIONS; i++) {
		const struct weir_counter *a = &counters[0].reasons[i], *b = &counters[1].reasons[i];
		struct weir_counter delta = { b->packets - a->packets, b->bytes - a->bytes };

		if (check_counter(play, "reason counter", i, &delta, outcome->reason && i == reason ? &once : &none))
			return -1;
	}
	for (unsigned i = 0; i < LAB_DECISIONS; i++) {
		const struct weir_account *a = &counters[0].decisions[i], *b = &counters[1].decisions[i];
		struct weir_counter delta = { b->packets - a->packets, b->bytes - a->bytes };

		if (check_counter(play, "decision counter", i, &delta, outcome->by && i == outcome->by ? &once : &none))
			return -1;
	}
	return 0;
}

static bool is_xdp(enum lab_program program)
{
	return program == LAB_XDP || program == LAB_UPLINK;
}

static const char *program_name(enum lab_program program)
{
	static const char *const names[] = {
		[LAB_FROM_POD] = "tc", [LAB_TO_POD] = "tc", [LAB_XDP] = "XDP", [LAB_UPLINK] = "XDP of the uplink"
	};

	return names[program];
}

/* For new connections, not by moving from one table to another. */
static int entries_made(struct lab *lab, uint64_t *ret)
{
	uint64_t tallies[WEIR_TALLIES];
	int r = lab_tallies(lab, tallies);

	*ret = 0;
	for (unsigned i = 0; r == 0 && i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		if (i / WEIR_FAMILIES != WEIR_CONNECTIONS)
			*ret += tallies[WEIR_TALLY_ENTERED + i];
	}
	return r;
}

static int run(struct play *play, const struct scenario_step *step, const struct frame *frame,
	       const struct outcome *outcome)
{
	const bool xdp = is_xdp(outcome->program);
	struct lab_counters counters[2];
	struct lab_result result;
	uint64_t entered[2] = {};
	const struct lab_run spec = {
		.program = outcome->program,
		.frame = frame,
		.gso_size = xdp ? 0 : step->gso_size,
		.gso_segs = xdp ? 0 : step->gso_segs,
		.from_ifindex = step->from_ifindex,
		.linear = step->linear,
	};
	int r;

	lab_forget_events(play->lab);
	r = entries_made(play->lab, &entered[0]) ?:
	    lab_counters(play->lab, &counters[0]) ?:
	    lab_run(play->lab, &spec, &result) ?:
	    lab_counters(play->lab, &counters[1]) ?:
	    entries_made(play->lab, &entered[1]);
	if (r < 0)
		return play_fail(play, "the %s test run failed: %s", program_name(outcome->program), strerror(-r));
	/* What XDP may leave to tc, it either drops as tc would or doesn't touch. */
	if (outcome->optional && result.verdict == WEIR_VERDICT_PASS)
		outcome = &untouched;
	if (result.verdict != outcome->verdict)
		return play_fail(play, "%s gave verdict %d, not %d", program_name(outcome->program), result.verdict,
				 outcome->verdict);
	return check_counters(play, outcome, frame->length, counters)
		       ?: play_check_event(play, outcome, frame->length, entered[1] - entered[0]);
}

int play_tc(struct play *play, const struct scenario_step *step, const struct frame *frame,
	    enum weir_direction direction)
{
	const struct outcome outcome = {
		.program = direction == WEIR_EGRESS ? LAB_FROM_POD : LAB_TO_POD,
		.direction = direction,
		.verdict = step->unanswered ? WEIR_VERDICT_DROP : step->verdict,
		.unanswered = step->unanswered,
		.reason = step->reason,
		.by = step->by,
	};

	return run(play, step, frame, &outcome);
}

static bool is_echo(const struct frame_spec *packet, enum weir_family family)
{
	if (family == WEIR_IPV4)
		return packet->protocol == IPPROTO_ICMP && (packet->icmp_type == 8 || packet->icmp_type == 0);
	return packet->protocol == IPPROTO_ICMPV6 && (packet->icmp_type == 128 || packet->icmp_type == 129);
}

/* On an uplink it is not known whose packet it is until its addresses are read. */
static bool has_owner(const struct scenario_step *step)
{
	return !step->packet.eth_proto && !step->packet.destination && step->reason != WEIR_REASON_BAD_ETHERNET &&
	       step->reason != WEIR_REASON_BAD_IPV4 && step->reason != WEIR_REASON_BAD_IPV6;
}

/* What XDP must decide by itself; the rest it may leave to tc. */
static bool is_plain(const struct scenario_step *step, enum weir_family family)
{
	const struct frame_spec *packet = &step->packet;

	/* A header that is not in the linear part, or not there, is left to tc. */
	if (step->linear || step->reason == WEIR_REASON_BAD_IPV4 || step->reason == WEIR_REASON_BAD_IPV6 ||
	    step->reason == WEIR_REASON_BAD_TRANSPORT)
		return false;
	if (packet->eth_proto)
		return true;
	if (packet->options || packet->ihl || packet->n_extensions || packet->in_one_piece)
		return false;
	if (packet->fragment_offset || packet->more_fragments)
		return false;
	return !packet->protocol || packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP ||
	       packet->protocol == IPPROTO_SCTP ||
	       (is_echo(packet, family) && step->reason != WEIR_REASON_BAD_TRANSPORT);
}

/* XDP drops what tc would drop, but for limits and answers; else it leaves all as it was. */
int play_xdp(struct play *play, const struct scenario_step *step, const struct frame *frame,
	     enum weir_direction direction)
{
	const bool drops = step->verdict == WEIR_VERDICT_DROP && step->reason != WEIR_REASON_LIMIT;
	struct outcome outcome = untouched;
	struct weir_flow flows[2] = { 0 };
	uint64_t prints[2];
	int n_flows[2];

	/* What a pod sends to itself is on no uplink. */
	if (direction == WEIR_INGRESS && step->from_ifindex)
		return 0;
	if (drops)
		outcome = (struct outcome){ .direction = direction,
					    .verdict = step->verdict,
					    .reason = step->reason,
					    .by = step->by,
					    .optional = !is_plain(step, play->family) ||
							(direction == WEIR_INGRESS && !has_owner(step)) };
	outcome.program = direction == WEIR_EGRESS ? LAB_XDP : LAB_UPLINK;
	for (unsigned i = 0; i < 2; i++) {
		if (i == 1 && run(play, step, frame, &outcome))
			return -1;
		n_flows[i] = lab_flows(play->lab, &flows[i]);
		if (lab_print(play->lab, &prints[i]) < 0)
			return play_fail(play, "what is kept can't be read");
	}
	/* A connection that it sees denied it may mark so, whoever then drops or answers. */
	if (n_flows[0] != n_flows[1] || (step->verdict == WEIR_VERDICT_PASS && prints[0] != prints[1]))
		return play_fail(play, "%s left a trace", program_name(outcome.program));
	return 0;
}
