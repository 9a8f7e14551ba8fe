/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Charges a packet to the limits of its decision. All must conform; when one
 * doesn't, what the earlier ones were charged is given back. A limit per
 * identity or address has a bucket for each opener in a table that makes room
 * by itself; all others are in an array.
 */
#ifndef WEIR_BPF_LIMIT_H
#define WEIR_BPF_LIMIT_H

#include "account.h"
#include "cold.h"
#include "gcra.h"

static const struct weir_bucket empty_bucket;

enum charged {
	CHARGED,
	CHARGED_BUT_AUDIT, /* over a limit that only says so */
	NOT_CHARGED,
	NOT_CHARGED_REJECT, /* and to be answered */
	ANOTHER_IMAGE,
};

/* A packet that is to be charged, and to whom. */
struct charge {
	__u64 now;
	__u32 segments;
	__u32 wire_bytes;
	__u32 opens; /* connections */
	__u32 family;
	__u32 identity; /* limits hold for what the opener of a connection sends: so the opener is the source */
	__u8 address[16];
	__u32 pad;
};

static __always_inline __u64 limit_cost(const struct weir_image_limit *limit, const struct charge *charge)
{
	__u64 mult = (__u64)limit->mult[1] << 32 | limit->mult[0];
	__u32 units = charge->segments;

	if (limit->unit == WEIR_LIMIT_BYTES)
		units = charge->wire_bytes;
	else if (limit->unit == WEIR_LIMIT_CONNECTIONS)
		units = charge->opens;
	return units * mult >> (limit->shift & 63);
}

static __always_inline struct weir_bucket *find_source(const struct weir_image_limit *limit,
						       const struct charge *charge)
{
	struct weir_source_key key = { .bucket = limit->bucket };
	struct weir_bucket *bucket;

	if (limit->flags & WEIR_LIMIT_PER_IDENTITY) {
		key.identity = charge->identity;
	} else {
		key.family = charge->family;
		__builtin_memcpy(key.address, charge->address, sizeof(key.address));
	}
	bucket = bpf_map_lookup_elem(&sources, &key);
	if (bucket)
		return bucket;
	if (!bpf_map_update_elem(&sources, &key, &empty_bucket, BPF_NOEXIST))
		tally_add(WEIR_TALLY_SOURCES, 1);
	return bpf_map_lookup_elem(&sources, &key);
}

static __always_inline struct weir_bucket *find_bucket(const struct weir_image_limit *limit,
						       const struct charge *charge)
{
	const __u32 bucket = limit->bucket;

	if (limit->flags & (WEIR_LIMIT_PER_IDENTITY | WEIR_LIMIT_PER_ADDRESS))
		return find_source(limit, charge);
	return bpf_map_lookup_elem(&buckets, &bucket);
}

static __always_inline void count_passed(__u32 index, const struct charge *charge)
{
	struct weir_charged *count = bpf_map_lookup_elem(&charged, &index);

	if (count) {
		count->passed_packets += charge->segments;
		count->passed_bytes += charge->wire_bytes;
	}
}

static __always_inline void count_dropped(__u32 index, struct weir_bucket *bucket, const struct charge *charge)
{
	struct weir_charged *count = bpf_map_lookup_elem(&charged, &index);

	if (count) {
		count->dropped_packets += charge->segments;
		count->dropped_bytes += charge->wire_bytes;
	}
	if (bucket) {
		__sync_fetch_and_add(&bucket->dropped_packets, charge->segments);
		__sync_fetch_and_add(&bucket->dropped_bytes, charge->wire_bytes);
	}
}

/* Whether the packet conforms to the limit; one that has no bucket lets nothing through. */
__weak __noinline int charge_limit(const struct weir_image_limit *limit, const struct charge *charge)
{
	struct weir_bucket *bucket;
	__u64 burst;

	if (!limit || !charge)
		return false;
	if (limit->unit == WEIR_LIMIT_CONNECTIONS && !charge->opens)
		return true;
	burst = (__u64)limit->burst[1] << 32 | limit->burst[0];
	bucket = find_bucket(limit, charge);
	if (bucket && gcra_take(&bucket->tat, charge->now, limit_cost(limit, charge), burst)) {
		count_passed(limit->bucket, charge);
		return true;
	}
	count_dropped(limit->bucket, bucket, charge);
	return false;
}

/* Gives back what it was charged. */
__weak __noinline int refund_limit(const struct weir_image_limit *limit, const struct charge *charge)
{
	struct weir_bucket *bucket;

	if (!limit || !charge)
		return 0;
	bucket = find_bucket(limit, charge);
	if (bucket)
		__sync_fetch_and_add(&bucket->tat, -limit_cost(limit, charge));
	return 0;
}

static __always_inline void refund(const struct weir_image *image, __u32 decision, __u32 n, const struct charge *charge)
{
	for (__u32 i = 0; i < WEIR_DECISION_LIMITS && i < n; i++) {
		struct weir_image_limit limit = weir_image_limit_at(image, decision, i);

		refund_limit(&limit, charge);
	}
}

/* *bucket: of the last limit that it is over, + 1. */
static __always_inline int charge_limits(const struct weir_image *image, __u32 decision, const struct charge *charge,
					 __u32 *bucket)
{
	const __u32 n = weir_image_decision_at(image, decision).n_limits;
	int ret = CHARGED;

	for (__u32 i = 0; i < WEIR_DECISION_LIMITS && i < n; i++) {
		struct weir_image_limit limit = weir_image_limit_at(image, decision, i);

		if (charge_limit(&limit, charge))
			continue;
		*bucket = limit.bucket + 1;
		if (limit.flags & WEIR_LIMIT_AUDIT) {
			ret = CHARGED_BUT_AUDIT;
			continue;
		}
		refund(image, decision, i, charge);
		return limit.flags & WEIR_LIMIT_REJECT && charge->opens ? NOT_CHARGED_REJECT : NOT_CHARGED;
	}
	return ret;
}

static __always_inline void fill_source(const struct packet *pkt, enum weir_family family, struct charge *ret)
{
	const bool in = pkt->f->opener == WEIR_INGRESS;

	ret->identity = in ? pkt->f->peer : pkt->f->identity;
	ret->family = family;
	if (family == WEIR_IPV4)
		__builtin_memcpy(ret->address + 12, in ? &pkt->key->v4.remote : &pkt->key->v4.local, 4);
	else
		__builtin_memcpy(ret->address, in ? pkt->key->v6.remote : pkt->key->v6.local, 16);
}

/*
 * Charges the limits of the decision that facts hold. That is an offset in the
 * image of one revision: of another it is to be made again.
 */
static __always_inline int charge(struct packet *pkt, enum weir_family family)
{
	__u32 slot = WEIR_SLOT_ENFORCED, first = 0;
	void *inner = bpf_map_lookup_elem(&images, &slot);
	const __u32 *words = inner ? bpf_map_lookup_elem(inner, &first) : NULL;
	const struct weir_image image = { .words = words, .mask = weir_image_mask };
	struct charge charge = { .now = gcra_now(), .opens = !pkt->f->found && !pkt->f->later_fragment };

	if (!words || weir_image_header_word(&image, revision) != pkt->f->revision)
		return ANOTHER_IMAGE;
	charge.segments = packet_segments(pkt);
	charge.wire_bytes = packet_wire_bytes(pkt, charge.segments);
	fill_source(pkt, family, &charge);
	return charge_limits(&image, pkt->f->decision, &charge, &pkt->f->bucket);
}

COLD_STAGE(charge)

static __always_inline enum weir_verdict over_limit(struct packet *pkt, int charged)
{
	pkt->f->account = limited_row(pkt->f->account);
	pkt->f->counter = WEIR_COUNTER_NONE;
	pkt->f->reason = WEIR_REASON_LIMIT;
	return charged == NOT_CHARGED_REJECT ? WEIR_VERDICT_REJECT : WEIR_VERDICT_DROP;
}

#endif
