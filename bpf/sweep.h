/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Takes expired entries out of a flow table and counts the others, where they
 * are: the agent runs it now and then. Packets don't depend on it, as a look-up
 * takes no notice of an expired entry.
 */
#ifndef WEIR_BPF_SWEEP_H
#define WEIR_BPF_SWEEP_H

#include "hold.h"

/* In a recount: counts the slots that nobody has counted yet. Counted first, so that one that is freed is seen. */
static __always_inline void see_slot(__u32 *held, const struct opener *opener)
{
	const __u32 was = *(volatile __u32 *)held;

	if (!counts(was) || is_seen(was) || !move_slot(was, opener, SLOT_SEE, 0))
		return;
	if (__sync_val_compare_and_swap(held, was, seen_word(was)) != was)
		move_slot(was, opener, SLOT_UNSEE, 0);
}

static __always_inline void sweep_slots(struct weir_flow *flow, const struct opener *opener, struct weir_sweep *sweep)
{
	if (flow_has_expired(flow, sweep->now)) {
		drop_slots(flow, opener);
		return;
	}
	settle_slots(flow, opener);
	if (sweep->recount) {
		see_slot(&flow->held[0], opener);
		see_slot(&flow->held[1], opener);
	}
	sweep->held += !!flow->held[0] + !!flow->held[1];
}

static __always_inline long sweep_flow(void *map, void *key, struct weir_flow *flow, struct weir_sweep *sweep)
{
	if (!flow_has_expired(flow, sweep->now))
		sweep->present++;
	else if (!bpf_map_delete_elem(map, key))
		sweep->removed++;
	return 0;
}

static long sweep_flow4(void *map, struct weir_flow4_key *key, struct weir_flow *flow, struct weir_sweep *sweep)
{
	struct opener opener;

	if (holds_any(flow)) {
		fill_opener_of(flow, (union flow_key *)key, WEIR_IPV4, &opener);
		sweep_slots(flow, &opener, sweep);
	}
	return sweep_flow(map, key, flow, sweep);
}

static long sweep_flow6(void *map, struct weir_flow6_key *key, struct weir_flow *flow, struct weir_sweep *sweep)
{
	struct opener opener;

	if (holds_any(flow)) {
		fill_opener_of(flow, (union flow_key *)key, WEIR_IPV6, &opener);
		sweep_slots(flow, &opener, sweep);
	}
	return sweep_flow(map, key, flow, sweep);
}

/* Before 6.9 each call must be of one map alone; the comment keeps the compiler from making one call of several. */
#define SWEEP(map, each, sweep)                                \
	do {                                                   \
		bpf_for_each_map_elem(&(map), each, sweep, 0); \
		asm volatile("/* " #map " */");                \
	} while (0)

static __always_inline void sweep_table(struct weir_sweep *sweep)
{
	const bool v4 = sweep->family == WEIR_IPV4;

	if (sweep->table == WEIR_OPENINGS && v4)
		SWEEP(openings4, sweep_flow4, sweep);
	else if (sweep->table == WEIR_OPENINGS)
		SWEEP(openings6, sweep_flow6, sweep);
	else if (sweep->table == WEIR_CONNECTIONS && v4)
		SWEEP(connections4, sweep_flow4, sweep);
	else if (sweep->table == WEIR_CONNECTIONS)
		SWEEP(connections6, sweep_flow6, sweep);
	else if (v4)
		SWEEP(exchanges4, sweep_flow4, sweep);
	else
		SWEEP(exchanges6, sweep_flow6, sweep);
}

/*
 * What is counted and not held, or held and not counted, now as at the end of the
 * last recount, is put right: as much of it as both have found.
 */
static long correct_slots(void *map, void *key, struct weir_bucket *bucket, struct weir_sweep *sweep)
{
	const __u64 was = *(volatile __u64 *)&bucket->slots, slots = slots_in_recount(was);
	const __s64 seen = (__s64)slots >> WEIR_SLOTS_SEEN_SHIFT, drift = slots_open(slots) - seen;
	const __s64 last = bucket->drift;
	__s64 wrong = 0;

	if (drift > 0 && last > 0)
		wrong = drift < last ? drift : last;
	else if (drift < 0 && last < 0)
		wrong = drift > last ? drift : last;
	/* Fewer than none are seen only while a number is new. */
	if (seen < 0 || __sync_val_compare_and_swap(&bucket->slots, was, slots - wrong) != was)
		return 0;
	bucket->drift = drift - wrong;
	sweep->corrected += wrong < 0 ? -wrong : wrong;
	return 0;
}

static __always_inline void end_recount(struct weir_sweep *sweep)
{
	SWEEP(buckets, correct_slots, sweep);
	SWEEP(sources, correct_slots, sweep);
}

/* Of a table that there isn't, only the time is told. */
static __always_inline void sweep_flows(struct weir_sweep *asked)
{
	struct weir_sweep sweep = {
		.table = asked->table,
		.family = asked->family,
		.now = clock_ticks(),
		.recount = asked->recount,
	};

	if (sweep.table == WEIR_SWEEP_SLOTS) {
		end_recount(&sweep);
	} else if (sweep.table < WEIR_FLOW_TABLES && sweep.family < WEIR_FAMILIES) {
		sweep_table(&sweep);
		tally_add(WEIR_TALLY_LEFT + sweep.table * WEIR_FAMILIES + sweep.family, sweep.removed);
	}
	/* In one place: of stores in several the compiler makes one at an offset that the verifier doesn't take. */
	asked->now = sweep.now;
	asked->present = sweep.present;
	asked->removed = sweep.removed;
	asked->held = sweep.held;
	asked->corrected = sweep.corrected;
}

#endif
