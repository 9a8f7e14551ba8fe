/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flood shield of uplinks. In calm, XDP there leaves all to tc, and costs
 * next to nothing. A source that has more than a set rate of packets denied, or
 * a pod to which more than that are denied, is shielded for a time: then XDP
 * decides its packets, and drops what is denied before an skb is made.
 *
 * So the shield changes where packets are dropped, never which.
 */
#ifndef WEIR_BPF_SHIELD_H
#define WEIR_BPF_SHIELD_H

#include "clock.h"
#include "gcra.h"

static __always_inline bool has_shield(void)
{
	return weir_control.shield_cost;
}

static __always_inline bool is_before(__u32 now, __u32 until)
{
	return (__s32)(until - now) > 0;
}

static __always_inline void shield_key(const struct packet *pkt, enum weir_family family, bool remote,
				       struct weir_shield_key *ret)
{
	__builtin_memset(ret, 0, sizeof(*ret));
	ret->family = family;
	if (family == WEIR_IPV4)
		__builtin_memcpy(ret->addr + 12, remote ? &pkt->key->v4.remote : &pkt->key->v4.local, 4);
	else
		__builtin_memcpy(ret->addr, remote ? pkt->key->v6.remote : pkt->key->v6.local, 16);
}

static __always_inline bool is_up_for(const struct packet *pkt, enum weir_family family, bool remote, __u32 now)
{
	const struct weir_shield *shield;
	struct weir_shield_key key;

	shield_key(pkt, family, remote, &key);
	shield = bpf_map_lookup_elem(&shields, &key);
	return shield && is_before(now, shield->until);
}

/* Without a shield everybody counts as shielded. */
static __always_inline bool is_shielded(const struct packet *pkt, enum weir_family family)
{
	const __u32 now = clock_ticks();

	if (!has_shield())
		return true;
	if (likely(!is_before(now, weir_control.shield_until)))
		return false;
	return is_up_for(pkt, family, true, now) || is_up_for(pkt, family, false, now);
}

/* True when that is more than the rate allows. */
static __noinline bool note_denied_of(const struct weir_shield_key *of, __u64 now)
{
	const struct weir_shield first = { .tat = now + weir_control.shield_cost };
	const struct weir_shield_key key = *of;
	struct weir_shield *shield;

	shield = bpf_map_lookup_elem(&shields, &key);
	if (!shield) {
		bpf_map_update_elem(&shields, &key, &first, BPF_NOEXIST);
		return false;
	}
	if (gcra_take(&shield->tat, now, weir_control.shield_cost, weir_control.shield_burst))
		return false;
	shield->until = clock_ticks() + weir_control.shield_time;
	weir_control.shield_until = shield->until;
	return true;
}

/* A flood from made-up sources is known by its target, and shall not fill the table with them. */
static __always_inline int note_denied_flow(union flow_key *flow_key, enum weir_family family)
{
	const struct packet pkt = { .key = flow_key };
	const __u64 now = gcra_now();
	struct weir_shield_key key;

	shield_key(&pkt, family, false, &key);
	if (note_denied_of(&key, now))
		return 0;
	shield_key(&pkt, family, true, &key);
	return note_denied_of(&key, now);
}

/* Not inlined: for the stack's sake. */
static __noinline int note_denied4(struct weir_flow4_key *key)
{
	return note_denied_flow((union flow_key *)key, WEIR_IPV4);
}

static __noinline int note_denied6(struct weir_flow6_key *key)
{
	return note_denied_flow((union flow_key *)key, WEIR_IPV6);
}

static __always_inline void note_denied(struct packet *pkt, enum weir_family family)
{
	if (family == WEIR_IPV4)
		note_denied4(&pkt->key->v4);
	else
		note_denied6(&pkt->key->v6);
}

#endif
