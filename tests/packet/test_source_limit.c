// SPDX-License-Identifier: BSD-2-Clause
/*
 * Limits per identity and per address: what one source uses up is no other
 * source's, and the table that knows them is bounded. A token takes an hour to
 * come back.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <netinet/in.h>

#include "base/vec.h"
#include "packet/suite.h"

#define ONE_IDENTITY  17
#define SOME_IDENTITY 18
#define BUCKET	      3
#define SHARE	      5u
#define FLOOD	      1000000u

static void set_limit(struct lab *lab, enum weir_limit_unit unit, uint16_t flags)
{
	const uint64_t token = WORLD_TOKEN_NS * WEIR_TICKS_PER_NS, burst = SHARE * token;
	const struct weir_image_limit limit = { .bucket = BUCKET,
						.unit = unit,
						.flags = flags,
						.mult = { (uint32_t)token, token >> 32 },
						.burst = { (uint32_t)burst, burst >> 32 } };

	assert_int_equal(world_reset(lab), 0);
	assert_int_equal(world_limit(lab, &limit), 0);
}

static enum weir_verdict run_frame(struct lab *lab, enum lab_program program, const struct frame *frame)
{
	struct lab_result result;

	assert_int_equal(lab_run(lab, &(struct lab_run){ .program = program, .frame = frame }, &result), 0);
	return result.verdict;
}

/* To the pod, over UDP unless the spec says otherwise. */
static enum weir_verdict offer(struct lab *lab, const char *source, struct frame_spec spec)
{
	const enum weir_family family = strchr(source, ':') ? WEIR_IPV6 : WEIR_IPV4;
	const struct frame_ends ends = { family, world_peer(PEER_UNKNOWN, family), world_pod_addr(family), false };
	static struct frame frame;

	spec.source = source;
	frame_build(&spec, &ends, &frame);
	return run_frame(lab, LAB_TO_POD, &frame);
}

/* How many of n packets pass. */
static unsigned pass_of(struct lab *lab, const char *source, unsigned n)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < n; i++)
		passed += offer(lab, source, (struct frame_spec){ .protocol = IPPROTO_UDP }) == WEIR_VERDICT_PASS;
	return passed;
}

static void own_address(struct lab *lab, const char *text, uint32_t identity)
{
	const enum weir_family family = strchr(text, ':') ? WEIR_IPV6 : WEIR_IPV4;
	const struct weir_address address = { .identity = identity };
	uint8_t bytes[16];

	assert_int_equal(inet_pton(family == WEIR_IPV4 ? AF_INET : AF_INET6, text, bytes), 1);
	assert_int_equal(lab_set_address(lab, family, bytes, &address), 0);
}

static void test_address_fairness(void **state)
{
	static const char *const quiet[] = { "10.9.0.2", "10.9.0.3", "10.9.1.1",  "11.9.0.1", "10.9.0.255",
					     "fd09::1",	 "fd09::2",  "fd09:1::1", "fd08::1" };
	struct lab *lab = *state;

	set_limit(lab, WEIR_LIMIT_PACKETS, WEIR_LIMIT_PER_ADDRESS);
	assert_int_equal(pass_of(lab, "10.9.0.1", 100 * SHARE), SHARE);
	for (size_t i = 0; i < ARRAY_SIZE(quiet); i++)
		assert_int_equal(pass_of(lab, quiet[i], SHARE), SHARE);
	assert_int_equal(pass_of(lab, "10.9.0.1", 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(quiet); i++)
		assert_int_equal(pass_of(lab, quiet[i], 1), 0);
}

static void test_identity_fairness(void **state)
{
	struct lab *lab = *state;

	set_limit(lab, WEIR_LIMIT_PACKETS, WEIR_LIMIT_PER_IDENTITY);
	own_address(lab, "10.9.0.1", ONE_IDENTITY);
	own_address(lab, "10.9.0.2", ONE_IDENTITY);
	own_address(lab, "fd09::1", ONE_IDENTITY);
	own_address(lab, "10.9.0.3", SOME_IDENTITY);
	assert_int_equal(pass_of(lab, "10.9.0.1", 3), 3);
	assert_int_equal(pass_of(lab, "10.9.0.2", 1), 1);
	assert_int_equal(pass_of(lab, "fd09::1", 100), SHARE - 4);
	assert_int_equal(pass_of(lab, "10.9.0.1", 1), 0);
	assert_int_equal(pass_of(lab, "10.9.0.3", 100), SHARE);
	/* Nobody's addresses are one identity too. */
	assert_int_equal(pass_of(lab, "10.9.0.4", 100), SHARE);
	assert_int_equal(pass_of(lab, "10.9.0.5", 1), 0);
}

static void test_opener_pays(void **state)
{
	const struct frame_spec spec = { .protocol = IPPROTO_UDP };
	struct frame_ends ends = { WEIR_IPV4, world_pod_addr(WEIR_IPV4), NULL, false };
	struct lab *lab = *state;
	static struct frame frame;

	set_limit(lab, WEIR_LIMIT_PACKETS, WEIR_LIMIT_PER_ADDRESS);
	for (unsigned i = 0; i < 2 * SHARE; i++) {
		ends.destination = world_peer(i, WEIR_IPV4);
		frame_build(&spec, &ends, &frame);
		assert_int_equal(run_frame(lab, LAB_FROM_POD, &frame),
				 i < SHARE ? WEIR_VERDICT_PASS : WEIR_VERDICT_DROP);
	}
	assert_int_equal(lab_sources(lab), 1);
}

#define SYN(n)                                                                      \
	{                                                                           \
		.tcp_flags = FRAME_TCP_SYN, .seq = 1000 * (n), .client = 2000 + (n) \
	}
#define FIRST	(struct frame_spec) SYN(1)
#define NEXT(n) (struct frame_spec) SYN(1 + (n))

static void connect_until_over(struct lab *lab, uint16_t flags, enum weir_verdict over)
{
	struct weir_charged before, after;

	set_limit(lab, WEIR_LIMIT_CONNECTIONS, WEIR_LIMIT_PER_ADDRESS | flags);
	assert_int_equal(lab_charged(lab, BUCKET, &before), 0);
	assert_int_equal(offer(lab, "10.9.0.1", FIRST), WEIR_VERDICT_PASS);
	for (unsigned i = 0; i < 3 * SHARE; i++)
		assert_int_equal(offer(lab, "10.9.0.1", FIRST), WEIR_VERDICT_PASS);
	for (unsigned i = 1; i < SHARE; i++)
		assert_int_equal(offer(lab, "10.9.0.1", NEXT(i)), WEIR_VERDICT_PASS);
	assert_int_equal(offer(lab, "10.9.0.1", NEXT(SHARE)), over);
	assert_int_equal(offer(lab, "10.9.0.1", FIRST), WEIR_VERDICT_PASS);
	assert_int_equal(offer(lab, "10.9.0.2", FIRST), WEIR_VERDICT_PASS);
	/* Packets that open none don't come to the limit. */
	assert_int_equal(lab_charged(lab, BUCKET, &after), 0);
	assert_int_equal(after.passed_packets - before.passed_packets, SHARE + 1);
	assert_int_equal(after.dropped_packets - before.dropped_packets, 1);
}

static void test_connections(void **state)
{
	connect_until_over(*state, 0, WEIR_VERDICT_DROP);
}

static void test_connections_answered(void **state)
{
	connect_until_over(*state, WEIR_LIMIT_REJECT, WEIR_VERDICT_REJECT);
}

static void test_only_openings_are_answered(void **state)
{
	struct lab *lab = *state;

	set_limit(lab, WEIR_LIMIT_PACKETS, WEIR_LIMIT_PER_ADDRESS | WEIR_LIMIT_REJECT);
	for (unsigned i = 0; i < SHARE; i++)
		assert_int_equal(offer(lab, "10.9.0.1", FIRST), WEIR_VERDICT_PASS);
	assert_int_equal(offer(lab, "10.9.0.1", FIRST), WEIR_VERDICT_DROP);
}

static void test_counts(void **state)
{
	struct weir_charged before, after;
	struct lab *lab = *state;

	set_limit(lab, WEIR_LIMIT_PACKETS, WEIR_LIMIT_PER_ADDRESS);
	assert_int_equal(lab_charged(lab, BUCKET, &before), 0);
	pass_of(lab, "10.9.0.1", 2 * SHARE);
	pass_of(lab, "10.9.0.2", SHARE + 1);
	assert_int_equal(lab_charged(lab, BUCKET, &after), 0);
	assert_int_equal(after.passed_packets - before.passed_packets, 2 * SHARE);
	assert_int_equal(after.dropped_packets - before.dropped_packets, SHARE + 1);
	assert_true(after.passed_bytes > before.passed_bytes);
	assert_true(after.dropped_bytes > before.dropped_bytes);
}

/* One packet from each of n addresses, from the first on; between says what happens after some of them. */
static void flood(struct lab *lab, uint32_t first, uint32_t n, void (*between)(struct lab *lab))
{
	const struct frame_spec spec = { .protocol = IPPROTO_UDP };
	const struct frame_ends ends = { WEIR_IPV4, world_peer(PEER_UNKNOWN, WEIR_IPV4), world_pod_addr(WEIR_IPV4),
					 false };
	static struct frame frame;

	frame_build(&spec, &ends, &frame);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t source = htonl(first + i);

		memcpy(frame.bytes + ETH_HLEN + offsetof(struct iphdr, saddr), &source, sizeof(source));
		assert_int_equal(run_frame(lab, LAB_TO_POD, &frame), WEIR_VERDICT_PASS);
		if (between && i % (LAB_SOURCES / 16) == 0)
			between(lab);
	}
}

static uint64_t entered(struct lab *lab)
{
	uint64_t tallies[WEIR_TALLIES];

	assert_int_equal(lab_tallies(lab, tallies), 0);
	return tallies[WEIR_TALLY_SOURCES];
}

static void test_a_million(void **state)
{
	struct lab *lab = *state;
	uint64_t before;

	set_limit(lab, WEIR_LIMIT_PACKETS, WEIR_LIMIT_PER_ADDRESS);
	before = entered(lab);
	flood(lab, 0x14000000, FLOOD, NULL);
	assert_in_range(lab_sources(lab), LAB_SOURCES / 2, LAB_SOURCES);
	assert_int_equal(entered(lab) - before, FLOOD);
}

static void test_quiet_begins_anew(void **state)
{
	struct lab *lab = *state;
	uint64_t before;

	set_limit(lab, WEIR_LIMIT_PACKETS, WEIR_LIMIT_PER_ADDRESS);
	assert_int_equal(pass_of(lab, "10.9.0.1", 2 * SHARE), SHARE);
	flood(lab, 0x14000000, 8 * LAB_SOURCES, NULL);
	before = entered(lab);
	assert_int_equal(pass_of(lab, "10.9.0.1", 2 * SHARE), SHARE);
	assert_int_equal(entered(lab) - before, 1);
}

static void still_over(struct lab *lab)
{
	assert_int_equal(pass_of(lab, "10.9.0.1", 1), 0);
}

static void test_busy_stays(void **state)
{
	struct lab *lab = *state;
	uint64_t before;

	set_limit(lab, WEIR_LIMIT_PACKETS, WEIR_LIMIT_PER_ADDRESS);
	assert_int_equal(pass_of(lab, "10.9.0.1", 2 * SHARE), SHARE);
	before = entered(lab);
	flood(lab, 0x14000000, 8 * LAB_SOURCES, still_over);
	assert_int_equal(entered(lab) - before, 8 * LAB_SOURCES);
}

static const struct CMUnitTest tests[] = {
	{ "one noisy address takes nothing from nine others", test_address_fairness, NULL, NULL, NULL },
	{ "all addresses of an identity share, and others have a share of their own", test_identity_fairness, NULL,
	  NULL, NULL },
	{ "who opens is who pays, wherever the packet goes", test_opener_pays, NULL, NULL, NULL },
	{ "a connection is charged once, however often its SYN comes", test_connections, NULL, NULL, NULL },
	{ "a connection over the limit is answered where that is asked for", test_connections_answered, NULL, NULL,
	  NULL },
	{ "of an open connection nothing is answered", test_only_openings_are_answered, NULL, NULL, NULL },
	{ "a limit counts what came from all its sources", test_counts, NULL, NULL, NULL },
	{ "a million sources fill the table and no more, and are counted", test_a_million, NULL, NULL, NULL },
	{ "in a full table the source that was quiet begins anew, counted", test_quiet_begins_anew, NULL, NULL, NULL },
	{ "in a full table the source that is busy keeps its bucket", test_busy_stays, NULL, NULL, NULL },
};

int main(void)
{
	return suite_run(
		&(struct suite){ .group = "packet source limit", .tests = tests, .n_tests = ARRAY_SIZE(tests) });
}
