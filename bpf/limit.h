/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Charges a packet to the limits of its decision. All must conform; when one
 * doesn't, what the earlier ones were charged is given back.
 */
#ifndef WEIR_BPF_LIMIT_H
#define WEIR_BPF_LIMIT_H

#include "cold.h"
#include "ease.h"
#include "gcra.h"
#include "hold.h"
#include "transport.h"
#include "rescale.h"

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
	CONFORMS_UNKNOWN, /* the bucket belongs to another rate or burst: see rescale_limit() */
};

/* A packet that is to be charged, and to whom: in a map of the CPU's, as the stack has no room for it. */
struct charge {
	__u64 now;
	__u64 wait;			     /* limit ticks until it may leave, as far as limits have said */
	__u64 full_at[WEIR_DECISION_LIMITS]; /* each limit's bucket, with it charged; 0: it was not charged */
	__u32 segments;
	__u32 wire_bytes;
	__u32 opens;		    /* connections */
	__u32 kept;		    /* connections that an entry will stand for */
	__u32 held[WEIR_FLOW_HELD]; /* slots that it was given */
	struct opener opener;
	__u8 may_wait;
	__u8 marks;    /* bits: limits that want it marked */
	__u8 rescaled; /* the bucket has been looked after */
	__u8 at;       /* which of the decision's limits it is at */
	__u8 pad[4];
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
	__u32 units = charge->segments, most = WEIR_LIMIT_UNITS_MAX;

	if (limit->unit == WEIR_LIMIT_BYTES) {
		units = charge->wire_bytes;
		most = WEIR_LIMIT_BYTES_MAX;
	} else if (limit->unit == WEIR_LIMIT_CONNECTIONS) {
		units = charge->opens;
	}
	return (units < most ? units : most) * mult >> (limit->shift & 63);
}

static __always_inline __u64 limit_burst(const struct weir_image_limit *limit)
{
	return (__u64)limit->burst[1] << 32 | limit->burst[0];
}

/* How far ahead of now its bucket may be. */
static __always_inline __u64 limit_most(const struct weir_image_limit *limit)
{
	return limit_burst(limit) + (limit->flags & WEIR_LIMIT_PACE ? PACE_HORIZON : 0);
}

static __always_inline void count_passed(__u32 index, const struct charge *charge, bool waits)
{
	struct weir_charged *count = bpf_map_lookup_elem(&charged, &index);

	if (!count)
		return;
	count->passed_packets += charge->segments;
	count->passed_bytes += charge->wire_bytes;
	if (waits)
		count->paced_packets += charge->segments;
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
	const bool waits = ahead > burst && !(limit->flags & WEIR_LIMIT_AUDIT);

	charge->full_at[charge->at & (WEIR_DECISION_LIMITS - 1)] = charge->now + ahead;
	count_passed(limit->bucket, charge, waits);
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
	ask.burst = limit_burst(limit);
	ask.most = limit_most(limit);
	if (charge->may_wait && limit->flags & WEIR_LIMIT_PACE)
		ask.burst = ask.most;
	bucket = find_bucket(limit->bucket, limit->flags, &charge->opener);
	if (bucket && unlikely(!is_rescaled(bucket, limit)) && !charge->rescaled)
		return CONFORMS_UNKNOWN;
	if (bucket && gcra_ask(&bucket->tat, &ask, &ahead))
		return ease(limit, bucket, ask.cost, ahead, charge);
	count_dropped(limit->bucket, bucket, charge);
	return CONFORMS_NOT;
}

/* A function of its own, as few packets need it and the stack of the others is full. */
__weak __noinline int rescale_limit(const struct weir_image_limit *limit, struct charge *charge)
{
	struct weir_bucket *bucket;

	if (!limit || !charge)
		return 0;
	charge->rescaled = true;
	bucket = find_bucket(limit->bucket, limit->flags, &charge->opener);
	if (bucket)
		rescale_bucket(bucket, limit, charge->now, limit_most(limit));
	return 0;
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
		return CONFORMS_NOT;
	if (!charge->kept)
		return CONFORMS;
	held = seen_word(slot_word(limit));
	cap = limit->burst[1] ? WEIR_CAP_SLOTS_MAX : limit->burst[0];
	bucket = find_bucket_of(held, &charge->opener);
	if (bucket && try_slots(bucket, held, SLOT_TAKE, cap)) {
		note_slot(charge, held);
		count_passed(limit->bucket, charge, false);
		return CONFORMS;
	}
	if (limit->flags & WEIR_LIMIT_AUDIT)
		note_slot(charge, slot_word(limit) | WEIR_HELD_OVER);
	count_dropped(limit->bucket, bucket, charge);
	return CONFORMS_NOT;
}

static __always_inline void give_back(__u32 held[WEIR_FLOW_HELD], const struct opener *opener)
{
	give_slot(held[0], opener);
	give_slot(held[1], opener);
	held[0] = held[1] = 0;
}

/*
 * Gives back what it was charged, if it was: a limit in audit mode may not have
 * had as much. A bucket that has been full since owes nothing:
 * another packet may have begun it anew by then, and what were taken off it would
 * be given twice. Until full_at nobody can have.
 */
__weak __noinline int refund_limit(const struct weir_image_limit *limit, const struct charge *charge)
{
	struct weir_bucket *bucket;
	__u64 cost, full_at;

	if (!limit || !charge)
		return 0;
	bucket = find_bucket(limit->bucket, limit->flags, &charge->opener);
	full_at = charge->full_at[charge->at & (WEIR_DECISION_LIMITS - 1)];
	if (!bucket || !full_at)
		return 0;
	cost = limit_cost(limit, charge);
	for (int i = 0; i < SWAP_TRIES; i++) {
		const __u64 seen = *(volatile __u64 *)&bucket->tat;

		if ((__s64)(full_at - gcra_now()) <= 0 ||
		    __sync_val_compare_and_swap(&bucket->tat, seen, seen - cost) == seen)
			break;
	}
	return 0;
}

static __always_inline void refund(const struct weir_image *image, __u32 decision, __u32 n, struct charge *charge)
{
	for (__u32 i = 0; i < WEIR_DECISION_LIMITS && i < n; i++) {
		struct weir_image_limit limit = weir_image_limit_at(image, decision, i);

		charge->at = i;
		if (limit.unit != WEIR_LIMIT_OPEN)
			refund_limit(&limit, charge);
	}
	give_back(charge->held, &charge->opener);
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

		charge->at = i;
		if (limit.flags & WEIR_LIMIT_PACE)
			charge->may_wait = CALL_STAGE(pkt, leaves_node, family);
		conforms = limit.unit == WEIR_LIMIT_OPEN ? charge_slot(&limit, charge) : charge_limit(&limit, charge);
		if (conforms == CONFORMS_UNKNOWN) {
			rescale_limit(&limit, charge);
			conforms = charge_limit(&limit, charge);
			charge->rescaled = false;
		}
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
	__u32 first = 0;
	struct charge *charge = bpf_map_lookup_elem(&charging, &first);
	struct weir_image image;
	int charged;

	if (!find_same_image(pkt->f->revision, &image))
		return ANOTHER_IMAGE;
	if (!charge)
		return NOT_CHARGED;
	__builtin_memset(charge, 0, sizeof(*charge));
	charge->now = gcra_now();
	charge->opens = !pkt->f->found && !pkt->f->later_fragment;
	charge->segments = packet_segments(pkt);
	charge->wire_bytes = packet_wire_bytes(pkt, charge->segments);
	charge->kept = !pkt->f->found && is_kept(pkt);
	opener_of_packet(pkt, family, &charge->opener);
	charged = charge_limits(pkt, family, &image, charge);
	if (charged != CHARGED && charged != CHARGED_BUT_AUDIT)
		return charged;
	pkt->f->held[0] = charge->held[0];
	pkt->f->held[1] = charge->held[1];
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
