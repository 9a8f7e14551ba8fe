// SPDX-License-Identifier: BSD-2-Clause
/*
 * What packets are told of: once a connection, within a budget, and not when
 * nobody wants to know. That each record says what became of its packet is
 * checked with every packet of every scenario (play_event.c).
 */
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define ETH_ARP	   0x0806
#define QUIET	   40u /* ticks, as bpf/notice.h has it */
#define EVERYTHING (WEIR_WATCH_DENIED | WEIR_WATCH_OPENED)
#define BUDGET	   4u
#define RING_BYTES 4096u /* the smallest */
#define EVENTS_MAX 64

/* One packet, and the record of it. */
struct told_case {
	const char *name;
	enum world_peer peer;
	bool in; /* to the pod */
	enum lab_program by;
	struct frame_spec packet;
	/* what is told */
	enum weir_event_kind kind;
	enum weir_reason reason;
	enum world_decision decision;
	uint16_t local_port, remote_port;
	uint8_t protocol, flags, type;
	bool nameless; /* without addresses */
};

static const struct told_case cases[] = {
	{ "TCP that no rule allows", PEER_STRANGER, false, LAB_FROM_POD,
	  .packet = { .tcp_flags = FRAME_TCP_SYN, .port = 443, .client = 40000 }, .kind = WEIR_EVENT_DENIED,
	  .reason = WEIR_REASON_POLICY_DEFAULT, .decision = BY_DEFAULT, .local_port = 40000, .remote_port = 443,
	  .protocol = IPPROTO_TCP, .flags = FRAME_TCP_SYN },
	{ "UDP that a rule denies, to the pod", PEER_ENEMY, true, LAB_TO_POD,
	  .packet = { .protocol = IPPROTO_UDP, .port = 53, .client = 40000 }, .kind = WEIR_EVENT_DENIED,
	  .reason = WEIR_REASON_POLICY_DENY, .decision = BY_DENY, .local_port = 53, .remote_port = 40000,
	  .protocol = IPPROTO_UDP },
	{ "an echo that no rule allows", PEER_STRANGER, false, LAB_FROM_POD,
	  .packet = { .protocol = IPPROTO_ICMP, .icmp_type = 8, .icmp_id = 77 }, .kind = WEIR_EVENT_DENIED,
	  .reason = WEIR_REASON_POLICY_DEFAULT, .decision = BY_DEFAULT, .local_port = 77, .remote_port = 77,
	  .protocol = IPPROTO_ICMP, .type = 8 },
	{ "what a pod's XDP drops", PEER_STRANGER, false, LAB_XDP,
	  .packet = { .protocol = IPPROTO_UDP, .port = 53, .client = 40000 }, .kind = WEIR_EVENT_DENIED,
	  .reason = WEIR_REASON_POLICY_DEFAULT, .decision = BY_DEFAULT, .local_port = 40000, .remote_port = 53,
	  .protocol = IPPROTO_UDP },
	{ "what an uplink's XDP drops", PEER_STRANGER, true, LAB_UPLINK,
	  .packet = { .protocol = IPPROTO_UDP, .port = 53, .client = 40000 }, .kind = WEIR_EVENT_DENIED,
	  .reason = WEIR_REASON_POLICY_DEFAULT, .decision = BY_DEFAULT, .local_port = 53, .remote_port = 40000,
	  .protocol = IPPROTO_UDP },
	{ "a connection that is opened", PEER_FRIEND, true, LAB_TO_POD,
	  .packet = { .tcp_flags = FRAME_TCP_SYN, .port = 80, .client = 40000 }, .kind = WEIR_EVENT_OPENED,
	  .reason = WEIR_REASON_POLICY_ALLOW, .decision = BY_ALLOW, .local_port = 80, .remote_port = 40000,
	  .protocol = IPPROTO_TCP, .flags = FRAME_TCP_SYN },
	{ "a connection that only audit lets in", PEER_AUDITED, true, LAB_TO_POD,
	  .packet = { .tcp_flags = FRAME_TCP_SYN, .port = 80, .client = 40000 }, .kind = WEIR_EVENT_AUDITED,
	  .reason = WEIR_REASON_AUDIT, .decision = BY_AUDIT, .local_port = 80, .remote_port = 40000,
	  .protocol = IPPROTO_TCP, .flags = FRAME_TCP_SYN },
	{ "a header that is cut short", PEER_FRIEND, false, LAB_FROM_POD,
	  .packet = { .protocol = IPPROTO_UDP, .udp_length = 4, .port = 53, .client = 40000 },
	  .kind = WEIR_EVENT_DENIED, .reason = WEIR_REASON_BAD_TRANSPORT, .protocol = IPPROTO_UDP },
	{ "an impossible IP header", PEER_FRIEND, false, LAB_FROM_POD, .packet = { .ihl = 3 },
	  .kind = WEIR_EVENT_DENIED, .reason = WEIR_REASON_BAD_IPV4, .nameless = true },
	{ "neither IP nor ARP", PEER_FRIEND, false, LAB_FROM_POD, .packet = { .eth_proto = 0x88cc, .payload = 60 },
	  .kind = WEIR_EVENT_DENIED, .reason = WEIR_REASON_NOT_IP, .nameless = true },
};

/* The case's packet, on its way. family: of addresses. */
static enum weir_verdict transmit(struct lab *lab, const struct told_case *of, enum weir_family family)
{
	const uint8_t *pod = world_pod_addr(family), *peer = world_peer(of->peer, family);
	const struct frame_ends ends = { family, of->in ? peer : pod, of->in ? pod : peer, false };
	struct frame_spec packet = of->packet;
	struct lab_result result;
	struct frame frame;

	if (family == WEIR_IPV6 && packet.protocol == IPPROTO_ICMP)
		packet = (struct frame_spec){ .protocol = IPPROTO_ICMPV6, .icmp_type = 128, .icmp_id = packet.icmp_id };
	frame_build(&packet, &ends, &frame);
	assert_int_equal(lab_run(lab, &(struct lab_run){ .program = of->by, .frame = &frame }, &result), 0);
	return result.verdict;
}

static void assert_address(const uint8_t *address, enum weir_family family, const uint8_t *is)
{
	const size_t size = family == WEIR_IPV4 ? 4 : 16;
	uint8_t expected[16] = { 0 };

	if (is)
		memcpy(expected + sizeof(expected) - size, is, size);
	assert_memory_equal(address, expected, sizeof(expected));
}

static void assert_told(const struct told_case *of, enum weir_family family, const struct weir_event *event)
{
	const uint8_t *peer = world_peer(of->peer, family);

	assert_int_equal(event->kind, of->kind);
	assert_int_equal(event->reason, of->reason);
	assert_int_equal(event->counter, of->decision ?: WEIR_COUNTER_NONE);
	assert_int_equal(event->direction, of->in ? WEIR_INGRESS : WEIR_EGRESS);
	assert_int_equal(event->verdict, of->kind == WEIR_EVENT_DENIED ? WEIR_VERDICT_DROP : WEIR_VERDICT_PASS);
	assert_int_equal(event->xdp, of->by == LAB_XDP || of->by == LAB_UPLINK);
	assert_int_equal(event->ifindex, LAB_IFINDEX);
	assert_int_equal(event->identity, 16);
	assert_int_equal(!event->revision, !of->decision);
	assert_int_equal(ntohs(event->local_port), of->local_port);
	assert_int_equal(ntohs(event->remote_port), of->remote_port);
	assert_int_equal(event->flags, of->flags);
	assert_true(event->time > 0 && event->length > 0);
	assert_address(event->local, family, of->nameless ? NULL : world_pod_addr(family));
	assert_address(event->remote, family, of->nameless ? NULL : peer);
	if (!of->nameless)
		assert_int_equal(event->peer, 17 + of->peer);
	if (of->protocol != IPPROTO_ICMP) {
		assert_int_equal(event->protocol, of->protocol);
		assert_int_equal(event->type, of->type);
	}
}

static void test_a_record_says_what_came_when(void **state)
{
	struct weir_event event;

	for (unsigned i = 0; i < ARRAY_SIZE(cases) * WEIR_FAMILIES; i++) {
		const struct told_case *of = &cases[i / WEIR_FAMILIES];
		const enum weir_family family = i % WEIR_FAMILIES;

		if (family == WEIR_IPV6 && of->nameless)
			continue;
		assert_int_equal(world_reset(*state), 0);
		transmit(*state, of, family);
		if (lab_events(*state, &event, 1) != 1)
			fail_msg("%s: not told of once", of->name);
		assert_told(of, family, &event);
	}
}

static void test_arp_is_told_with_what_it_says(void **state)
{
	const struct told_case lie = {
		.by = LAB_FROM_POD,
		.packet = { .eth_proto = ETH_ARP,
			    .arp_operation = 2,
			    .arp_sender = "10.9.9.9",
			    .arp_target = "10.0.1.7" },
	};
	const uint8_t says[] = { 10, 9, 9, 9 }, to[] = { 10, 0, 1, 7 };
	struct weir_event event;

	assert_int_equal(world_reset(*state), 0);
	assert_int_equal(transmit(*state, &lie, WEIR_IPV4), WEIR_VERDICT_DROP);
	assert_int_equal(lab_events(*state, &event, 1), 1);
	assert_int_equal(event.reason, WEIR_REASON_SPOOFED_NEIGHBOUR);
	assert_int_equal(ntohs(event.eth_proto), ETH_ARP);
	assert_address(event.local, WEIR_IPV4, says);
	assert_address(event.remote, WEIR_IPV4, to);
}

static void test_a_limit_is_told_by_its_bucket(void **state)
{
	const struct told_case udp = {
		.peer = PEER_LIMITED,
		.by = LAB_FROM_POD,
		.packet = { .protocol = IPPROTO_UDP, .client = 40000 },
	};
	struct weir_event events[3];

	assert_int_equal(world_reset(*state), 0);
	for (unsigned i = 0; i < 3 * WORLD_BURST; i++)
		transmit(*state, &udp, WEIR_IPV4);
	assert_int_equal(lab_events(*state, events, 3), 2);
	assert_int_equal(events[0].kind, WEIR_EVENT_OPENED);
	assert_int_equal(events[1].kind, WEIR_EVENT_DENIED);
	assert_int_equal(events[1].reason, WEIR_REASON_LIMIT);
	assert_int_equal(events[1].bucket, BUCKET_LIMITED + 1);
	assert_int_equal(events[1].peer, 17 + PEER_LIMITED);
}

static void test_what_is_over_an_audited_limit_is_told_once(void **state)
{
	const struct told_case udp = {
		.peer = PEER_WATCHED,
		.by = LAB_FROM_POD,
		.packet = { .protocol = IPPROTO_UDP, .client = 40000 },
	};
	struct weir_event events[3];

	assert_int_equal(world_reset(*state), 0);
	for (unsigned i = 0; i < 3 * WORLD_BURST; i++)
		assert_int_equal(transmit(*state, &udp, WEIR_IPV4), WEIR_VERDICT_PASS);
	assert_int_equal(lab_events(*state, events, 3), 2);
	assert_int_equal(events[1].kind, WEIR_EVENT_AUDITED);
	assert_int_equal(events[1].bucket, BUCKET_WATCHED + 1);
}

static const struct told_case denied = {
	.peer = PEER_STRANGER,
	.by = LAB_FROM_POD,
	.packet = { .protocol = IPPROTO_UDP, .port = 53, .client = 40000 },
};

static void send_from(struct lab *lab, const struct told_case *of, unsigned first, unsigned n)
{
	struct told_case each = *of;

	for (unsigned i = 0; i < n; i++) {
		each.packet.client = first + i;
		transmit(lab, &each, WEIR_IPV4);
	}
}

static void test_a_connection_is_told_of_once_in_ten_seconds(void **state)
{
	struct weir_event events[EVENTS_MAX];

	assert_int_equal(world_reset(*state), 0);
	for (unsigned i = 0; i < 10; i++)
		send_from(*state, &denied, 40000, 3);
	assert_int_equal(lab_events(*state, events, EVENTS_MAX), 3);
	lab_age_events(*state, QUIET - 1);
	send_from(*state, &denied, 40000, 3);
	assert_int_equal(lab_events(*state, events, EVENTS_MAX), 0);
	lab_age_events(*state, 1);
	send_from(*state, &denied, 40000, 3);
	assert_int_equal(lab_events(*state, events, EVENTS_MAX), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(events[i].repeats, 10);
}

static void test_another_reason_is_told(void **state)
{
	struct told_case other_mac = denied;
	struct weir_event events[EVENTS_MAX];

	other_mac.packet.other_mac = true;
	assert_int_equal(world_reset(*state), 0);
	transmit(*state, &denied, WEIR_IPV4);
	transmit(*state, &other_mac, WEIR_IPV4);
	assert_int_equal(world_policy(*state, POLICY_WITHDRAWN), 0);
	transmit(*state, &denied, WEIR_IPV4);
	assert_int_equal(lab_events(*state, events, EVENTS_MAX), 3);
	assert_int_equal(events[0].counter, BY_DEFAULT);
	assert_int_equal(events[1].reason, WEIR_REASON_SPOOFED_MAC);
	assert_int_equal(events[2].counter, BY_WITHDRAWAL);
}

/* An established flow, before and after its permission is withdrawn. */
static void test_only_what_changes_of_a_connection_is_told(void **state)
{
	struct told_case there = { .peer = PEER_FRIEND,
				   .in = true,
				   .by = LAB_TO_POD,
				   .packet = { .protocol = IPPROTO_UDP, .port = 53, .client = 40000 } };
	struct weir_event events[EVENTS_MAX];

	assert_int_equal(world_reset(*state), 0);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(transmit(*state, &there, WEIR_IPV4), WEIR_VERDICT_PASS);
	assert_int_equal(lab_events(*state, events, EVENTS_MAX), 1);
	lab_forget_events(*state);
	lab_new_generation(*state);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(transmit(*state, &there, WEIR_IPV4), WEIR_VERDICT_PASS);
	assert_int_equal(lab_events(*state, events, EVENTS_MAX), 0);

	assert_int_equal(world_policy(*state, POLICY_WITHDRAWN), 0);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(transmit(*state, &there, WEIR_IPV4), WEIR_VERDICT_DROP);
	assert_int_equal(lab_events(*state, events, EVENTS_MAX), 1);
	assert_int_equal(events[0].kind, WEIR_EVENT_WITHDRAWN);
	assert_int_equal(events[0].counter, BY_WITHDRAWAL);

	assert_int_equal(world_policy(*state, POLICY_STANDARD), 0);
	assert_int_equal(transmit(*state, &there, WEIR_IPV4), WEIR_VERDICT_PASS);
	assert_int_equal(lab_events(*state, events, EVENTS_MAX), 1);
	assert_int_equal(events[0].kind, WEIR_EVENT_OPENED);
}

static void test_nothing_is_told_to_nobody(void **state)
{
	struct told_case friend = denied;
	struct weir_event event;

	friend.peer = PEER_FRIEND;
	assert_int_equal(world_reset(*state), 0);
	lab_watch(*state, 0, LAB_EVENT_BUDGET);
	transmit(*state, &friend, WEIR_IPV4);
	transmit(*state, &denied, WEIR_IPV4);
	assert_int_equal(lab_events(*state, &event, 1), 0);
	lab_watch(*state, WEIR_WATCH_OPENED, LAB_EVENT_BUDGET);
	send_from(*state, &friend, 41000, 1);
	transmit(*state, &denied, WEIR_IPV4);
	assert_int_equal(lab_events(*state, &event, 1), 1);
	assert_int_equal(event.kind, WEIR_EVENT_OPENED);
	lab_watch(*state, WEIR_WATCH_DENIED, LAB_EVENT_BUDGET);
	send_from(*state, &friend, 42000, 1);
	transmit(*state, &denied, WEIR_IPV4);
	assert_int_equal(lab_events(*state, &event, 1), 1);
	assert_int_equal(event.kind, WEIR_EVENT_DENIED);
	lab_watch(*state, EVERYTHING, LAB_EVENT_BUDGET);
}

/* --- floods, while time stands still --- */

static struct lab *still_lab(uint32_t budget)
{
	const struct lab_config config = {
		.flows = 1024, .addresses = 256, .image_words = TINY_WORDS, .event_bytes = RING_BYTES, .still = true
	};
	struct lab *lab = NULL;
	const char *why;

	assert_int_equal(lab_open(&config, &lab, &why), 0);
	assert_int_equal(world_reset(lab), 0);
	lab_watch(lab, EVERYTHING, budget);
	return lab;
}

static void test_a_decision_has_a_budget(void **state)
{
	_cleanup_(lab_closep) struct lab *lab = still_lab(BUDGET);
	struct told_case enemy = denied, friend = denied, spoofed = denied;
	struct weir_event events[EVENTS_MAX];
	uint64_t tallies[WEIR_TALLIES];

	enemy.peer = PEER_ENEMY;
	friend.peer = PEER_FRIEND;
	spoofed.packet.other_mac = true;
	send_from(lab, &denied, 20000, 100);
	send_from(lab, &enemy, 20000, 100);
	send_from(lab, &friend, 20000, 100);
	send_from(lab, &spoofed, 20000, 100);
	/* The first of them are repeats, which cost no budget. */
	send_from(lab, &denied, 20000, BUDGET);
	assert_int_equal(lab_events(lab, events, EVENTS_MAX), 4 * BUDGET);
	for (unsigned i = 0; i < 4 * BUDGET; i++)
		assert_int_equal(events[i].counter,
				 ((uint32_t[]){ BY_DEFAULT, BY_DENY, BY_ALLOW, WEIR_COUNTER_NONE })[i / BUDGET]);
	assert_int_equal(lab_tallies(lab, tallies), 0);
	assert_int_equal(tallies[WEIR_TALLY_TOLD], 4 * BUDGET);
	assert_int_equal(tallies[WEIR_TALLY_HELD_BACK], 4 * (100 - BUDGET));
	assert_int_equal(tallies[WEIR_TALLY_LOST], 0);
}

static void test_what_finds_no_room_is_counted(void **state)
{
	_cleanup_(lab_closep) struct lab *lab = still_lab(1000);
	const unsigned room = RING_BYTES / (sizeof(struct weir_event) + 8);
	struct weir_event events[EVENTS_MAX];
	uint64_t tallies[WEIR_TALLIES];
	int n;

	send_from(lab, &denied, 20000, 100);
	n = lab_events(lab, events, EVENTS_MAX);
	assert_in_range(n, room - 1, room);
	assert_int_equal(lab_tallies(lab, tallies), 0);
	assert_int_equal(tallies[WEIR_TALLY_TOLD], n);
	assert_int_equal(tallies[WEIR_TALLY_LOST], 100 - n);
	/* What was lost is told when it comes again. */
	send_from(lab, &denied, 20000 + n, 10);
	assert_int_equal(lab_events(lab, events, EVENTS_MAX), 10);
}

static const struct CMUnitTest tests[] = {
	{ "a record says who, what, by which decision and why", test_a_record_says_what_came_when, NULL, NULL, NULL },
	{ "ARP is told of with the addresses that it speaks of", test_arp_is_told_with_what_it_says, NULL, NULL, NULL },
	{ "what is over a limit is told of by the limit's bucket", test_a_limit_is_told_by_its_bucket, NULL, NULL,
	  NULL },
	{ "what is over an audited limit is told of once", test_what_is_over_an_audited_limit_is_told_once, NULL, NULL,
	  NULL },
	{ "a denied connection is told of once in ten seconds, then with how often it came",
	  test_a_connection_is_told_of_once_in_ten_seconds, NULL, NULL, NULL },
	{ "a connection that is denied for another reason, or by another decision, is told of at once",
	  test_another_reason_is_told, NULL, NULL, NULL },
	{ "of an admitted connection only its beginning and its withdrawal are told",
	  test_only_what_changes_of_a_connection_is_told, NULL, NULL, NULL },
	{ "what nobody wants to know is not told", test_nothing_is_told_to_nobody, NULL, NULL, NULL },
	{ "each decision, and each reason without one, has a budget of its own", test_a_decision_has_a_budget, NULL,
	  NULL, NULL },
	{ "what finds no room in the ring buffer is counted, and told of when it comes again",
	  test_what_finds_no_room_is_counted, NULL, NULL, NULL },
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = "packet events",
		.tests = tests,
		.n_tests = ARRAY_SIZE(tests),
	});
}
