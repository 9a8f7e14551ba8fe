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

/* Nobody is shielded; without a shield everybody counts as if he were. Costs no look-up. */
static __always_inline bool is_calm(void)
{
	return has_shield() && likely(!is_before(clock_ticks(), weir_control.shield_until));
}

/* The target first: whoever floods it, and from however many addresses, it is up for that one. */
static __always_inline bool is_shielded(const struct packet *pkt, enum weir_family family)
{
	const __u32 now = clock_ticks();

	return !has_shield() || is_up_for(pkt, family, false, now) || is_up_for(pkt, family, true, now);
}

/* True when that is more than the rate allows. The key is made here, as the caller's stack has no room for it. */
__subprogram bool note_denied_of(const void *addr, __u32 family, __u64 now, __u64 cost)
{
	const struct weir_shield first = { .tat = now + cost };
	struct weir_shield_key key = { .family = family };
	struct weir_shield *shield;

	if (family == WEIR_IPV4)
		__builtin_memcpy(key.addr + 12, addr, 4);
	else
		__builtin_memcpy(key.addr, addr, 16);
	shield = bpf_map_lookup_elem(&shields, &key);
	if (!shield) {
		bpf_map_update_elem(&shields, &key, &first, BPF_NOEXIST);
		return false;
	}
	if (gcra_take(&shield->tat, now, cost, weir_control.shield_burst))
		return false;
	shield->until = clock_ticks() + weir_control.shield_time;
	weir_control.shield_until = shield->until;
	return true;
}

/* A flood from made-up sources is known by its target, and shall not fill the table with them. */
static __always_inline void note_denied(const struct packet *pkt, enum weir_family family, __u32 packets)
{
	const __u64 now = gcra_now(), cost = packets * weir_control.shield_cost;

	if (family == WEIR_IPV4) {
		if (!note_denied_of(&pkt->key->v4.local, family, now, cost))
			note_denied_of(&pkt->key->v4.remote, family, now, cost);
	} else {
		if (!note_denied_of(pkt->key->v6.local, family, now, cost))
			note_denied_of(pkt->key->v6.remote, family, now, cost);
	}
}

#endif
