// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a limit does before it drops: congestion marks, by the bytes that come
 * out, and departure times.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <netinet/in.h>
#include <time.h>

#include "base/vec.h"
#include "packet/suite.h"

#define POD_IDENTITY 16
#define BUCKET	     3
#define BURST	     8u /* packets */
#define HALF	     5u /* that pass before one finds more than half of them gone */

#define NOT_ECT 0u
#define ECT_1	1u
#define ECT_0	2u
#define CE	3u

#define SECOND_NS 1000000000ull

static void set_limits(struct lab *lab, const struct weir_image_limit *limits, unsigned n)
{
	static const struct weir_image_decision denied = { WEIR_VERDICT_DROP, WEIR_REASON_POLICY_DEFAULT, 0, 0,
							   BY_DEFAULT };
	const struct weir_image_decision allowed = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, (uint8_t)n, 0,
						     BY_ALLOW };
	static const struct tiny_rule everybody = { 1, 0, TINY_BOTH_WAYS, TINY_ALL_PORTS };
	static uint32_t revision = 1u << 20;
	static struct tiny_image image;

	assert_int_equal(world_reset(lab), 0);
	tiny_image_start(&image, ++revision, &denied);
	tiny_image_identity(&image, POD_IDENTITY, 1, 0);
	tiny_image_rule(&image, &everybody, tiny_image_decision(&image, &allowed, limits));
	assert_int_equal(lab_swap(lab, &image), 0);
}

/* ns: that a unit takes to come back. */
static struct weir_image_limit limit_of(enum weir_limit_unit unit, uint64_t ns, uint64_t burst, uint16_t flags)
{
	const uint64_t ticks = ns * WEIR_TICKS_PER_NS, tolerance = ticks * burst;

	return (struct weir_image_limit){ .bucket = BUCKET,
					  .unit = (uint8_t)unit,
					  .flags = flags,
					  .mult = { (uint32_t)ticks, ticks >> 32 },
					  .burst = { (uint32_t)tolerance, tolerance >> 32 } };
}

static void set_limit(struct lab *lab, const struct weir_image_limit *limit)
{
	set_limits(lab, limit, 1);
}

static struct weir_charged charged(struct lab *lab)
{
	struct weir_charged charged;

	assert_int_equal(lab_charged(lab, BUCKET, &charged), 0);
	return charged;
}

/* --- marks --- */

struct mark_case {
	const char *name;
	struct frame_spec spec;
	uint8_t after; /* what ECN says, once more than half is used */
	uint32_t gso_size, gso_segs;
};

static const struct mark_case mark_cases[] = {
	{ "ECT(0) becomes CE", { .traffic_class = ECT_0 }, CE, 0, 0 },
	{ "ECT(1) becomes CE", { .traffic_class = ECT_1 }, CE, 0, 0 },
	{ "the other bits of the traffic class stay", { .traffic_class = 0xb8 | ECT_0 }, CE, 0, 0 },
	{ "all bits set but one", { .traffic_class = 0xfc | ECT_1 }, CE, 0, 0 },
	{ "CE stays", { .traffic_class = CE }, CE, 0, 0 },
	{ "what is not capable is never changed", { .traffic_class = NOT_ECT }, NOT_ECT, 0, 0 },
	{ "what is not capable is not changed in its other bits", { .traffic_class = 0xfc }, NOT_ECT, 0, 0 },
	{ "a TCP segment", { .protocol = IPPROTO_TCP, .traffic_class = ECT_0, .payload = 100 }, CE, 0, 0 },
	{ "behind a VLAN tag", { .traffic_class = ECT_0, .tags = 1 }, CE, 0, 0 },
	{ "behind two VLAN tags", { .traffic_class = ECT_0, .tags = 2 }, CE, 0, 0 },
	{ "with IPv4 options, or one IPv6 extension header",
	  { .traffic_class = ECT_0, .options = 8, .n_extensions = 1, .extensions = { IPPROTO_DSTOPTS } },
	  CE,
	  0,
	  0 },
	{ "one that is yet to be cut", { .traffic_class = ECT_0, .payload = 30 }, CE, 30, 1 },
};

/* RFC 1071, of the header as it is, its own checksum included. */
static uint16_t checksum(const uint8_t *bytes, unsigned n)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < n; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The frame of a case, with a right checksum. Returns where its IP header is. */
static unsigned build(const struct mark_case *test, const struct frame_ends *ends, struct frame *ret)
{
	const unsigned network = ETH_HLEN + 4 * test->spec.tags;
	struct frame_spec spec = test->spec;
	uint16_t sum;

	spec.protocol = spec.protocol ?: IPPROTO_UDP;
	frame_build(&spec, ends, ret);
	if (ends->family == WEIR_IPV4) {
		sum = htons(checksum(ret->bytes + network, sizeof(struct iphdr) + spec.options));
		memcpy(ret->bytes + network + offsetof(struct iphdr, check), &sum, sizeof(sum));
	}
	return network;
}

/* The frame with these ECN bits, and nothing else changed but the checksum that they are in. */
static struct frame with_ecn(const struct frame *frame, unsigned network, enum weir_family family, uint8_t ecn)
{
	const unsigned shift = family == WEIR_IPV4 ? 0 : 4, header = (frame->bytes[network] & 0xf) * 4u;
	uint8_t *check;
	static struct frame ret;
	uint16_t sum;

	ret = *frame;
	ret.bytes[network + 1] = (uint8_t)((ret.bytes[network + 1] & ~(CE << shift)) | ecn << shift);
	if (family == WEIR_IPV4) {
		check = ret.bytes + network + offsetof(struct iphdr, check);
		memset(check, 0, sizeof(sum));
		sum = htons(checksum(ret.bytes + network, header));
		memcpy(check, &sum, sizeof(sum));
	}
	return ret;
}

static void play_mark(struct lab *lab, const struct mark_case *test, enum weir_family family, enum lab_program program)
{
	const uint8_t *pod = world_pod_addr(family), *peer = world_peer(PEER_UNKNOWN, family);
	const bool out = program == LAB_FROM_POD, changes = test->after == CE && (test->spec.traffic_class & CE) != CE;
	const struct frame_ends ends = { family, out ? pod : peer, out ? peer : pod, false };
	const struct weir_image_limit limit = limit_of(WEIR_LIMIT_PACKETS, WORLD_TOKEN_NS, BURST, WEIR_LIMIT_MARK);
	static struct frame frame, after, expected;
	const unsigned network = build(test, &ends, &frame);
	const struct weir_charged before = charged(lab);
	struct lab_run run = { .program = program,
			       .frame = &frame,
			       .gso_size = test->gso_size,
			       .gso_segs = test->gso_segs,
			       .ret_frame = &after };
	struct lab_result result;

	set_limit(lab, &limit);
	for (unsigned i = 0; i <= BURST; i++) {
		assert_int_equal(lab_run(lab, &run, &result), 0);
		assert_int_equal(result.verdict, i < BURST ? WEIR_VERDICT_PASS : WEIR_VERDICT_DROP);
		expected = with_ecn(&frame, network, family,
				    i >= HALF && i < BURST ? test->after : test->spec.traffic_class & CE);
		if (after.length != expected.length || memcmp(after.bytes, expected.bytes, after.length))
			fail_msg("%s, IPv%d, %s the pod: packet %u is not what it should be", test->name,
				 family == WEIR_IPV4 ? 4 : 6, out ? "out of" : "into", i);
	}
	assert_int_equal(charged(lab).marked_packets - before.marked_packets, changes ? BURST - HALF : 0);
}

static void test_marks(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mark_cases); i++) {
		play_mark(*state, &mark_cases[i], WEIR_IPV4, LAB_TO_POD);
		play_mark(*state, &mark_cases[i], WEIR_IPV4, LAB_FROM_POD);
		play_mark(*state, &mark_cases[i], WEIR_IPV6, LAB_TO_POD);
		play_mark(*state, &mark_cases[i], WEIR_IPV6, LAB_FROM_POD);
	}
}

static const struct frame_spec capable = { .protocol = IPPROTO_UDP, .traffic_class = ECT_0 };

/* Sends it out of the pod; true when it comes out marked. */
static bool is_marked(struct lab *lab, const struct frame_spec *spec, uint32_t gso_segs, struct lab_result *ret)
{
	const struct frame_ends ends = { WEIR_IPV4, world_pod_addr(WEIR_IPV4), world_peer(PEER_UNKNOWN, WEIR_IPV4),
					 false };
	static struct frame frame, after;

	frame_build(spec, &ends, &frame);
	assert_int_equal(lab_run(lab,
				 &(struct lab_run){ .program = LAB_FROM_POD,
						    .frame = &frame,
						    .gso_size = gso_segs ? 1 : 0,
						    .gso_segs = gso_segs,
						    .ret_frame = &after },
				 ret),
			 0);
	return (after.bytes[ETH_HLEN + 1] & CE) == CE;
}

static void test_segments_are_counted(void **state)
{
	const struct weir_image_limit limit = limit_of(WEIR_LIMIT_PACKETS, WORLD_TOKEN_NS, BURST, WEIR_LIMIT_MARK);
	struct lab *lab = *state;
	const uint64_t before = charged(lab).marked_packets;
	struct lab_result result;

	set_limit(lab, &limit);
	assert_false(is_marked(lab, &capable, HALF, &result));
	assert_true(is_marked(lab, &capable, BURST - HALF, &result));
	assert_int_equal(charged(lab).marked_packets - before, BURST - HALF);
}

static void test_unmarked(void **state)
{
	static const uint16_t flags[] = { 0, WEIR_LIMIT_PACE, WEIR_LIMIT_MARK | WEIR_LIMIT_AUDIT };
	struct lab *lab = *state;
	struct lab_result result;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const struct weir_image_limit limit = limit_of(WEIR_LIMIT_PACKETS, WORLD_TOKEN_NS, BURST, flags[i]);

		set_limit(lab, &limit);
		for (unsigned k = 0; k <= BURST; k++)
			assert_false(is_marked(lab, &capable, 0, &result));
	}
}

static void test_not_marked_when_dropped(void **state)
{
	struct weir_image_limit limits[2] = { limit_of(WEIR_LIMIT_PACKETS, WORLD_TOKEN_NS, BURST, WEIR_LIMIT_MARK),
					      limit_of(WEIR_LIMIT_PACKETS, WORLD_TOKEN_NS, HALF, 0) };
	struct lab *lab = *state;
	const uint64_t before = charged(lab).marked_packets;
	struct lab_result result;

	limits[1].bucket = BUCKET + 1;
	set_limits(lab, limits, 2);
	for (unsigned i = 0; i < 2 * BURST; i++) {
		assert_false(is_marked(lab, &capable, 0, &result));
		assert_int_equal(result.verdict, i < HALF ? WEIR_VERDICT_PASS : WEIR_VERDICT_DROP);
	}
	assert_int_equal(charged(lab).marked_packets, before);
}

/* --- departure times --- */

#define PACED_BURST 1000u /* bytes; one comes back in a millisecond */
#define PACED_NS    1000000ull

static struct weir_image_limit paced(uint16_t more)
{
	return limit_of(WEIR_LIMIT_BYTES, PACED_NS, PACED_BURST, WEIR_LIMIT_PACE | more);
}

/* A frame of so many bytes. */
static struct lab_result send_bytes(struct lab *lab, enum weir_family family, enum lab_program program, unsigned bytes)
{
	const uint8_t *pod = world_pod_addr(family), *peer = world_peer(PEER_UNKNOWN, family);
	const bool out = program == LAB_FROM_POD;
	const struct frame_ends ends = { family, out ? pod : peer, out ? peer : pod, false };
	struct frame_spec spec = { .protocol = IPPROTO_UDP };
	static struct frame frame;
	struct lab_result result;

	frame_build(&spec, &ends, &frame);
	spec.payload = bytes - frame.length;
	frame_build(&spec, &ends, &frame);
	assert_int_equal(frame.length, bytes);
	assert_int_equal(lab_run(lab, &(struct lab_run){ .program = program, .frame = &frame }, &result), 0);
	return result;
}

static uint64_t tat(struct lab *lab)
{
	struct weir_bucket bucket;

	assert_int_equal(lab_bucket(lab, BUCKET, &bucket), 0);
	return bucket.tat;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void test_departures(void **state)
{
	for (enum weir_family family = 0; family < WEIR_FAMILIES; family++) {
		const struct weir_image_limit limit = paced(0);
		struct lab *lab = *state;
		const uint64_t before = charged(lab).paced_packets;
		struct lab_result result;
		uint64_t due;

		set_limit(lab, &limit);
		result = send_bytes(lab, family, LAB_FROM_POD, PACED_BURST);
		assert_int_equal(result.verdict, WEIR_VERDICT_PASS);
		assert_int_equal(result.departs, 0);
		for (unsigned i = 0; i < 3; i++) {
			result = send_bytes(lab, family, LAB_FROM_POD, 200);
			due = tat(lab) / WEIR_TICKS_PER_NS - PACED_BURST * PACED_NS;
			assert_int_equal(result.verdict, WEIR_VERDICT_PASS);
			assert_in_range(result.departs, due - 1, now_ns() + 3 * 200 * PACED_NS);
		}
		assert_int_equal(charged(lab).paced_packets - before, 3);
	}
}

static void test_horizon(void **state)
{
	const uint64_t horizon = WEIR_PACE_HORIZON_NS * WEIR_TICKS_PER_NS;
	const struct weir_image_limit limit = paced(0);
	struct lab *lab = *state;
	uint64_t last;

	set_limit(lab, &limit);
	assert_int_equal(send_bytes(lab, WEIR_IPV4, LAB_FROM_POD, PACED_BURST).verdict, WEIR_VERDICT_PASS);
	do
		last = tat(lab);
	while (send_bytes(lab, WEIR_IPV4, LAB_FROM_POD, PACED_BURST).verdict == WEIR_VERDICT_PASS);
	assert_true(last / WEIR_TICKS_PER_NS < now_ns() + PACED_BURST * PACED_NS + horizon / WEIR_TICKS_PER_NS);
	assert_true(charged(lab).dropped_packets > 0);
	assert_int_equal(tat(lab), last);
}

static void own_peer(struct lab *lab, struct weir_address whose)
{
	assert_int_equal(lab_set_address(lab, WEIR_IPV4, world_peer(PEER_UNKNOWN, WEIR_IPV4), &whose), 0);
	assert_int_equal(lab_set_address(lab, WEIR_IPV6, world_peer(PEER_UNKNOWN, WEIR_IPV6), &whose), 0);
}

/* Who gets no departure time is over the limit at the burst, and takes nothing from those who do. */
static void assert_policed(struct lab *lab, enum weir_family family, enum lab_program program)
{
	struct lab_result result = send_bytes(lab, family, program, PACED_BURST);
	uint64_t before;

	assert_int_equal(result.verdict, WEIR_VERDICT_PASS);
	assert_int_equal(result.departs, 0);
	before = tat(lab) + PACED_BURST * PACED_NS * WEIR_TICKS_PER_NS;
	assert_int_equal(lab_set_bucket(lab, BUCKET, &(struct weir_bucket){ .tat = before }), 0);
	result = send_bytes(lab, family, program, PACED_BURST);
	assert_int_equal(result.verdict, WEIR_VERDICT_DROP);
	assert_int_equal(tat(lab), before);
}

static void test_policed(void **state)
{
	static const struct weir_address local = { .identity = 17, .ifindex = 7 }, node = { WEIR_IDENTITY_NODE, 0 };
	const struct weir_image_limit limit = paced(0);
	struct lab *lab = *state;

	for (enum weir_family family = 0; family < WEIR_FAMILIES; family++) {
		set_limit(lab, &limit);
		own_peer(lab, local);
		assert_policed(lab, family, LAB_FROM_POD);
		set_limit(lab, &limit);
		own_peer(lab, node);
		assert_policed(lab, family, LAB_FROM_POD);
		set_limit(lab, &limit);
		assert_policed(lab, family, LAB_TO_POD);
	}
	/* Beyond the node, also when it is another node's pod. */
	set_limit(lab, &limit);
	own_peer(lab, (struct weir_address){ .identity = 17 });
	assert_int_equal(send_bytes(lab, WEIR_IPV4, LAB_FROM_POD, PACED_BURST).departs, 0);
	assert_true(send_bytes(lab, WEIR_IPV4, LAB_FROM_POD, PACED_BURST).departs > 0);
}

static void test_audited(void **state)
{
	const struct weir_image_limit limit = paced(WEIR_LIMIT_AUDIT);
	struct lab *lab = *state;

	set_limit(lab, &limit);
	for (unsigned i = 0; i < 8; i++) {
		const struct lab_result result = send_bytes(lab, WEIR_IPV4, LAB_FROM_POD, PACED_BURST);

		assert_int_equal(result.verdict, WEIR_VERDICT_PASS);
		assert_int_equal(result.departs, 0);
	}
}

static const struct CMUnitTest tests[] = {
	{ "marks are put on what is capable of them, right in every byte", test_marks, NULL, NULL, NULL },
	{ "a packet that is yet to be cut counts as the marked packets that it becomes", test_segments_are_counted,
	  NULL, NULL, NULL },
	{ "limits that drop, pace or only watch mark nothing", test_unmarked, NULL, NULL, NULL },
	{ "what another limit drops is not marked", test_not_marked_when_dropped, NULL, NULL, NULL },
	{ "what is over the burst leaves when its bytes have come back", test_departures, NULL, NULL, NULL },
	{ "what would have to wait beyond the horizon is dropped", test_horizon, NULL, NULL, NULL },
	{ "what stays on the node, or enters the pod, is policed", test_policed, NULL, NULL, NULL },
	{ "a limit that only watches delays nothing", test_audited, NULL, NULL, NULL },
};

int main(void)
{
	return suite_run(&(struct suite){ .group = "packet ease", .tests = tests, .n_tests = ARRAY_SIZE(tests) });
}
