// SPDX-License-Identifier: BSD-2-Clause
#include "packet/scenario.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A scenario, played in one way. */
struct play {
	struct lab *lab;
	const struct scenario *scenario;
	enum weir_family family;
	enum weir_direction opener;
	unsigned step;
	char *why;
};

/* What one run of one program must do; reason NONE: leave no trace. */
struct outcome {
	enum lab_program program;
	enum weir_direction direction;
	enum weir_verdict verdict;
	enum weir_reason reason;
	enum world_decision by;
};

__attribute__((format(printf, 2, 3))) static int fail(struct play *play, const char *format, ...)
{
	int n = snprintf(play->why, SCENARIO_WHY_MAX, "step %u: ", play->step + 1);
	va_list args;

	va_start(args, format);
	vsnprintf(play->why + n, SCENARIO_WHY_MAX - n, format, args);
	va_end(args);
	return -1;
}

static enum world_peer peer_of(const struct play *play)
{
	const struct scenario *scenario = play->scenario;

	return play->opener == WEIR_INGRESS && scenario->peer_inbound ? scenario->peer_inbound : scenario->peer;
}

static int check_counter(struct play *play, const char *what, unsigned index, const struct weir_counter *delta,
			 const struct weir_counter *expected)
{
	if (delta->packets == expected->packets && delta->bytes == expected->bytes)
		return 0;
	return fail(play, "%s %u grew by %llu packets and %llu bytes, not by %llu and %llu", what, index,
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
		const struct weir_counter *a = &counters[0].decisions[i], *b = &counters[1].decisions[i];
		struct weir_counter delta = { b->packets - a->packets, b->bytes - a->bytes };

		if (check_counter(play, "decision counter", i, &delta, outcome->by && i == outcome->by ? &once : &none))
			return -1;
	}
	return 0;
}

static const char *program_name(enum lab_program program)
{
	return program == LAB_XDP ? "XDP" : "tc";
}

static int run(struct play *play, const struct scenario_step *step, const struct frame *frame,
	       const struct outcome *outcome)
{
	struct lab_counters counters[2];
	struct lab_result result;
	const struct lab_run spec = {
		.program = outcome->program,
		.frame = frame,
		.gso_size = outcome->program == LAB_XDP ? 0 : step->gso_size,
		.gso_segs = outcome->program == LAB_XDP ? 0 : step->gso_segs,
		.linear = step->linear,
	};
	int r = lab_counters(play->lab, &counters[0]) ?:
		lab_run(play->lab, &spec, &result) ?: lab_counters(play->lab, &counters[1]);

	if (r < 0)
		return fail(play, "the %s test run failed: %s", program_name(outcome->program), strerror(-r));
	if (result.verdict != outcome->verdict)
		return fail(play, "%s gave verdict %d, not %d", program_name(outcome->program), result.verdict,
			    outcome->verdict);
	return check_counters(play, outcome, frame->length, counters);
}

static int check_flow(struct play *play, const struct scenario_step *step)
{
	static const char *const states[] = { "none", "kept", "revoked" };
	enum weir_direction opener = step->opened_by_replier ? !play->opener : play->opener;
	struct weir_flow flow = { 0 };
	int n = lab_flows(play->lab, &flow);
	enum scenario_flow state = n <= 0 ? FLOW_NONE : flow.flags & WEIR_FLOW_REVOKED ? FLOW_REVOKED : FLOW_KEPT;

	if (n < 0 || n > 1)
		return fail(play, "%d flows", n);
	if (state != step->flow)
		return fail(play, "flow is %s, not %s", states[state], states[step->flow]);
	if (state == FLOW_NONE)
		return 0;
	if (flow.opener != opener)
		return fail(play, "flow has the wrong opener");
	if ((step->verdict == WEIR_VERDICT_PASS || state == FLOW_REVOKED) && step->by && flow.counter != step->by)
		return fail(play, "flow has counter %u, not %d", flow.counter, step->by);
	return 0;
}

/* XDP drops what tc would drop, but for limits; else it leaves all as it was. */
static int run_xdp(struct play *play, const struct scenario_step *step, const struct frame *frame)
{
	bool drops = step->verdict == WEIR_VERDICT_DROP && step->reason != WEIR_REASON_LIMIT;
	const struct outcome outcome = {
		.program = LAB_XDP,
		.direction = WEIR_EGRESS,
		.verdict = drops ? WEIR_VERDICT_DROP : WEIR_VERDICT_PASS,
		.reason = drops ? step->reason : WEIR_REASON_NONE,
		.by = drops ? step->by : BY_NONE,
	};
	struct weir_flow flows[2] = { 0 };
	struct weir_bucket buckets[2][LAB_BUCKETS];
	int n_flows[2];

	for (unsigned i = 0; i < 2; i++) {
		if (i == 1 && run(play, step, frame, &outcome))
			return -1;
		n_flows[i] = lab_flows(play->lab, &flows[i]);
		for (uint32_t j = 0; j < LAB_BUCKETS; j++)
			lab_bucket(play->lab, j, &buckets[i][j]);
	}
	if (memcmp(buckets[0], buckets[1], sizeof(buckets[0])) != 0)
		return fail(play, "XDP charged a limit");
	if (n_flows[0] != n_flows[1] || (!drops && memcmp(&flows[0], &flows[1], sizeof(flows[0])) != 0))
		return fail(play, "XDP changed a flow");
	return 0;
}

static int transmit(struct play *play, const struct scenario_step *step)
{
	bool reply = step->event == REPLIES;
	enum weir_direction direction = reply ? !play->opener : play->opener;
	const uint8_t *pod = world_pod_addr(play->family), *peer = world_peer(peer_of(play), play->family);
	const struct frame_ends ends = {
		.family = play->family,
		.source = direction == WEIR_EGRESS ? pod : peer,
		.destination = direction == WEIR_EGRESS ? peer : pod,
		.reply = reply,
	};
	const struct outcome outcome = {
		.program = direction == WEIR_EGRESS ? LAB_FROM_POD : LAB_TO_POD,
		.direction = direction,
		.verdict = step->verdict,
		.reason = step->reason,
		.by = step->by,
	};
	struct frame frame;

	frame_build(&step->packet, &ends, &frame);
	if (direction == WEIR_EGRESS && run_xdp(play, step, &frame))
		return -1;
	/* tc's test run knows no packets that are not linear. */
	if (step->linear)
		return 0;
	return run(play, step, &frame, &outcome) ?: check_flow(play, step);
}

/* The agent swaps the image and then begins the generation; packets may come in between. */
static int swap_without_generation(struct lab *lab)
{
	uint32_t generation = lab_generation(lab);
	int r = world_policy(lab, POLICY_UNLIMITED);

	lab_set_generation(lab, generation);
	return r;
}

static int do_event(struct lab *lab, enum scenario_event event)
{
	switch (event) {
	case GENERATION:
		lab_new_generation(lab);
		return 0;
	case WITHDRAWS:
		return world_policy(lab, POLICY_WITHDRAWN);
	case GRANTS:
		return world_policy(lab, POLICY_STANDARD);
	case UNLIMITS:
		return world_policy(lab, POLICY_UNLIMITED);
	case REVERSES:
		return world_policy(lab, POLICY_REVERSED);
	case IMAGE_FIRST:
		return swap_without_generation(lab);
	case NO_ENDPOINT:
		lab_new_generation(lab);
		return lab_delete_endpoint(lab);
	case ENDPOINT:
		lab_new_generation(lab);
		return world_endpoint(lab);
	case NO_IMAGE:
		return lab_unload_image(lab);
	case NO_GENERATION:
		lab_set_generation(lab, 0);
		return 0;
	case FORGETS:
		return lab_forget_flows(lab);
	default:
		return -EINVAL;
	}
}

bool scenario_applies(const struct scenario *scenario, enum weir_family family)
{
	if (scenario->families == IPV4_ONLY && family != WEIR_IPV4)
		return false;
	if (scenario->families == IPV6_ONLY && family != WEIR_IPV6)
		return false;
	return true;
}

char *scenario_title(const struct scenario *scenario, enum weir_family family, enum weir_direction opener)
{
	char *title;

	if (asprintf(&title, "%s (IPv%d, %s)", scenario->name, family == WEIR_IPV4 ? 4 : 6,
		     opener == WEIR_EGRESS ? "from the pod" : "to the pod") < 0)
		return NULL;
	return title;
}

int scenario_play(struct lab *lab, const struct scenario *scenario, enum weir_family family, enum weir_direction opener,
		  char ret_why[static SCENARIO_WHY_MAX])
{
	struct play play = {
		.lab = lab,
		.scenario = scenario,
		.family = family,
		.opener = opener,
		.why = ret_why,
	};
	int r = world_reset(lab);

	if (r < 0)
		return fail(&play, "no world: %s", strerror(-r));
	for (; play.step < SCENARIO_STEPS && scenario->steps[play.step].event; play.step++) {
		const struct scenario_step *step = &scenario->steps[play.step];

		if (step->event == SENDS || step->event == REPLIES) {
			if (transmit(&play, step))
				return -1;
			continue;
		}
		r = do_event(lab, step->event);
		if (r < 0)
			return fail(&play, "%s", strerror(-r));
	}
	return 0;
}
