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
#include "ease.h"
#include "gcra.h"

static const struct weir_bucket empty_bucket;

enum charged {
	CHARGED,
	CHARGED_BUT_AUDIT, /* over a limit that only says so */
	NOT_CHARGED,
	NOT_CHARGED_REJECT, /* and to be answered */
	ANOTHER_IMAGE,
};

/* What one limit says of a packet. */
enum conforms {
	CONFORMS_NOT,
	CONFORMS,
	CONFORMS_AND_MARKS,
};

/* A packet that is to be charged, and to whom: in a map of the CPU's, as the stack has no room for it. */
struct charge {
	__u64 now;
	__u64 wait; /* limit ticks until it may leave, as far as limits have said */
	__u32 segments;
	__u32 wire_bytes;
	__u32 opens; /* connections */
	__u32 family;
	__u32 identity; /* limits hold for what the opener of a connection sends: so the opener is the source */
	__u8 address[16];
	__u8 may_wait;
	__u8 marks; /* bits: limits that want it marked */
	__u8 pad[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct charge);
} charging SEC(".maps");

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

static __always_inline __u64 limit_burst(const struct weir_image_limit *limit)
{
	return (__u64)limit->burst[1] << 32 | limit->burst[0];
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

/* The packet is within the limit. ahead: how far the bucket is ahead of now, with it. */
static __always_inline int ease(const struct weir_image_limit *limit, struct weir_bucket *bucket, __u64 cost,
				__u64 ahead, struct charge *charge)
{
	const __u64 burst = limit_burst(limit);
	const __u32 index = limit->bucket;
	struct weir_charged *count = bpf_map_lookup_elem(&charged, &index);
	const bool waits = ahead > burst && !(limit->flags & WEIR_LIMIT_AUDIT);

	if (count) {
		count->passed_packets += charge->segments;
		count->passed_bytes += charge->wire_bytes;
		if (waits)
			count->paced_packets += charge->segments;
	}
	if (waits && ahead - burst > charge->wait)
		charge->wait = ahead - burst;
	if ((limit->flags & (WEIR_LIMIT_MARK | WEIR_LIMIT_AUDIT)) != WEIR_LIMIT_MARK)
		return CONFORMS;
	return wants_mark(bucket, ahead - cost, burst) ? CONFORMS_AND_MARKS : CONFORMS;
}

/* Whether the packet conforms to the limit; one that has no bucket lets nothing through. */
__weak __noinline int charge_limit(const struct weir_image_limit *limit, struct charge *charge)
{
	struct weir_bucket *bucket;
	struct gcra_ask ask;
	__u64 ahead;

	if (!limit || !charge)
		return CONFORMS_NOT;
	if (limit->unit == WEIR_LIMIT_CONNECTIONS && !charge->opens)
		return CONFORMS;
	ask.now = charge->now;
	ask.cost = limit_cost(limit, charge);
	ask.burst = ask.most = limit_burst(limit);
	if (limit->flags & WEIR_LIMIT_PACE) {
		ask.most += PACE_HORIZON;
		if (charge->may_wait)
			ask.burst = ask.most;
	}
	bucket = find_bucket(limit, charge);
	if (bucket && gcra_ask(&bucket->tat, &ask, &ahead))
		return ease(limit, bucket, ask.cost, ahead, charge);
	count_dropped(limit->bucket, bucket, charge);
	return CONFORMS_NOT;
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

static __always_inline int charge_limits(struct packet *pkt, enum weir_family family, const struct weir_image *image,
					 struct charge *charge)
{
	const __u32 decision = pkt->f->decision;
	const __u32 n = weir_image_decision_at(image, decision).n_limits;
	int ret = CHARGED;

	for (__u32 i = 0; i < WEIR_DECISION_LIMITS && i < n; i++) {
		struct weir_image_limit limit = weir_image_limit_at(image, decision, i);
		int conforms;

		if (limit.flags & WEIR_LIMIT_PACE)
			charge->may_wait = CALL_STAGE(pkt, leaves_node, family);
		conforms = charge_limit(&limit, charge);
		if (conforms == CONFORMS_AND_MARKS)
			charge->marks |= 1u << i;
		if (conforms)
			continue;
		pkt->f->bucket = limit.bucket + 1;
		if (limit.flags & WEIR_LIMIT_AUDIT) {
			ret = CHARGED_BUT_AUDIT;
			continue;
		}
		refund(image, decision, i, charge);
		return limit.flags & WEIR_LIMIT_REJECT && charge->opens ? NOT_CHARGED_REJECT : NOT_CHARGED;
	}
	return ret;
}

static __always_inline void count_marked(const struct weir_image *image, __u32 decision, const struct charge *charge)
{
	for (__u32 i = 0; i < WEIR_DECISION_LIMITS; i++) {
		const __u32 bucket = weir_image_limit_at(image, decision, i).bucket;
		struct weir_charged *count = charge->marks & 1u << i ? bpf_map_lookup_elem(&charged, &bucket) : NULL;

		if (count)
			count->marked_packets += charge->segments;
	}
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
	struct charge *charge = bpf_map_lookup_elem(&charging, &first);
	int charged;

	if (!words || weir_image_header_word(&image, revision) != pkt->f->revision)
		return ANOTHER_IMAGE;
	if (!charge)
		return NOT_CHARGED;
	__builtin_memset(charge, 0, sizeof(*charge));
	charge->now = gcra_now();
	charge->opens = !pkt->f->found && !pkt->f->later_fragment;
	charge->segments = packet_segments(pkt);
	charge->wire_bytes = packet_wire_bytes(pkt, charge->segments);
	fill_source(pkt, family, charge);
	charged = charge_limits(pkt, family, &image, charge);
	if (charged != CHARGED && charged != CHARGED_BUT_AUDIT)
		return charged;
	if (charge->marks && mark_packet(pkt->ctx, pkt->f->network, family))
		count_marked(&image, pkt->f->decision, charge);
	if (charge->wait)
		delay(pkt, charge->wait);
	return charged;
}

/* As COLD_STAGE() has it but for a copy of the key, which is not looked up here: the stack is what runs out first. */
#define CHARGE_STAGE(family, member)                                                               \
	__weak __noinline int charge##member(struct __sk_buff *ctx, struct facts *facts,           \
					     struct weir_flow##member##_key *flow_key)             \
	{                                                                                          \
		struct packet pkt = { .f = facts, .ctx = ctx, .key = (union flow_key *)flow_key }; \
                                                                                                   \
		if (!facts || !flow_key)                                                           \
			return NOT_CHARGED;                                                        \
		return charge(&pkt, family);                                                       \
	}

CHARGE_STAGE(WEIR_IPV4, 4)
CHARGE_STAGE(WEIR_IPV6, 6)

static __always_inline enum weir_verdict over_limit(struct packet *pkt, int charged)
{
	pkt->f->account = limited_row(pkt->f->account);
	pkt->f->counter = WEIR_COUNTER_NONE;
	pkt->f->reason = WEIR_REASON_LIMIT;
	return charged == NOT_CHARGED_REJECT ? WEIR_VERDICT_REJECT : WEIR_VERDICT_DROP;
}

#endif
