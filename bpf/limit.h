/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Token buckets as GCRA: a bucket is the time at which it will be full again,
 * moved on by one compare-and-swap. It is exact on any number of CPUs and
 * holds no lock. Times are in ticks and may wrap.
 */
#ifndef WEIR_BPF_LIMIT_H
#define WEIR_BPF_LIMIT_H

#include "header.h"

/* A swap fails only because another packet's succeeded; one that loses this often is dropped. */
#define SWAP_TRIES 8

/* What one packet asks of a limit, by enum weir_limit_unit. */
struct demand {
	__u32 packets;
	__u32 bytes;
	__u32 connections;
};

static __always_inline __u64 limit_cost(const struct weir_image_limit *limit, const struct demand *demand)
{
	__u64 mult = (__u64)limit->mult[1] << 32 | limit->mult[0];
	__u32 units = demand->packets;

	if (limit->unit == WEIR_LIMIT_BYTES)
		units = demand->bytes;
	else if (limit->unit == WEIR_LIMIT_CONNECTIONS)
		units = demand->connections;
	return units * mult >> (limit->shift & 63);
}

static __always_inline bool gcra_take(__u64 *bucket, __u64 now, __u64 cost, __u64 burst)
{
	if (!cost)
		return true;
	for (int i = 0; i < SWAP_TRIES; i++) {
		__u64 seen = *(volatile __u64 *)bucket;
		/* Zero was never used: after years of uptime it would look like the future. */
		__u64 from = !seen || (__s64)(seen - now) < 0 ? now : seen;
		__u64 tat = from + cost;

		/* Emptied under an earlier, larger burst: what it owes beyond this one's is forgiven. */
		if (unlikely(from - now > burst)) {
			__sync_val_compare_and_swap(bucket, seen, now + burst);
			return false;
		}
		if (tat - now > burst)
			return false;
		if (__sync_val_compare_and_swap(bucket, seen, tat) == seen)
			return true;
	}
	return false;
}

/* Takes back what the first n limits were charged. */
static __always_inline void refund(const struct weir_image *image, __u32 decision, __u32 n, const struct demand *demand)
{
	for (__u32 i = 0; i < WEIR_DECISION_LIMITS && i < n; i++) {
		struct weir_image_limit limit = weir_image_limit_at(image, decision, i);
		struct weir_bucket *bucket = bpf_map_lookup_elem(&buckets, &limit.bucket);

		if (bucket)
			__sync_fetch_and_add(&bucket->tat, -limit_cost(&limit, demand));
	}
}

enum charged {
	CHARGED,
	CHARGED_BUT_AUDIT, /* over a limit that only says so */
	NOT_CHARGED,
	ANOTHER_IMAGE,
};

/*
 * All limits of a decision must conform; one that has no bucket never does.
 * Not inlined: packets without limits shall not carry its weight.
 */
static __noinline int charge(const __u32 *words, __u32 decision, __u32 packets, __u32 bytes, __u32 connections)
{
	const struct weir_image image = { .words = words, .mask = weir_image_mask };
	const struct demand demand = { .packets = packets, .bytes = bytes, .connections = connections };
	__u32 n = weir_image_decision_at(&image, decision).n_limits;
	__u64 now = bpf_ktime_get_ns() * WEIR_TICKS_PER_NS;
	int charged = CHARGED;

	for (__u32 i = 0; i < WEIR_DECISION_LIMITS && i < n; i++) {
		struct weir_image_limit limit = weir_image_limit_at(&image, decision, i);
		__u64 burst = (__u64)limit.burst[1] << 32 | limit.burst[0];
		struct weir_bucket *bucket = bpf_map_lookup_elem(&buckets, &limit.bucket);

		if (bucket && gcra_take(&bucket->tat, now, limit_cost(&limit, &demand), burst))
			continue;
		if (bucket) {
			__sync_fetch_and_add(&bucket->dropped_packets, packets);
			__sync_fetch_and_add(&bucket->dropped_bytes, bytes);
		}
		if (limit.flags & WEIR_LIMIT_AUDIT) {
			charged = CHARGED_BUT_AUDIT;
			continue;
		}
		refund(&image, decision, i, &demand);
		return NOT_CHARGED;
	}
	return charged;
}

/* A decision is an offset in the image of one revision: of another it is to be made again. */
__weak __noinline int charge_known(__u32 decision, __u32 revision, __u32 packets, __u32 bytes)
{
	__u32 slot = WEIR_SLOT_ENFORCED, first = 0;
	void *inner = bpf_map_lookup_elem(&images, &slot);
	const __u32 *words = inner ? bpf_map_lookup_elem(inner, &first) : NULL;
	const struct weir_image image = { .words = words, .mask = weir_image_mask };

	if (!words || weir_image_header_word(&image, revision) != revision)
		return ANOTHER_IMAGE;
	return charge(words, decision, packets, bytes, 0);
}

/* Of a connection whose decision is known. */
static __always_inline int charge_again(const struct packet *pkt, const struct weir_flow *flow)
{
	__u32 segments = packet_segments(pkt);

	return charge_known(flow->decision, flow->revision, segments, packet_wire_bytes(pkt, segments));
}

static __always_inline enum weir_verdict over_limit(struct packet *pkt)
{
	pkt->f->counter = WEIR_COUNTER_NONE;
	return drop(pkt, WEIR_REASON_LIMIT);
}

#endif
