/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The slots of a flow's entry (slot.h), whatever becomes of the entry. Not inlined: for the stack's sake. */
#ifndef WEIR_BPF_HOLD_H
#define WEIR_BPF_HOLD_H

#include "clock.h"
#include "slot.h"
#include "tables.h"

/* --- it goes, or comes to an end --- */

__subprogram int drop_flow(struct weir_flow *flow, const union flow_key *key, int family)
{
	struct opener opener;

	if (family == WEIR_IPV4)
		fill_opener_of(flow, key, WEIR_IPV4, &opener);
	else
		fill_opener_of(flow, key, WEIR_IPV6, &opener);
	drop_both(flow, &opener);
	return 0;
}

__subprogram int settle_flow(struct weir_flow *flow, const union flow_key *key, int family)
{
	struct opener opener;

	if (family == WEIR_IPV4)
		fill_opener_of(flow, key, WEIR_IPV4, &opener);
	else
		fill_opener_of(flow, key, WEIR_IPV6, &opener);
	settle_slots(flow, &opener);
	return 0;
}

static __always_inline struct weir_flow *look_up_any(enum weir_flow_table table, int family, const union flow_key *key)
{
	return family == WEIR_IPV4 ? look_up_flow(table, WEIR_IPV4, key) : look_up_flow(table, WEIR_IPV6, key);
}

/* What a new entry takes the place of: an expired one, which is none, or an opening of the same name. */
__subprogram int drop_replaced(const union flow_key *key, int family, int table)
{
	struct weir_flow *flow = table == WEIR_EXCHANGES ? look_up_any(WEIR_EXCHANGES, family, key)
							 : look_up_any(WEIR_OPENINGS, family, key);

	if (flow && holds_any(flow))
		drop_flow(flow, key, family);
	return 0;
}

/* A connection that is over makes room for a new one of the same name; one that goes on is left to the two ends to
 * settle. */
__subprogram int end_former(const union flow_key *key, int family)
{
	struct weir_flow *flow = look_up_any(WEIR_CONNECTIONS, family, key);

	if (!flow || !(is_over(flow) || flow_has_expired(flow, clock_ticks())))
		return 0;
	if (holds_any(flow))
		drop_flow(flow, key, family);
	if (family == WEIR_IPV4)
		leave_flow(WEIR_CONNECTIONS, WEIR_IPV4, key);
	else
		leave_flow(WEIR_CONNECTIONS, WEIR_IPV6, key);
	return 0;
}

static __always_inline void drop_if_expired(struct weir_flow *flow, const union flow_key *key, int family)
{
	if (flow && holds_any(flow) && flow_has_expired(flow, clock_ticks()))
		drop_flow(flow, key, family);
}

/* What an expired entry holds shall not stand in the way of a connection of the same name. */
static __always_inline int drop_expired(const union flow_key *key, int family, int table)
{
	if (table == WEIR_EXCHANGES) {
		drop_if_expired(look_up_any(WEIR_EXCHANGES, family, key), key, family);
		return 0;
	}
	drop_if_expired(look_up_any(WEIR_CONNECTIONS, family, key), key, family);
	drop_if_expired(look_up_any(WEIR_OPENINGS, family, key), key, family);
	return 0;
}

/* --- it moves --- */

/* A word is nobody else's from when it is taken out of the one entry until it stands in the other, if there is one. */
static __always_inline void carry_slot(__u32 held, __u32 *to, const struct opener *opener)
{
	if (held && (!to || __sync_val_compare_and_swap(to, 0, held)))
		give_slot(held, opener);
}

/* --- its decision is made again --- */

/* False: it is another one by now. */
static __always_inline bool find_same_image(__u32 revision, struct weir_image *ret)
{
	__u32 slot = WEIR_SLOT_ENFORCED, first = 0;
	void *inner = bpf_map_lookup_elem(&images, &slot);

	ret->words = inner ? bpf_map_lookup_elem(inner, &first) : NULL;
	ret->mask = weir_image_mask;
	return ret->words && weir_image_header_word(ret, revision) == revision;
}

/*
 * Of a decision: the words that its caps ask for, the second one in the upper
 * half, with WEIR_HELD_OVER where it only counts.
 */
__subprogram __u64 wanted_slots(const __u32 *words, __u32 decision)
{
	const struct weir_image image = { .words = words, .mask = weir_image_mask };
	const __u32 n = weir_image_decision_at(&image, decision).n_limits;
	__u64 wanted = 0;

	for (__u32 i = 0; i < WEIR_DECISION_LIMITS && i < n; i++) {
		const struct weir_image_limit limit = weir_image_limit_at(&image, decision, i);
		const __u32 word = slot_word(&limit) | (limit.flags & WEIR_LIMIT_AUDIT ? WEIR_HELD_OVER : 0);

		if (limit.unit != WEIR_LIMIT_OPEN)
			continue;
		if (!wanted)
			wanted = word;
		else
			wanted = (__u32)wanted | (__u64)word << 32;
	}
	return wanted;
}

static __always_inline bool is_wanted(__u32 held, __u32 wanted, bool same_source)
{
	const __u32 which = WEIR_HELD_BUCKET | WEIR_HELD_PER_IDENTITY | WEIR_HELD_PER_ADDRESS;

	if ((held ^ wanted) & which || !(held & which))
		return false;
	if (held & WEIR_HELD_OVER && !(wanted & WEIR_HELD_OVER))
		return false;
	return same_source || !(held & WEIR_HELD_PER_IDENTITY);
}

static __always_inline void hold_wanted(__u32 *held, __u32 wanted, bool same_source, const struct opener *opener)
{
	const __u32 was = *(volatile __u32 *)held;

	if (is_wanted(was, wanted, same_source) || !(was | wanted))
		return;
	give_slot(__sync_lock_test_and_set(held, wanted ? (wanted & ~WEIR_HELD_OVER) | WEIR_HELD_FREED : 0), opener);
}

/*
 * A cap that is new to an open connection doesn't cut it: the connection counts,
 * beyond the cap if need be, once settle_flow() has been called. One that it has
 * already goes on as it is, and one that is gone is given back, to whom the
 * entry's source still says. Of two packets that do this at a time each gives
 * back what it has taken out of the entry.
 */
__subprogram int hold_again(struct weir_flow *flow, const union flow_key *key, int family, const struct facts *facts)
{
	const __u32 source = facts->opener == WEIR_INGRESS ? facts->peer : facts->identity;
	const bool same_source = source == flow->source;
	struct weir_image image;
	struct opener opener;
	__u32 first, second;
	__u64 wanted;

	if (*(volatile __u32 *)&flow->generation != facts->flow_generation || !find_same_image(facts->revision, &image))
		return 0;
	wanted = wanted_slots(image.words, facts->decision);
	first = wanted;
	second = wanted >> 32;
	if (family == WEIR_IPV4)
		fill_opener_of(flow, key, WEIR_IPV4, &opener);
	else
		fill_opener_of(flow, key, WEIR_IPV6, &opener);
	/* The same caps in another order. */
	if (is_wanted(flow->held[0], second, same_source) || is_wanted(flow->held[1], first, same_source)) {
		const __u32 other = __sync_lock_test_and_set(&flow->held[1], 0);

		carry_slot(__sync_lock_test_and_set(&flow->held[0], other), &flow->held[1], &opener);
	}
	hold_wanted(&flow->held[0], first, same_source, &opener);
	hold_wanted(&flow->held[1], second, same_source, &opener);
	return 0;
}

#endif
