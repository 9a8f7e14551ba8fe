/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Charges a packet to the limits of its decision. All must conform; when one
 * doesn't, what the earlier ones were charged is given back.
 */
#ifndef WEIR_BPF_LIMIT_H
#define WEIR_BPF_LIMIT_H

#include "cold.h"
#include "gcra.h"
#include "hold.h"
#include "transport.h"

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
	__u32 opens;		    /* connections */
	__u32 kept;		    /* connections that an entry will stand for */
	__u32 held[WEIR_FLOW_HELD]; /* slots that it was given */
	struct opener opener;
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
	bucket = find_bucket(limit->bucket, limit->flags, &charge->opener);
	if (bucket && gcra_take(&bucket->tat, charge->now, limit_cost(limit, charge), burst)) {
		count_passed(limit->bucket, charge);
		return true;
	}
	count_dropped(limit->bucket, bucket, charge);
	return false;
}

static __always_inline void note_slot(struct charge *charge, __u32 held)
{
	if (!charge->held[0])
		charge->held[0] = held;
	else
		charge->held[1] = held;
}

/* Whether there is a slot for the connection that the packet opens; the charge notes it then. */
__weak __noinline int charge_slot(const struct weir_image_limit *limit, struct charge *charge)
{
	struct weir_bucket *bucket;
	__u32 held, cap;

	if (!limit || !charge)
		return false;
	if (!charge->kept)
		return true;
	held = seen_word(slot_word(limit));
	cap = limit->burst[1] ? WEIR_CAP_SLOTS_MAX : limit->burst[0];
	bucket = find_bucket_of(held, &charge->opener);
	if (bucket && try_slots(bucket, held, SLOT_TAKE, cap)) {
		note_slot(charge, held);
		count_passed(limit->bucket, charge);
		return true;
	}
	if (limit->flags & WEIR_LIMIT_AUDIT)
		note_slot(charge, slot_word(limit) | WEIR_HELD_OVER);
	count_dropped(limit->bucket, bucket, charge);
	return false;
}

static __always_inline void give_back(__u32 held[WEIR_FLOW_HELD], const struct opener *opener)
{
	give_slot(held[0], opener);
	give_slot(held[1], opener);
	held[0] = held[1] = 0;
}

/* Gives back what it was charged. */
__weak __noinline int refund_limit(const struct weir_image_limit *limit, const struct charge *charge)
{
	struct weir_bucket *bucket;

	if (!limit || !charge)
		return 0;
	bucket = find_bucket(limit->bucket, limit->flags, &charge->opener);
	if (bucket)
		__sync_fetch_and_add(&bucket->tat, -limit_cost(limit, charge));
	return 0;
}

static __always_inline void refund(const struct weir_image *image, __u32 decision, __u32 n, struct charge *charge)
{
	for (__u32 i = 0; i < WEIR_DECISION_LIMITS && i < n; i++) {
		struct weir_image_limit limit = weir_image_limit_at(image, decision, i);

		if (limit.unit != WEIR_LIMIT_OPEN)
			refund_limit(&limit, charge);
	}
	give_back(charge->held, &charge->opener);
}

/* *bucket: of the last limit that it is over, + 1. */
static __always_inline int charge_limits(const struct weir_image *image, __u32 decision, struct charge *charge,
					 __u32 *bucket)
{
	const __u32 n = weir_image_decision_at(image, decision).n_limits;
	int ret = CHARGED;

	for (__u32 i = 0; i < WEIR_DECISION_LIMITS && i < n; i++) {
		struct weir_image_limit limit = weir_image_limit_at(image, decision, i);

		if (limit.unit == WEIR_LIMIT_OPEN ? charge_slot(&limit, charge) : charge_limit(&limit, charge))
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

static __always_inline void opener_of_packet(const struct packet *pkt, enum weir_family family, struct opener *ret)
{
	const bool in = pkt->f->opener == WEIR_INGRESS;

	ret->identity = in ? pkt->f->peer : pkt->f->identity;
	fill_opener(in, pkt->key, family, ret);
}

/*
 * Charges the limits of the decision that facts hold. That is an offset in the
 * image of one revision: of another it is to be made again.
 */
static __always_inline int charge(struct packet *pkt, enum weir_family family)
{
	struct charge charge = { .now = gcra_now(), .opens = !pkt->f->found && !pkt->f->later_fragment };
	struct weir_image image;
	int charged;

	if (!find_same_image(pkt->f->revision, &image))
		return ANOTHER_IMAGE;
	charge.segments = packet_segments(pkt);
	charge.wire_bytes = packet_wire_bytes(pkt, charge.segments);
	charge.kept = !pkt->f->found && is_kept(pkt);
	opener_of_packet(pkt, family, &charge.opener);
	charged = charge_limits(&image, pkt->f->decision, &charge, &pkt->f->bucket);
	pkt->f->held[0] = charge.held[0];
	pkt->f->held[1] = charge.held[1];
	return charged;
}

COLD_STAGE(charge)

static __always_inline enum weir_verdict over_limit(struct packet *pkt, int charged)
{
	pkt->f->counter = WEIR_COUNTER_NONE;
	pkt->f->reason = WEIR_REASON_LIMIT;
	return charged == NOT_CHARGED_REJECT ? WEIR_VERDICT_REJECT : WEIR_VERDICT_DROP;
}

#endif
