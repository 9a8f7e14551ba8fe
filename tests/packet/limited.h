/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One pod with one limit: packets through the programs' source compiled for this
 * process, by a clock that is set by hand, and who watches what is delivered. A
 * header, as only the tests that are linked with that source can use it.
 *
 * These tests alone know, beside the programs, how policy makes parameters of a
 * limit as it is written.
 */
#ifndef WEIR_TESTS_PACKET_LIMITED_H
#define WEIR_TESTS_PACKET_LIMITED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <malloc.h>
#include <netinet/in.h>

#include "base/vec.h"
#include "fuzz/host_programs.h"
#include "packet/frame.h"
#include "packet/tiny_image.h"
#include "policy/limit.h"
#include "weir/reason.h"

#define IFINDEX	 1u
#define BUCKET	 0u
#define SECOND	 1000000000ull
#define YEAR	 (365 * 86400 * SECOND)
#define START	 (1ull << 50) /* thirteen days after boot */
#define WRAPS_AT (1ull << 58) /* ns: 64 ticks each */
#define HEADERS	 (ETH_HLEN + 20 + 8)
#define JUMBO	 190000u /* bytes */
#define LINEAR	 2000u

static const uint8_t limited_pod[4] = { 10, 0, 0, 1 }, limited_peer[4] = { 10, 0, 1, 1 };

/* A limit in force. */
struct limited {
	struct policy_limit as_written;
	struct weir_image_limit as_kept;
};

static inline uint64_t word64(const uint32_t words[2])
{
	return words[0] | (uint64_t)words[1] << 32;
}

static inline uint64_t burst_ticks(const struct limited *l)
{
	return word64(l->as_kept.burst);
}

static inline unsigned __int128 cost(const struct limited *l, uint64_t units)
{
	return (unsigned __int128)units * word64(l->as_kept.mult) >> l->as_kept.shift;
}

static inline struct policy_limit written(enum limit_unit unit, uint64_t rate_milli, uint64_t burst)
{
	return (struct policy_limit){ .unit = unit, .rate_milli = rate_milli, .burst = burst };
}

/* --- a pod with one limit ------------------------------------------------------- */

/* Everybody may send to the pod, within the limits. */
static inline void load_limits(const struct weir_image_limit *limits, uint8_t n)
{
	static const struct weir_image_decision denied = { .verdict = WEIR_VERDICT_DROP };
	const struct weir_image_decision allowed = { WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, n, 0, 0 };
	static const struct tiny_rule everybody = { 1, 0, TINY_BOTH_WAYS, TINY_ALL_PORTS };
	static struct tiny_image image;
	static uint32_t revision;
	const uint32_t slot = WEIR_SLOT_ENFORCED;
	const void *words = image.words;

	tiny_image_start(&image, ++revision, &denied);
	tiny_image_identity(&image, WEIR_IDENTITY_FIRST, 1, 0);
	tiny_image_rule(&image, &everybody, tiny_image_decision(&image, &allowed, limits));
	host_set(HOST_IMAGES, &slot, &words);
	host_control()->generation++;
}

/* NULL: no limit. */
static inline void load_image(const struct weir_image_limit *limit)
{
	load_limits(limit, !!limit);
}

/* Puts a limit in force; the bucket is as it was. */
static inline struct limited enforce(struct policy_limit written)
{
	struct limited l = { .as_written = limit_effective(&written) };

	assert_int_equal(limit_parameters(&l.as_written, &l.as_kept, NULL), 0);
	l.as_kept.bucket = BUCKET;
	load_image(&l.as_kept);
	return l;
}

static inline void fill_bucket(void)
{
	static const struct weir_bucket full;
	const uint32_t bucket = BUCKET;

	host_clear(HOST_BUCKETS);
	host_set(HOST_BUCKETS, &bucket, &full);
}

static inline int limited_set_up(void **state)
{
	static const uint8_t zeros[128]; /* more than a packet that is being charged takes */
	const uint32_t first = 0;
	static const struct weir_address address = { .identity = WEIR_IDENTITY_FIRST, .ifindex = IFINDEX };
	const uint32_t ifindex = IFINDEX;
	struct weir_endpoint endpoint = { .identity = WEIR_IDENTITY_FIRST };

	mallopt(M_MMAP_THRESHOLD, 1 << 20); /* host_run() copies packets */
	host_load(&(struct host_constants){ TINY_WORDS - 1, 31, 0, 0 });
	memset(host_control()->timeouts, 0xff, sizeof(host_control()->timeouts));
	memcpy(&endpoint.ipv4, limited_pod, sizeof(limited_pod));
	host_set(HOST_ENDPOINTS, &ifindex, &endpoint);
	host_set(HOST_ADDRESSES4, limited_pod, &address);
	host_set(HOST_CHARGING, &first, zeros);
	host_control()->generation = 1;
	fill_bucket();
	return 0;
}

/* --- arrivals ------------------------------------------------------------------- */

/* A datagram of so many bytes, yet to be cut into segments if they are to be smaller. */
static inline bool offer(uint64_t at, uint32_t bytes, uint32_t gso_size)
{
	static const struct frame_spec spec = { .protocol = IPPROTO_UDP };
	const struct frame_ends ends = { WEIR_IPV4, limited_peer, limited_pod, false };
	static uint8_t answer[HOST_ANSWER_MAX], jumbo[JUMBO];
	static struct frame frame;
	struct host_frame f = {
		.bytes = jumbo,
		.length = bytes,
		.linear = bytes < LINEAR ? bytes : LINEAR,
		.ifindex = IFINDEX,
		.gso_size = gso_size,
		.answer = answer,
	};

	if (!frame.length)
		frame_build(&spec, &ends, &frame);
	assert_in_range(bytes, HEADERS, JUMBO);
	memcpy(jumbo, frame.bytes, HEADERS);
	/* Beyond 64 KiB a length field says zero. */
	const uint16_t total = bytes - ETH_HLEN > UINT16_MAX ? 0 : htons(bytes - ETH_HLEN);
	const uint16_t udp = bytes - ETH_HLEN > UINT16_MAX ? 0 : htons(bytes - ETH_HLEN - 20);

	memcpy(jumbo + ETH_HLEN + offsetof(struct iphdr, tot_len), &total, sizeof(total));
	memcpy(jumbo + ETH_HLEN + 20 + 4, &udp, sizeof(udp));
	host_set_clock(at);
	return host_run(HOST_TO_POD, &f) == TC_ACT_UNSPEC;
}

static inline bool offer_one(uint64_t at)
{
	return offer(at, HEADERS, 0);
}

/* How many of n packets at once pass. */
static inline unsigned pass_of(uint64_t at, unsigned n)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < n; i++)
		passed += offer_one(at);
	return passed;
}

/* --- who watches ------------------------------------------------------------------ */

struct witness {
	const struct limited *limit;
	uint64_t start;
	uint64_t last;
	unsigned __int128 level; /* ticks */
	uint64_t packets;	 /* that passed */
	__int128 sum;		 /* of their units; in 1e-16 */
	__int128 least;
};

static inline struct witness witness(const struct limited *limit, uint64_t start)
{
	return (struct witness){
		.limit = limit, .start = start, .last = start, .level = burst_ticks(limit), .least = (__int128)1 << 126
	};
}

/* By the numbers as they are written. Each packet's cost is cut to whole ticks, of which it may be a fraction short. */
static inline void deliver(struct witness *w, uint64_t at, uint64_t units)
{
	const struct policy_limit *limit = &w->limit->as_written;
	const __int128 unit = (__int128)1e16, most = (limit->burst + 1) * unit;
	const __int128 earned = (__int128)(at - w->start) * limit->rate_milli * 10000;
	const __int128 rounding = earned / 1000000000 + (__int128)++w->packets * limit->rate_milli * 157;
	const __int128 owed = w->sum - earned - rounding;

	if (owed < w->least)
		w->least = owed;
	w->sum += units * unit;
	if (owed + units * unit - w->least > most)
		fail_msg("more than rate * time + burst up to %lu ns after the start: rate %lu/1000, burst %lu",
			 at - w->start, limit->rate_milli, limit->burst);
}

static inline uint64_t units_of(const struct limited *l, uint32_t bytes, uint32_t gso_size)
{
	const uint64_t segments = gso_size && bytes > HEADERS ? (bytes - HEADERS + gso_size - 1) / gso_size : 1;

	return l->as_written.unit == LIMIT_BYTES ? bytes + (segments - 1) * HEADERS : segments;
}

#endif
