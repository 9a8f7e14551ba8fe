// SPDX-License-Identifier: BSD-2-Clause
/* Where packets are counted: by decision, and by who opens a connection to whom. */
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define POD	 16u /* identities, as the world has them */
#define OF(peer) ((peer) == PEER_NODE ? WEIR_IDENTITY_NODE : POD + 1 + (peer))
#define PACKETS	 8u

/* Datagrams from one end to the other. */
static void transmit(struct lab *lab, enum world_peer peer, bool out, unsigned n)
{
	const uint8_t *pod = world_pod_addr(WEIR_IPV4), *other = world_peer(peer, WEIR_IPV4);
	const struct frame_ends ends = { WEIR_IPV4, out ? pod : other, out ? other : pod, false };
	const struct frame_spec spec = { .protocol = IPPROTO_UDP, .payload = 10 };
	struct frame frame;
	const struct lab_run run = { .program = out ? LAB_FROM_POD : LAB_TO_POD, .frame = &frame };
	struct lab_result result;

	frame_build(&spec, &ends, &frame);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(lab_run(lab, &run, &result), 0);
}

static struct weir_account counted(struct lab *lab, uint64_t tag)
{
	struct weir_account account;

	assert_int_equal(lab_pair(lab, tag, &account), 0);
	return account;
}

static const struct {
	const char *name;
	enum world_peer peer;
	bool out;
	enum world_decision by;
	unsigned packets, connections, limited;
} rows[] = {
	{ "what the pod opens goes from the pod", PEER_FRIEND, true, BY_ALLOW, PACKETS, 1, 0 },
	{ "what a peer opens comes from the peer", PEER_FRIEND, false, BY_ALLOW, PACKETS, 1, 0 },
	{ "what is denied on the way in opens nothing", PEER_ENEMY, false, BY_DENY, PACKETS, 0, 0 },
	{ "nor on the way out", PEER_STRANGER, true, BY_DEFAULT, PACKETS, 0, 0 },
	{ "what is rejected counts alike", PEER_REJECTED, true, BY_REJECT, PACKETS, 0, 0 },
	{ "what is only audited has opened something", PEER_AUDITED, true, BY_AUDIT, PACKETS, 1, 0 },
	{ "over a limit it counts elsewhere", PEER_LIMITED, true, BY_LIMIT, WORLD_BURST, 1, PACKETS - WORLD_BURST },
	{ "the node is a peer too", PEER_NODE, false, BY_NODE, PACKETS, 1, 0 },
};

static void test_packets_count_for_their_pair(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const uint32_t peer = OF(rows[i].peer), from = rows[i].out ? POD : peer, to = rows[i].out ? peer : POD;
		const uint64_t tag = weir_pair_tag(rows[i].by, from, to);
		const uint64_t limited = weir_pair_tag(WEIR_PAIR_LIMITED, from, to);
		struct weir_account before, before_limited, after;

		print_message("# %s\n", rows[i].name);
		assert_int_equal(world_reset(*state), 0);
		before = counted(*state, tag);
		before_limited = counted(*state, limited);
		transmit(*state, rows[i].peer, rows[i].out, PACKETS);
		after = counted(*state, tag);
		assert_int_equal(after.packets - before.packets, rows[i].packets);
		assert_int_equal(after.connections - before.connections, rows[i].connections);
		assert_true(after.bytes - before.bytes >= rows[i].packets * 52);
		assert_int_equal(counted(*state, limited).packets - before_limited.packets, rows[i].limited);
	}
}

/* The peer is another pod of this node: what it lets in counts for the pair there. */
static void test_what_another_pod_will_see_is_set_apart(void **state)
{
	const struct weir_address here = { .identity = OF(PEER_FRIEND), .ifindex = 77 };
	const uint64_t out = weir_pair_tag(BY_ALLOW, POD, OF(PEER_FRIEND)),
		       in = weir_pair_tag(BY_ALLOW, OF(PEER_FRIEND), POD);
	uint64_t plain, onward;

	assert_int_equal(world_reset(*state), 0);
	assert_int_equal(lab_set_address(*state, WEIR_IPV4, world_peer(PEER_FRIEND, WEIR_IPV4), &here), 0);
	plain = counted(*state, out).packets;
	onward = counted(*state, out | WEIR_PAIR_ONWARD).packets;
	transmit(*state, PEER_FRIEND, true, PACKETS);
	assert_int_equal(counted(*state, out).packets, plain);
	assert_int_equal(counted(*state, out | WEIR_PAIR_ONWARD).packets - onward, PACKETS);

	assert_int_equal(lab_forget_flows(*state), 0);
	plain = counted(*state, in).packets;
	transmit(*state, PEER_FRIEND, false, PACKETS);
	assert_int_equal(counted(*state, in).packets - plain, PACKETS);
}

static void test_without_room_packets_count_for_their_decision(void **state)
{
	struct lab_counters before, after;

	assert_int_equal(world_reset(*state), 0);
	assert_int_equal(lab_occupy_pairs(*state, true), 0);
	assert_int_equal(lab_counters(*state, &before), 0);
	transmit(*state, PEER_CALLEE, true, PACKETS);
	transmit(*state, PEER_METERED, true, PACKETS);
	assert_int_equal(lab_counters(*state, &after), 0);
	assert_int_equal(lab_occupy_pairs(*state, false), 0);
	assert_int_equal(after.decisions[BY_ALLOW].packets - before.decisions[BY_ALLOW].packets, PACKETS);
	assert_int_equal(after.decisions[BY_METER].packets - before.decisions[BY_METER].packets, WORLD_BURST);
	assert_int_equal(after.limited.packets - before.limited.packets, PACKETS - WORLD_BURST);
	assert_int_equal(counted(*state, weir_pair_tag(BY_ALLOW, POD, OF(PEER_CALLEE))).packets, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets_count_for_their_pair),
		cmocka_unit_test(test_what_another_pod_will_see_is_set_apart),
		cmocka_unit_test(test_without_room_packets_count_for_their_decision),
	};

	return suite_run(&(struct suite){ .group = "pairs", .tests = tests, .n_tests = ARRAY_SIZE(tests) });
}
