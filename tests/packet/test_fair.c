// SPDX-License-Identifier: BSD-2-Clause
/*
 * Limits per identity and per address by the real clock: one source sends a
 * hundred times its share, nine send theirs, and these lose nothing; nor do they
 * while somebody goes through as many addresses as the machine can make.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "base/vec.h"
#include "packet/suite.h"

#define SHARE	   1000ull /* packets/s */
#define BURST	   100ull
#define HONEST	   9u
#define TIMES	   100u
#define SECONDS	   3u
#define SECOND	   1000000000ull
#define BUCKET	   3
#define FIRST_PAID (WEIR_IDENTITY_FIRST + 1)

/* One address of either family: the first is the noisy one's, then those that keep to their share. */
struct source {
	enum weir_family family;
	uint8_t addr[16];
	struct frame frame;
	uint64_t sent, lost;
};

struct crowd {
	struct lab *lab;
	struct source sources[WEIR_FAMILIES * (1 + HONEST)];
	atomic_bool ended;
	uint64_t begun, over; /* ns */
	uint64_t strangers;   /* addresses that somebody has gone through */
	int failure;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static void set_share(struct lab *lab, uint16_t flags)
{
	const uint64_t token = SECOND / SHARE * WEIR_TICKS_PER_NS, burst = BURST * token;
	const struct weir_image_limit limit = { .bucket = BUCKET,
						.unit = WEIR_LIMIT_PACKETS,
						.flags = flags,
						.mult = { (uint32_t)token, token >> 32 },
						.burst = { (uint32_t)burst, burst >> 32 } };

	assert_int_equal(world_reset(lab), 0);
	assert_int_equal(world_limit(lab, &limit), 0);
}

/* Each has an identity of its own too. */
static void gather(struct crowd *crowd, struct lab *lab)
{
	static const struct frame_spec spec = { .protocol = IPPROTO_UDP };

	crowd->lab = lab;
	for (unsigned i = 0; i < ARRAY_SIZE(crowd->sources); i++) {
		struct source *s = &crowd->sources[i];
		const struct weir_address address = { .identity = FIRST_PAID + i };

		s->family = i % WEIR_FAMILIES;
		if (s->family == WEIR_IPV4)
			memcpy(s->addr, (uint8_t[4]){ 10, 9, 0, 1 + i }, 4);
		else
			memcpy(s->addr, (uint8_t[16]){ 0xfd, 9, [15] = 1 + i }, 16);
		assert_int_equal(lab_set_address(lab, s->family, s->addr, &address), 0);
		frame_build(&spec, &(struct frame_ends){ s->family, s->addr, world_pod_addr(s->family), false },
			    &s->frame);
	}
}

static bool is_noisy(unsigned source)
{
	return source < WEIR_FAMILIES;
}

static int send_one(struct crowd *crowd, struct source *s)
{
	struct lab_result result;
	int r = lab_run(crowd->lab, &(struct lab_run){ .program = LAB_TO_POD, .frame = &s->frame }, &result);

	s->sent++;
	s->lost += result.verdict != WEIR_VERDICT_PASS;
	return r;
}

/*
 * Those who keep to their share: the k-th packet goes out when it is due or
 * later, and who was kept waiting for longer than half the burst makes up for
 * no more than that: so none is ever beyond the share.
 */
static void send_shares(struct crowd *crowd)
{
	const uint64_t apart = SECOND / SHARE, most = BURST / 2 * apart;
	uint64_t from = crowd->begun, now;

	for (uint64_t k = 0; (now = now_ns()) < crowd->begun + SECONDS * SECOND && !crowd->failure;) {
		if (now - from > k * apart + most)
			from = now - k * apart - most;
		if (now - from < k * apart) {
			sched_yield();
			continue;
		}
		for (unsigned i = WEIR_FAMILIES; i < ARRAY_SIZE(crowd->sources) && !crowd->failure; i++)
			crowd->failure = send_one(crowd, &crowd->sources[i]);
		k++;
	}
	crowd->over = now;
}

static void *send_noise(void *data)
{
	struct crowd *crowd = data;
	const uint64_t start = now_ns();
	struct lab_result result;
	int r = 0;

	while (!crowd->ended && r == 0) {
		for (unsigned i = 0; i < WEIR_FAMILIES && r == 0; i++) {
			struct source *s = &crowd->sources[i];
			const uint64_t due = (now_ns() - start) * SHARE * TIMES / SECOND, n = due - s->sent;

			if (!n)
				continue;
			r = lab_run(crowd->lab,
				    &(struct lab_run){ .program = LAB_TO_POD, .frame = &s->frame, .repeat = n },
				    &result);
			s->sent += n;
		}
	}
	return (void *)(long)r;
}

/* Another address with each packet. */
static void *send_strange(void *data)
{
	struct crowd *crowd = data;
	struct frame frame = crowd->sources[WEIR_IPV4].frame;
	struct lab_result result;
	int r = 0;

	while (!crowd->ended && r == 0) {
		const uint32_t source = htonl(0x64400000 + crowd->strangers++);

		memcpy(frame.bytes + ETH_HLEN + offsetof(struct iphdr, saddr), &source, sizeof(source));
		r = lab_run(crowd->lab, &(struct lab_run){ .program = LAB_TO_POD, .frame = &frame }, &result);
	}
	return (void *)(long)r;
}

/* Nine of each family send their shares beside somebody else. */
static void live_with(struct crowd *crowd, void *(*somebody)(void *crowd))
{
	pthread_t other;
	void *r;

	crowd->begun = now_ns();
	assert_int_equal(pthread_create(&other, NULL, somebody, crowd), 0);
	send_shares(crowd);
	crowd->ended = true;
	assert_int_equal(pthread_join(other, &r), 0);
	assert_null(r);
	assert_int_equal(crowd->failure, 0);
	for (unsigned i = WEIR_FAMILIES; i < ARRAY_SIZE(crowd->sources); i++) {
		assert_true(crowd->sources[i].sent > SHARE / 2);
		if (crowd->sources[i].lost)
			fail_msg("source %u of IPv%u kept to its share, and lost %lu of %lu", i / WEIR_FAMILIES,
				 crowd->sources[i].family == WEIR_IPV4 ? 4 : 6, crowd->sources[i].lost,
				 crowd->sources[i].sent);
	}
}

static void live_with_noise(struct lab *lab, uint16_t flags)
{
	static struct crowd crowd;
	struct weir_charged before, after;
	uint64_t honest = 0, noise = 0, passed;

	memset(&crowd, 0, sizeof(crowd));
	set_share(lab, flags);
	gather(&crowd, lab);
	assert_int_equal(lab_charged(lab, BUCKET, &before), 0);
	live_with(&crowd, send_noise);
	assert_int_equal(lab_charged(lab, BUCKET, &after), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(crowd.sources); i++)
		*(is_noisy(i) ? &noise : &honest) += crowd.sources[i].sent;
	passed = after.passed_packets - before.passed_packets - honest;
	/* The noisy ones get their share, and not a packet more. */
	assert_true(noise > 10 * passed);
	assert_in_range(passed, WEIR_FAMILIES * SECONDS * SHARE * 9 / 10,
			WEIR_FAMILIES * (BURST + 1 + (now_ns() - crowd.begun) * SHARE / SECOND));
	assert_int_equal(after.dropped_packets - before.dropped_packets, noise - passed);
}

static void test_addresses(void **state)
{
	live_with_noise(*state, WEIR_LIMIT_PER_ADDRESS);
}

static void test_identities(void **state)
{
	live_with_noise(*state, WEIR_LIMIT_PER_IDENTITY);
}

static uint64_t entered(struct lab *lab)
{
	uint64_t tallies[WEIR_TALLIES];

	assert_int_equal(lab_tallies(lab, tallies), 0);
	return tallies[WEIR_TALLY_SOURCES];
}

/* Each entry is counted, whoever makes it: so is each that was pushed out, as it comes back. */
static void test_strangers(void **state)
{
	static struct crowd crowd;
	struct lab *lab = *state;
	uint64_t before, entries;

	memset(&crowd, 0, sizeof(crowd));
	set_share(lab, WEIR_LIMIT_PER_ADDRESS);
	gather(&crowd, lab);
	before = entered(lab);
	live_with(&crowd, send_strange);
	entries = entered(lab) - before;
	assert_true(crowd.strangers > 8 * LAB_SOURCES);
	assert_in_range(lab_sources(lab), LAB_SOURCES / 2, LAB_SOURCES);
	assert_in_range(entries, crowd.strangers + WEIR_FAMILIES * HONEST,
			crowd.strangers + WEIR_FAMILIES * HONEST * SECONDS * SHARE);
	printf("# %lu addresses went through a table of %u; %u honest ones were pushed out of it %lu times\n",
	       crowd.strangers, LAB_SOURCES, WEIR_FAMILIES * HONEST,
	       entries - crowd.strangers - WEIR_FAMILIES * HONEST);
}

static const struct CMUnitTest tests[] = {
	{ "per address, nine at their share lose nothing to one at a hundred times its own", test_addresses, NULL, NULL,
	  NULL },
	{ "nor do they per identity", test_identities, NULL, NULL, NULL },
	{ "they lose nothing to somebody who goes through addresses, and all entries are counted", test_strangers, NULL,
	  NULL, NULL },
};

int main(void)
{
	return suite_run(&(struct suite){ .group = "packet fair", .tests = tests, .n_tests = ARRAY_SIZE(tests) });
}
