/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Slots of limits on open connections. A connection takes one of each such limit
 * when its first packet is admitted, and its flow entry says so in held[]; that
 * word is the slot, and the bucket only counts such words. Whoever changes one
 * by an atomic operation changes the count by what the word was before, so a slot
 * is given back once, however many packets end a connection at a time:
 *
 *	taken		before the entry is made, given back if none is
 *	freed		when the connection ends; the word stays, and a connection
 *			that goes on after a reset takes its slot again by it,
 *			even where the limit is reached by then
 *	dropped		with the entry, or with the limit; the word is 0 then
 *
 * An entry that the table pushes out takes its words with it, and a bucket of a
 * source that is pushed out its count. So a recount adds up the words that there
 * are, while packets come and go. It has a number. Whoever sees a word for the
 * first time in a recount puts that number on the word and counts it in its
 * bucket as seen: the sweep, which walks through all entries, or the packet that
 * takes the slot. A slot that is given back is taken off what is seen as well,
 * if it was seen. So at any time after the walk, what is seen is what is held,
 * and, as both stand in one word of the bucket, one compare-and-swap puts it in
 * the place of what is counted.
 *
 * What can still be missed: a word that is on its way from one entry to another
 * while the walk passes both, entries of a chain that changes under the walk, and
 * packets that have read the last number. The number is therefore moved on at the
 * end of a recount, a whole interval before the next one walks. And only what
 * two recounts in a row have found is corrected: a leak stays, what was missed is
 * somewhere else the next time. As a slot that is lost in the interval in which
 * it was taken still counts as seen, a leak is gone after three.
 */
#ifndef WEIR_BPF_SLOT_H
#define WEIR_BPF_SLOT_H

#include "bucket.h"

/* A swap fails only because another packet's succeeded. */
#define SLOT_TRIES 16

enum slot_change {
	SLOT_TAKE,
	SLOT_GIVE,
	SLOT_SEE, /* in a recount */
	SLOT_UNSEE,
};

static __always_inline __u32 recount_number(void)
{
	return *(volatile __u32 *)&weir_control.recount % WEIR_RECOUNTS;
}

static __always_inline __u32 seen_word(__u32 held)
{
	return (held & ~WEIR_HELD_RECOUNT) | recount_number() << WEIR_HELD_RECOUNT_SHIFT;
}

static __always_inline bool is_seen(__u32 held)
{
	return (held & WEIR_HELD_RECOUNT) >> WEIR_HELD_RECOUNT_SHIFT == recount_number();
}

static __always_inline bool counts(__u32 held)
{
	return held & WEIR_HELD_BUCKET && !(held & (WEIR_HELD_OVER | WEIR_HELD_FREED));
}

static __always_inline __u32 slots_open(__u64 slots)
{
	return slots & WEIR_SLOTS_OPEN;
}

/* Whoever comes first in a recount begins it for the bucket. */
static __always_inline __u64 slots_in_recount(__u64 slots)
{
	const __u64 number = (__u64)recount_number() << WEIR_SLOTS_RECOUNT_SHIFT;

	return (slots & WEIR_SLOTS_RECOUNT) == number ? slots : (slots & WEIR_SLOTS_OPEN) | number;
}

static __always_inline __u64 change_slots(__u64 slots, __u32 held, enum slot_change how)
{
	const __u64 seen = 1ull << WEIR_SLOTS_SEEN_SHIFT;

	switch (how) {
	case SLOT_TAKE:
		return slots + 1 + seen;
	case SLOT_GIVE:
		return slots - !!slots_open(slots) - (is_seen(held) ? seen : 0);
	case SLOT_SEE:
		return slots + seen;
	default:
		return slots - seen;
	}
}

static __always_inline bool try_slots(struct weir_bucket *bucket, __u32 held, enum slot_change how, __u32 cap)
{
	for (int i = 0; i < SLOT_TRIES; i++) {
		const __u64 was = *(volatile __u64 *)&bucket->slots, slots = slots_in_recount(was);

		if (how == SLOT_TAKE && slots_open(slots) >= cap)
			return false;
		if (__sync_val_compare_and_swap(&bucket->slots, was, change_slots(slots, held, how)) == was)
			return true;
	}
	/* Given back all the same; what is seen is put right by the next recount. */
	if (how == SLOT_GIVE && slots_open(*(volatile __u64 *)&bucket->slots))
		__sync_fetch_and_add(&bucket->slots, -1ull);
	return false;
}

static __always_inline struct weir_bucket *find_bucket_of(__u32 held, const struct opener *opener)
{
	const __u32 flags = (held & WEIR_HELD_PER_IDENTITY ? WEIR_LIMIT_PER_IDENTITY : 0) |
			    (held & WEIR_HELD_PER_ADDRESS ? WEIR_LIMIT_PER_ADDRESS : 0);

	return find_bucket((held & WEIR_HELD_BUCKET) - 1, flags, opener);
}

/* held: a word of held[]. False: not taken. */
__weak __noinline int move_slot(__u32 held, const struct opener *opener, __u32 how, __u32 cap)
{
	struct weir_bucket *bucket;

	if (!opener)
		return false;
	bucket = find_bucket_of(held, opener);
	return bucket && try_slots(bucket, held, how, cap);
}

static __always_inline __u32 slot_word(const struct weir_image_limit *limit)
{
	return ((limit->bucket + 1) & WEIR_HELD_BUCKET) |
	       (limit->flags & WEIR_LIMIT_PER_IDENTITY ? WEIR_HELD_PER_IDENTITY : 0) |
	       (limit->flags & WEIR_LIMIT_PER_ADDRESS ? WEIR_HELD_PER_ADDRESS : 0);
}

static __always_inline bool holds_any(const struct weir_flow *flow)
{
	return flow->held[0] | flow->held[1];
}

static __always_inline void fill_opener_of(const struct weir_flow *flow, const union flow_key *key,
					   enum weir_family family, struct opener *ret)
{
	ret->identity = flow->source;
	fill_opener(flow->opener == WEIR_INGRESS, key, family, ret);
}

static __always_inline void give_slot(__u32 held, const struct opener *opener)
{
	if (counts(held))
		move_slot(held, opener, SLOT_GIVE, 0);
}

static __always_inline void drop_both(struct weir_flow *flow, const struct opener *opener)
{
	for (int i = 0; i < WEIR_FLOW_HELD; i++)
		give_slot(__sync_lock_test_and_set(&flow->held[i], 0), opener);
}

__weak __noinline int drop_slots(struct weir_flow *flow, const struct opener *opener)
{
	if (flow && opener)
		drop_both(flow, opener);
	return 0;
}

static __always_inline void free_slot(__u32 *held, const struct opener *opener)
{
	if (counts(*(volatile __u32 *)held))
		give_slot(__sync_fetch_and_or(held, WEIR_HELD_FREED), opener);
}

/* Also beyond the cap. Counted first: a slot that is freed meanwhile is not one too few. */
static __always_inline void regain_slot(__u32 *held, const struct opener *opener)
{
	const __u32 was = *(volatile __u32 *)held, now = seen_word(was & ~WEIR_HELD_FREED);

	if (!(was & WEIR_HELD_FREED) || !counts(now) || !move_slot(now, opener, SLOT_TAKE, WEIR_CAP_SLOTS_MAX))
		return;
	if (__sync_val_compare_and_swap(held, was, now) != was)
		give_slot(now, opener);
}

/* A connection that is over, or was refused since, holds no slots, and any other does. */
static __always_inline bool is_over(const struct weir_flow *flow)
{
	return flow->state == WEIR_FLOW_CLOSED || flow->state == WEIR_FLOW_TIME_WAIT || flow->flags & WEIR_FLOW_REVOKED;
}

__weak __noinline int settle_slots(struct weir_flow *flow, const struct opener *opener)
{
	bool over;

	if (!flow || !opener)
		return 0;
	over = is_over(flow);
	for (int i = 0; i < WEIR_FLOW_HELD; i++) {
		if (over)
			free_slot(&flow->held[i], opener);
		else
			regain_slot(&flow->held[i], opener);
	}
	return 0;
}

#endif
