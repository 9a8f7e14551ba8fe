// SPDX-License-Identifier: BSD-2-Clause
/* What is counted beside verdicts: packets and bytes of a flow either way, and entries that come and go. */
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define PACKETS 20000u
#define CLIENTS 10u

static const enum world_peer peers[] = { PEER_FRIEND, PEER_CALLEE, PEER_CALLER, PEER_AUDITED, PEER_FAST };

/* What XDP drops on its way, tc would have dropped. */
static enum weir_verdict transmit(struct lab *lab, const struct frame_spec *spec, const struct frame_ends *ends,
				  bool out)
{
	static struct frame frame;
	const struct lab_run xdp = { .program = out ? LAB_XDP : LAB_UPLINK, .frame = &frame };
	const struct lab_run tc = { .program = out ? LAB_FROM_POD : LAB_TO_POD, .frame = &frame };
	struct lab_result early, result;

	frame_build(spec, ends, &frame);
	assert_int_equal(lab_run(lab, &xdp, &early), 0);
	assert_int_equal(lab_run(lab, &tc, &result), 0);
	if (early.verdict == WEIR_VERDICT_DROP)
		assert_int_equal(result.verdict, WEIR_VERDICT_DROP);
	return result.verdict;
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

static void assert_flow_counts(const struct weir_flow *flow, const struct weir_counter *expected)
{
	for (enum weir_direction d = 0; d < WEIR_DIRECTIONS; d++) {
		assert_int_equal(weir_flow_count(flow, d).packets, expected[d].packets);
		assert_int_equal(weir_flow_count(flow, d).bytes, expected[d].bytes);
	}
}

/* Both ends send packets of many lengths; the entry must have seen what was sent, and no more. */
static void count_flow(struct lab *lab, enum weir_family family, enum weir_direction opener, uint8_t protocol)
{
	struct weir_counter expected[WEIR_DIRECTIONS] = { 0 };
	struct weir_flow flow;

	assert_int_equal(world_reset(lab), 0);
	for (unsigned i = 0; i < 60; i++) {
		const bool reply = i % 3 == 1, out = reply ? opener != WEIR_EGRESS : opener == WEIR_EGRESS;
		const uint8_t *pod = world_pod_addr(family), *peer = world_peer(PEER_FRIEND, family);
		const struct frame_ends ends = { family, out ? pod : peer, out ? peer : pod, reply };
		const uint16_t handshake = i == 0 ? FRAME_TCP_SYN : i == 1 ? FRAME_TCP_SYN | FRAME_TCP_ACK : 0;
		const struct frame_spec spec = { .protocol = protocol, .tcp_flags = handshake, .payload = i * 7 };
		struct frame frame;

		frame_build(&spec, &ends, &frame);
		assert_int_equal(transmit(lab, &spec, &ends, out), WEIR_VERDICT_PASS);
		expected[out ? WEIR_EGRESS : WEIR_INGRESS].packets++;
		expected[out ? WEIR_EGRESS : WEIR_INGRESS].bytes += frame.length;
		if (i == 30)
			lab_new_generation(lab);
	}
	assert_int_equal(lab_flows(lab, &flow), 1);
	assert_flow_counts(&flow, expected);
}

static void test_flows_count_both_ways(void **state)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_GRE };

	for (unsigned i = 0; i < ARRAY_SIZE(protocols) * 4; i++)
		count_flow(*state, i % 2, i / 2 % 2, protocols[i / 4]);
}

static void test_flows_count_beyond_32_bits(void **state)
{
	const struct frame_ends ends = { WEIR_IPV4, world_pod_addr(WEIR_IPV4), world_peer(PEER_FRIEND, WEIR_IPV4),
					 false };
	const struct frame_spec spec = { .protocol = IPPROTO_UDP };
	const struct weir_flow_low full = { UINT32_MAX, UINT32_MAX - 10 };
	struct weir_counter expected[WEIR_DIRECTIONS] = { { full.packets, full.bytes }, { full.packets, full.bytes } };
	struct weir_flow flow;
	struct frame frame;

	frame_build(&spec, &ends, &frame);
	assert_int_equal(world_reset(*state), 0);
	assert_int_equal(transmit(*state, &spec, &ends, true), WEIR_VERDICT_PASS);
	assert_int_equal(lab_wind_flows(*state, full), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(transmit(*state, &spec, &ends, true), WEIR_VERDICT_PASS);
		expected[WEIR_EGRESS].packets++;
		expected[WEIR_EGRESS].bytes += frame.length;
	}
	assert_int_equal(lab_flows(*state, &flow), 1);
	assert_flow_counts(&flow, expected);
}

static void test_denied_packets_are_no_part_of_a_flow(void **state)
{
	const struct frame_ends ends = { WEIR_IPV4, world_pod_addr(WEIR_IPV4), world_peer(PEER_LIMITED, WEIR_IPV4),
					 false };
	const struct frame_spec spec = { .protocol = IPPROTO_UDP };
	struct frame_spec other_mac = spec;
	struct weir_flow flow;

	other_mac.other_mac = true;
	assert_int_equal(world_reset(*state), 0);
	for (unsigned i = 0; i < 2 * WORLD_BURST; i++) {
		transmit(*state, &spec, &ends, true);
		assert_int_equal(transmit(*state, &other_mac, &ends, true), WEIR_VERDICT_DROP);
	}
	assert_int_equal(lab_flows(*state, &flow), 1);
	assert_int_equal(weir_flow_count(&flow, WEIR_EGRESS).packets, WORLD_BURST);
	assert_int_equal(weir_flow_count(&flow, WEIR_INGRESS).packets, 0);
}

/* Any packet that could come, also such as belong to nothing. */
static void transmit_any(struct lab *lab, uint64_t *random)
{
	static const uint16_t flags[] = { FRAME_TCP_SYN,
					  FRAME_TCP_SYN,
					  FRAME_TCP_SYN | FRAME_TCP_ACK,
					  FRAME_TCP_ACK,
					  FRAME_TCP_ACK,
					  FRAME_TCP_FIN | FRAME_TCP_ACK,
					  FRAME_TCP_RST,
					  FRAME_TCP_RST | FRAME_TCP_ACK };
	static const uint8_t chunks[] = { FRAME_SCTP_INIT,	  FRAME_SCTP_INIT_ACK, FRAME_SCTP_DATA,
					  FRAME_SCTP_COOKIE_ECHO, FRAME_SCTP_ABORT,    FRAME_SCTP_SHUTDOWN };
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_SCTP, IPPROTO_UDP };
	const bool out = next_random(random) % 2, reply = next_random(random) % 2, again = next_random(random) % 4 == 0;
	const enum weir_family family = next_random(random) % WEIR_FAMILIES;
	const enum world_peer peer = peers[next_random(random) % ARRAY_SIZE(peers)];
	const uint8_t *pod = world_pod_addr(family), *other = world_peer(peer, family);
	const struct frame_ends ends = { family, out ? pod : other, out ? other : pod, reply };
	struct frame_spec spec = {
		.protocol = protocols[next_random(random) % ARRAY_SIZE(protocols)],
		.client = 40000 + next_random(random) % CLIENTS,
		.tcp_flags = flags[next_random(random) % ARRAY_SIZE(flags)],
		.sctp_chunk = chunks[next_random(random) % ARRAY_SIZE(chunks)],
		.isn = again ? 7000 : 0,
	};

	if (spec.protocol == IPPROTO_UDP && next_random(random) % 2) {
		const struct frame_spec quoted = spec;

		spec = (struct frame_spec){ .protocol = family == WEIR_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
					    .icmp_type = family == WEIR_IPV4 ? 3 : 1,
					    .quotes = &quoted };
		transmit(lab, &spec, &ends, out);
		return;
	}
	transmit(lab, &spec, &ends, out);
}

static void disturb(struct lab *lab, uint64_t *random)
{
	static const enum weir_flow_state states[] = { WEIR_FLOW_SYN_RECEIVED, WEIR_FLOW_ESTABLISHED, WEIR_FLOW_OTHER };

	switch (next_random(random) % 400) {
	case 0:
		lab_new_generation(lab);
		break;
	case 1:
		world_policy(lab, next_random(random) % 2 ? POLICY_WITHDRAWN : POLICY_REVERSED);
		break;
	case 2:
	case 3:
		world_policy(lab, POLICY_STANDARD);
		break;
	case 4:
		assert_int_equal(lab_age(lab, LAB_TIMEOUT(states[next_random(random) % ARRAY_SIZE(states)]) + 1), 0);
		break;
	}
}

static void assert_tallies(struct lab *lab, const uint64_t before[static WEIR_TALLIES], unsigned packets)
{
	uint64_t after[WEIR_TALLIES];

	assert_int_equal(lab_tallies(lab, after), 0);
	for (unsigned i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		const int64_t entered = (int64_t)(after[WEIR_TALLY_ENTERED + i] - before[WEIR_TALLY_ENTERED + i]);
		const int64_t left = (int64_t)(after[WEIR_TALLY_LEFT + i] - before[WEIR_TALLY_LEFT + i]);
		const int n = lab_flows_of(lab, i / WEIR_FAMILIES, i % WEIR_FAMILIES);

		if (entered - left != n)
			fail_msg("after %u packets table %u of family %u holds %d, but %lld came and %lld went",
				 packets, i / WEIR_FAMILIES, i % WEIR_FAMILIES, n, (long long)entered, (long long)left);
	}
}

static void test_tallies_follow_the_tables(void **state)
{
	uint64_t before[WEIR_TALLIES], after[WEIR_TALLIES], random = 1;

	assert_int_equal(world_reset(*state), 0);
	assert_int_equal(lab_tallies(*state, before), 0);
	for (unsigned i = 0; i < PACKETS; i++) {
		transmit_any(*state, &random);
		disturb(*state, &random);
		if (i % 100 == 0)
			assert_tallies(*state, before, i + 1);
	}
	assert_tallies(*state, before, PACKETS);
	/* Otherwise little was tried. */
	assert_int_equal(lab_tallies(*state, after), 0);
	for (unsigned i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++)
		assert_true(after[WEIR_TALLY_ENTERED + i] - before[WEIR_TALLY_ENTERED + i] >= 20);
	assert_int_equal(after[WEIR_TALLY_NOT_ENTERED], before[WEIR_TALLY_NOT_ENTERED]);
}

static void sweep_all(struct lab *lab, uint32_t expected_present)
{
	uint32_t present = 0;

	for (unsigned i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		struct weir_sweep sweep = { .table = i / WEIR_FAMILIES, .family = i % WEIR_FAMILIES };

		assert_int_equal(lab_sweep(lab, &sweep), 0);
		assert_int_equal(sweep.present, lab_flows_of(lab, sweep.table, sweep.family));
		present += sweep.present;
	}
	assert_int_equal(present, expected_present);
}

static void test_the_sweep_takes_out_what_has_expired(void **state)
{
	uint64_t before[WEIR_TALLIES], random = 7;
	struct weir_flow flow;

	assert_int_equal(world_reset(*state), 0);
	assert_int_equal(lab_tallies(*state, before), 0);
	for (unsigned i = 0; i < 400; i++)
		transmit_any(*state, &random);
	sweep_all(*state, lab_flows(*state, &flow));
	assert_int_equal(lab_age(*state, LAB_TIMEOUT(WEIR_FLOW_STATES)), 0);
	for (unsigned i = 0; i < 40; i++)
		transmit_any(*state, &random);
	assert_true(lab_flows(*state, &flow) > 40);
	for (unsigned i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		struct weir_sweep sweep = { .table = i / WEIR_FAMILIES, .family = i % WEIR_FAMILIES };

		assert_int_equal(lab_sweep(*state, &sweep), 0);
	}
	assert_in_range(lab_flows(*state, &flow), 1, 40);
	assert_tallies(*state, before, 440);
}

static const struct CMUnitTest tests[] = {
	{ "a flow counts the packets and bytes of both directions", test_flows_count_both_ways, NULL, NULL, NULL },
	{ "a flow counts on where 32 bits end", test_flows_count_beyond_32_bits, NULL, NULL, NULL },
	{ "what is dropped is no part of a flow's counts", test_denied_packets_are_no_part_of_a_flow, NULL, NULL,
	  NULL },
	{ "entries that came less those that went are those that are there, whatever is sent",
	  test_tallies_follow_the_tables, NULL, NULL, NULL },
	{ "the sweep takes out what has expired, and counts the rest", test_the_sweep_takes_out_what_has_expired, NULL,
	  NULL, NULL },
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = "packet counts",
		.tests = tests,
		.n_tests = ARRAY_SIZE(tests),
	});
}
