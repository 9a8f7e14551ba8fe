// SPDX-License-Identifier: BSD-2-Clause
/*
 * Token buckets. A token of this world takes an hour to come back, so that a
 * test's outcome does not depend on how long it takes.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <time.h>

#include "base/vec.h"
#include "packet/suite.h"

#define SYN	   .packet = { .tcp_flags = FRAME_TCP_SYN }
#define ACK	   .packet = { .tcp_flags = FRAME_TCP_ACK }
#define NEW_SYN(n) .packet = { .tcp_flags = FRAME_TCP_SYN, .isn = 7000 * (n) }
#define UDP	   .packet = { .protocol = IPPROTO_UDP }

#define ADMITTED_LIMITED \
	.verdict = WEIR_VERDICT_PASS, .reason = WEIR_REASON_POLICY_ALLOW, .by = BY_LIMIT, .flow = FLOW_KEPT
#define ESTABLISHED_LIMITED .verdict = WEIR_VERDICT_PASS, .reason = WEIR_REASON_FLOW, .by = BY_LIMIT, .flow = FLOW_KEPT
#define ADMITTED_METERED \
	.verdict = WEIR_VERDICT_PASS, .reason = WEIR_REASON_POLICY_ALLOW, .by = BY_METER, .flow = FLOW_KEPT
#define ESTABLISHED_METERED .verdict = WEIR_VERDICT_PASS, .reason = WEIR_REASON_FLOW, .by = BY_METER, .flow = FLOW_KEPT
#define OVER_LIMIT	    .verdict = WEIR_VERDICT_DROP, .reason = WEIR_REASON_LIMIT

static const struct scenario scenarios[] = {
	{ "a burst passes and the packet after it does not", .peer = PEER_LIMITED,
	  .steps = { { SENDS, SYN, ADMITTED_LIMITED },
		     { SENDS, ACK, ESTABLISHED_LIMITED },
		     { SENDS, ACK, ESTABLISHED_LIMITED },
		     { SENDS, ACK, ESTABLISHED_LIMITED },
		     { SENDS, ACK, ESTABLISHED_LIMITED },
		     { SENDS, ACK, OVER_LIMIT, .flow = FLOW_KEPT },
		     { SENDS, SYN, OVER_LIMIT, .flow = FLOW_KEPT } } },
	{ "a new connection over the limit leaves no flow", .peer = PEER_LIMITED,
	  .steps = { { SENDS, UDP, .gso_size = 1, .gso_segs = 5, ADMITTED_LIMITED },
		     { FORGETS },
		     { SENDS, UDP, OVER_LIMIT },
		     { SENDS, SYN, OVER_LIMIT } } },
	{ "replies are not charged", .peer = PEER_LIMITED,
	  .steps = { { SENDS, UDP, .gso_size = 1, .gso_segs = 4, ADMITTED_LIMITED },
		     { REPLIES, UDP, ESTABLISHED_LIMITED },
		     { REPLIES, UDP, ESTABLISHED_LIMITED },
		     { SENDS, UDP, ESTABLISHED_LIMITED },
		     { REPLIES, UDP, ESTABLISHED_LIMITED },
		     { SENDS, UDP, OVER_LIMIT, .flow = FLOW_KEPT },
		     { REPLIES, UDP, ESTABLISHED_LIMITED } } },
	{ "a reply that is decided again is not charged", .peer = PEER_LIMITED,
	  .steps = { { SENDS, UDP, .gso_size = 1, .gso_segs = 4, ADMITTED_LIMITED },
		     { GENERATION },
		     { REPLIES, UDP, ADMITTED_LIMITED },
		     { SENDS, UDP, ESTABLISHED_LIMITED },
		     { SENDS, UDP, OVER_LIMIT, .flow = FLOW_KEPT } } },
	{ "a packet to be segmented is charged as its segments", .peer = PEER_LIMITED,
	  .steps = { { SENDS, UDP, .gso_size = 1, .gso_segs = 3, ADMITTED_LIMITED },
		     { SENDS, UDP, .gso_size = 1, .gso_segs = 3, OVER_LIMIT, .flow = FLOW_KEPT },
		     { SENDS, UDP, .gso_size = 1, .gso_segs = 2, ESTABLISHED_LIMITED },
		     { SENDS, UDP, OVER_LIMIT, .flow = FLOW_KEPT } } },
	{ "segments that the sender did not count are counted", .peer = PEER_LIMITED,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_UDP, .payload = 301 }, .gso_size = 100,
		       ADMITTED_LIMITED },
		     { SENDS, UDP, ESTABLISHED_LIMITED },
		     { SENDS, UDP, OVER_LIMIT, .flow = FLOW_KEPT } } },
	{ "a later fragment is charged too", .peer = PEER_LIMITED, .families = IPV4_ONLY,
	  .steps = { { SENDS, .packet = { .protocol = IPPROTO_UDP, .fragment_offset = 9 }, .gso_size = 1, .gso_segs = 5,
		       PASSED(POLICY_ALLOW), .by = BY_LIMIT },
		     { SENDS, .packet = { .protocol = IPPROTO_UDP, .fragment_offset = 9 }, OVER_LIMIT } } },
	{ "bytes are those on the wire, each segment with headers of its own", .peer = PEER_METERED,
	  .steps = { { SENDS, .packet = { .tcp_flags = FRAME_TCP_ACK, .payload = 400 }, .gso_size = 200, .gso_segs = 2,
		       ADMITTED_METERED },
		     { SENDS, .packet = { .tcp_flags = FRAME_TCP_ACK, .payload = 400 }, .gso_size = 200, .gso_segs = 2,
		       OVER_LIMIT, .flow = FLOW_KEPT } } },
	{ "a packet that a later limit drops is not charged by an earlier one", .peer = PEER_METERED,
	  .steps = { { SENDS, .packet = { .tcp_flags = FRAME_TCP_ACK, .payload = 600 }, ADMITTED_METERED },
		     { SENDS, .packet = { .tcp_flags = FRAME_TCP_ACK, .payload = 600 }, OVER_LIMIT, .flow = FLOW_KEPT },
		     { SENDS, .packet = { .tcp_flags = FRAME_TCP_ACK, .payload = 600 }, OVER_LIMIT, .flow = FLOW_KEPT },
		     { SENDS, ACK, ESTABLISHED_METERED },
		     { SENDS, ACK, ESTABLISHED_METERED },
		     { SENDS, ACK, ESTABLISHED_METERED },
		     { SENDS, ACK, ESTABLISHED_METERED },
		     { SENDS, ACK, OVER_LIMIT, .flow = FLOW_KEPT } } },
	{ "connections are charged when they are opened, and only then", .peer = PEER_METERED,
	  .steps = { { SENDS, SYN, ADMITTED_METERED },
		     { SENDS, ACK, ESTABLISHED_METERED },
		     { SENDS, NEW_SYN(1), ADMITTED_METERED },
		     { SENDS, NEW_SYN(2), OVER_LIMIT, .flow = FLOW_KEPT },
		     { GENERATION },
		     { SENDS, ACK, ADMITTED_METERED } } },
	{ "a SYN that is repeated opens nothing more", .peer = PEER_METERED,
	  .steps = { { SENDS, SYN, ADMITTED_METERED },
		     { SENDS, SYN, ESTABLISHED_METERED },
		     { SENDS, SYN, ESTABLISHED_METERED },
		     { SENDS, NEW_SYN(1), ADMITTED_METERED },
		     { SENDS, SYN, OVER_LIMIT, .flow = FLOW_KEPT } } },
	{ "what is over a limit that only watches passes as audit", .peer = PEER_WATCHED,
	  .steps = { { SENDS, SYN, PASSED(POLICY_ALLOW), .by = BY_WATCH, .flow = FLOW_KEPT },
		     { SENDS, ACK, PASSED(FLOW), .by = BY_WATCH, .flow = FLOW_KEPT },
		     { SENDS, ACK, PASSED(FLOW), .by = BY_WATCH, .flow = FLOW_KEPT },
		     { SENDS, ACK, PASSED(FLOW), .by = BY_WATCH, .flow = FLOW_KEPT },
		     { SENDS, ACK, PASSED(FLOW), .by = BY_WATCH, .flow = FLOW_KEPT },
		     { SENDS, ACK, PASSED(AUDIT), .by = BY_WATCH, .flow = FLOW_KEPT },
		     { REPLIES, ACK, PASSED(FLOW), .by = BY_WATCH, .flow = FLOW_KEPT },
		     { SENDS, NEW_SYN(1), PASSED(AUDIT), .by = BY_WATCH, .flow = FLOW_KEPT } } },
	{ "a limit that only watches doesn't make later packets of a connection audited for good", .peer = PEER_WATCHED,
	  .steps = { { SENDS, UDP, .gso_size = 1, .gso_segs = 6, PASSED(AUDIT), .by = BY_WATCH, .flow = FLOW_KEPT },
		     { REPLIES, UDP, PASSED(FLOW), .by = BY_WATCH, .flow = FLOW_KEPT },
		     { SENDS, UDP, PASSED(FLOW), .by = BY_WATCH, .flow = FLOW_KEPT } } },
	{ "a limit that is lifted is forgotten, and one that comes back remembers", .peer = PEER_LIMITED,
	  .steps = { { SENDS, UDP, .gso_size = 1, .gso_segs = 5, ADMITTED_LIMITED },
		     { SENDS, UDP, OVER_LIMIT, .flow = FLOW_KEPT },
		     { UNLIMITS },
		     { SENDS, UDP, ADMITTED_LIMITED },
		     { SENDS, UDP, ESTABLISHED_LIMITED },
		     { GRANTS },
		     { SENDS, UDP, OVER_LIMIT, .flow = FLOW_KEPT } } },
	{ "an established packet is charged by its own image's limits or decided again", .peer = PEER_LIMITED,
	  .steps = { { SENDS, UDP, .gso_size = 1, .gso_segs = 5, ADMITTED_LIMITED },
		     { SENDS, UDP, OVER_LIMIT, .flow = FLOW_KEPT },
		     { IMAGE_FIRST },
		     { SENDS, UDP, ADMITTED_LIMITED },
		     { SENDS, UDP, ESTABLISHED_LIMITED } } },
	{ "a limit without a bucket lets nothing through", .peer = PEER_LOST,
	  .steps = { { SENDS, SYN, OVER_LIMIT }, { SENDS, UDP, OVER_LIMIT } } },
};

static struct frame udp_frame(enum world_peer peer)
{
	const struct frame_spec spec = { .protocol = IPPROTO_UDP, .payload = 10 };
	const struct frame_ends ends = { WEIR_IPV4, world_peer(peer, WEIR_IPV4), world_pod_addr(WEIR_IPV4), false };
	struct frame frame;

	frame_build(&spec, &ends, &frame);
	return frame;
}

static enum weir_verdict offer_from(struct lab *lab, enum world_peer peer, uint32_t segments)
{
	const struct frame frame = udp_frame(peer);
	struct lab_result result;

	assert_int_equal(lab_run(lab,
				 &(struct lab_run){ .program = LAB_TO_POD,
						    .frame = &frame,
						    .gso_size = segments > 1,
						    .gso_segs = segments > 1 ? segments : 0 },
				 &result),
			 0);
	return result.verdict;
}

static enum weir_verdict offer(struct lab *lab, uint32_t segments)
{
	return offer_from(lab, PEER_LIMITED, segments);
}

static uint64_t now_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec * 1000000000ull + now.tv_nsec) * WEIR_TICKS_PER_NS;
}

static void set_tat(struct lab *lab, enum world_bucket bucket, uint64_t tat)
{
	assert_int_equal(lab_set_bucket(lab, bucket, &(struct weir_bucket){ .tat = tat }), 0);
}

static void assert_burst(struct lab *lab)
{
	for (unsigned i = 0; i < WORLD_BURST; i++)
		assert_int_equal(offer(lab, 1), WEIR_VERDICT_PASS);
	assert_int_equal(offer(lab, 1), WEIR_VERDICT_DROP);
}

static void test_token_comes_back(void **state)
{
	const uint64_t token = WORLD_TOKEN_NS * WEIR_TICKS_PER_NS, wait = 20ull * 1000 * 1000 * WEIR_TICKS_PER_NS;
	const uint64_t bound = 5000ull * 1000 * 1000 * WEIR_TICKS_PER_NS;
	struct lab *lab = *state;
	uint64_t start;

	assert_int_equal(world_reset(lab), 0);
	start = now_ticks();
	set_tat(lab, BUCKET_LIMITED, start + (WORLD_BURST - 1) * token + wait);
	while (offer(lab, 1) == WEIR_VERDICT_DROP)
		assert_true(now_ticks() - start < bound);
	assert_true(now_ticks() - start >= wait);
	assert_int_equal(offer(lab, 1), WEIR_VERDICT_DROP);
}

static void test_idle_bucket_holds_one_burst(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(world_reset(lab), 0);
	set_tat(lab, BUCKET_LIMITED, now_ticks() - 100 * WORLD_TOKEN_NS * WEIR_TICKS_PER_NS);
	assert_burst(lab);
}

static void test_time_may_wrap(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(world_reset(lab), 0);
	/* Four years ago, seen from a clock that has wrapped since. */
	set_tat(lab, BUCKET_LIMITED, now_ticks() - (1ull << 62));
	assert_burst(lab);
}

static void test_full_connection_bucket_leaves_connections_alone(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(world_reset(lab), 0);
	assert_int_equal(offer_from(lab, PEER_METERED, 1), WEIR_VERDICT_PASS);
	/* Fuller than its burst, as after the limit was lowered. */
	set_tat(lab, BUCKET_METERED_CONNECTIONS, now_ticks() + 10 * WORLD_TOKEN_NS * WEIR_TICKS_PER_NS);
	assert_int_equal(offer_from(lab, PEER_METERED, 1), WEIR_VERDICT_PASS);
	assert_int_equal(lab_forget_flows(lab), 0);
	assert_int_equal(offer_from(lab, PEER_METERED, 1), WEIR_VERDICT_DROP);
}

static void test_drops_are_counted_by_the_bucket(void **state)
{
	struct lab *lab = *state;
	struct weir_bucket bucket;
	const struct frame frame = udp_frame(PEER_LIMITED);

	assert_int_equal(world_reset(lab), 0);
	assert_burst(lab);
	assert_int_equal(offer(lab, 3), WEIR_VERDICT_DROP);
	assert_int_equal(lab_bucket(lab, BUCKET_LIMITED, &bucket), 0);
	assert_int_equal(bucket.dropped_packets, 1 + 3);
	/* Three segments: the packet, and its headers twice more. */
	assert_int_equal(bucket.dropped_bytes, frame.length + frame.length + 2 * (frame.length - 10));
}

static void *offer_bulk(void *lab)
{
	const struct frame frame = udp_frame(PEER_BULK);
	const struct lab_run run = { .program = LAB_TO_POD, .frame = &frame, .repeat = WORLD_BULK };
	struct lab_result result;

	return (void *)(long)lab_run(lab, &run, &result);
}

static uint64_t passed(const struct lab_counters *counters)
{
	return counters->reasons[WEIR_REASON_POLICY_ALLOW * WEIR_DIRECTIONS + WEIR_INGRESS].packets +
	       counters->reasons[WEIR_REASON_FLOW * WEIR_DIRECTIONS + WEIR_INGRESS].packets;
}

static void test_two_cpus_share_one_bucket(void **state)
{
	struct lab *lab = *state;
	struct lab_counters before, after;
	struct weir_bucket bucket;
	pthread_t threads[2];
	void *r;

	assert_int_equal(world_reset(lab), 0);
	assert_int_equal(lab_counters(lab, &before), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, offer_bulk, lab), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &r), 0);
		assert_null(r);
	}
	assert_int_equal(lab_counters(lab, &after), 0);
	assert_int_equal(lab_bucket(lab, BUCKET_BULK, &bucket), 0);
	assert_int_equal(passed(&after) - passed(&before), WORLD_BULK);
	assert_int_equal(bucket.dropped_packets, WORLD_BULK);
}

static const struct CMUnitTest tests[] = {
	{ "a token comes back in its time, and one only", test_token_comes_back, NULL, NULL, NULL },
	{ "a bucket that was idle for long holds one burst and no more", test_idle_bucket_holds_one_burst, NULL, NULL,
	  NULL },
	{ "a bucket outlives the wrap of its time", test_time_may_wrap, NULL, NULL, NULL },
	{ "a connection limit that is over its burst leaves open connections alone",
	  test_full_connection_bucket_leaves_connections_alone, NULL, NULL, NULL },
	{ "what a limit drops is counted by its bucket", test_drops_are_counted_by_the_bucket, NULL, NULL, NULL },
	{ "two CPUs on one bucket get what one would get", test_two_cpus_share_one_bucket, NULL, NULL, NULL },
};

int main(void)
{
	return suite_run(&(struct suite){
		.group = "packet limit",
		.scenarios = scenarios,
		.n_scenarios = ARRAY_SIZE(scenarios),
		.tests = tests,
		.n_tests = ARRAY_SIZE(tests),
	});
}
