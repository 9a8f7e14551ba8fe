/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Later fragments follow their first: it has the ports, and is judged by them;
 * once it is admitted they are remembered under the packet's identification,
 * and every later fragment is judged as a packet of the same connection.
 *
 * A later fragment that nobody remembers the first of is judged as a packet
 * without ports, so it passes only where ports don't matter. None may change
 * what was judged: those that overlap what has come before are dropped.
 */
#ifndef WEIR_BPF_FRAGMENT_H
#define WEIR_BPF_FRAGMENT_H

#include "clock.h"
#include "transport.h"

#define FRAGMENT_UNIT 8
/* Nothing that belongs to a transport header starts here or later: TCP's and SCTP's first chunk's end. */
#define FRAGMENT_HEADER_UNITS 3
/* A packet of the same identification within this many ticks is not another one, but an overlap. */
#define FRAGMENT_SAME_TICKS 2

static __always_inline __u32 fragment_first_unit(const struct packet *pkt, enum weir_family family)
{
	__u32 field = bpf_ntohs(pkt->f->fragment);

	return family == WEIR_IPV4 ? field & IPV4_OFFSET_MASK : (field & IPV6_OFFSET_MASK) / FRAGMENT_UNIT;
}

static __always_inline __u32 fragment_end_unit(const struct packet *pkt, enum weir_family family)
{
	__u32 bytes = pkt->f->end - pkt->f->fragment_start;

	return fragment_first_unit(pkt, family) + (bytes + FRAGMENT_UNIT - 1) / FRAGMENT_UNIT;
}

static __always_inline bool is_last_fragment(const struct packet *pkt, enum weir_family family)
{
	return !(pkt->f->fragment & bpf_htons(family == WEIR_IPV4 ? IPV4_MORE_FRAGMENTS : IPV6_MORE_FRAGMENTS));
}

static __always_inline void fragment_key(const struct packet *pkt, enum weir_family family,
					 struct weir_fragment_key *ret)
{
	const bool out = pkt->direction == WEIR_EGRESS;

	__builtin_memset(ret, 0, sizeof(*ret));
	ret->id = pkt->f->fragment_id;
	ret->ifindex = pkt->f->ifindex;
	ret->family = family;
	ret->direction = pkt->direction;
	if (family == WEIR_IPV4) {
		const struct weir_flow4_key *key = &pkt->key->v4;

		__builtin_memcpy(ret->source + 12, out ? &key->local : &key->remote, 4);
		__builtin_memcpy(ret->destination + 12, out ? &key->remote : &key->local, 4);
		ret->protocol = pkt->f->ip_proto;
	} else {
		const struct weir_flow6_key *key = &pkt->key->v6;

		__builtin_memcpy(ret->source, out ? key->local : key->remote, 16);
		__builtin_memcpy(ret->destination, out ? key->remote : key->local, 16);
	}
}

/*
 * Adds [from, to) to what has come: what is known without gap from the start,
 * and one piece beyond. A third piece is let through without being remembered:
 * only payload can hide in it. False: it overlaps.
 */
static __always_inline bool add_fragment(struct weir_fragment *first, __u32 from, __u32 to)
{
	if (from < first->head || from >= to)
		return false;
	if (first->tail && from < first->tail_end && to > first->tail)
		return false;
	if (from == first->head)
		first->head = to;
	else if (!first->tail) {
		first->tail = from;
		first->tail_end = to;
	} else if (from == first->tail_end)
		first->tail_end = to;
	else if (to == first->tail)
		first->tail = from;
	if (first->tail && first->tail == first->head) {
		first->head = first->tail_end;
		first->tail = 0;
	}
	return true;
}

static __always_inline enum weir_port_protocol ports_of(__u8 ip_proto)
{
	switch (ip_proto) {
	case IPPROTO_TCP:
		return WEIR_PORTS_TCP;
	case IPPROTO_UDP:
		return WEIR_PORTS_UDP;
	case IPPROTO_SCTP:
		return WEIR_PORTS_SCTP;
	default:
		return WEIR_PORTS_NONE;
	}
}

static __always_inline bool is_live(const struct weir_fragment *first)
{
	return first && !has_expired(first->seen, clock_ticks(), weir_control.fragment_timeout);
}

/* Stands for the transport header that a later fragment doesn't have. */
static __always_inline enum weir_verdict follow_first(struct packet *pkt, enum weir_family family)
{
	const __u32 from = fragment_first_unit(pkt, family), to = fragment_end_unit(pkt, family);
	struct weir_fragment_key key;
	struct weir_fragment *first;

	if (from < FRAGMENT_HEADER_UNITS && (pkt->f->ip_proto == IPPROTO_TCP || pkt->f->ip_proto == IPPROTO_SCTP))
		return drop(pkt, WEIR_REASON_FRAGMENT_TINY);
	fragment_key(pkt, family, &key);
	first = bpf_map_lookup_elem(&fragments, &key);
	if (!is_live(first)) {
		pkt->f->orphan = true;
		pkt->f->ports = WEIR_PORTS_NONE;
		return finish_key(pkt, family, 0, 0);
	}
	if (!add_fragment(first, from, to))
		return drop(pkt, WEIR_REASON_FRAGMENT_OVERLAP);
	pkt->f->ip_proto = first->protocol;
	pkt->f->ports = ports_of(first->protocol);
	finish_key(pkt, family, first->source_port, first->dest_port);
	if (is_last_fragment(pkt, family))
		first->total = to;
	/* All has come: the identification may be used again. */
	if (first->total && first->head == first->total)
		bpf_map_delete_elem(&fragments, &key);
	return WEIR_VERDICT_NONE;
}

/* A second start of the same packet would replace what was judged. */
static __always_inline enum weir_verdict check_first(struct packet *pkt, enum weir_family family)
{
	const struct weir_fragment *first;
	struct weir_fragment_key key;

	fragment_key(pkt, family, &key);
	first = bpf_map_lookup_elem(&fragments, &key);
	if (first && !has_expired(first->seen, clock_ticks(), FRAGMENT_SAME_TICKS))
		return drop(pkt, WEIR_REASON_FRAGMENT_OVERLAP);
	return WEIR_VERDICT_NONE;
}

static __always_inline enum weir_verdict remember_first(struct packet *pkt, enum weir_family family)
{
	const bool out = pkt->direction == WEIR_EGRESS, v4 = family == WEIR_IPV4;
	const __be16 local = v4 ? pkt->key->v4.local_port : pkt->key->v6.local_port;
	const __be16 remote = v4 ? pkt->key->v4.remote_port : pkt->key->v6.remote_port;
	const struct weir_fragment first = {
		.source_port = out ? local : remote,
		.dest_port = out ? remote : local,
		.protocol = pkt->f->ip_proto,
		.seen = clock_ticks(),
		.head = fragment_end_unit(pkt, family),
	};
	struct weir_fragment_key key;

	fragment_key(pkt, family, &key);
	if (!bpf_map_update_elem(&fragments, &key, &first, BPF_ANY))
		tally_add(WEIR_TALLY_FRAGMENTED, 1);
	return WEIR_VERDICT_PASS;
}

/* Not inlined: for the stack's sake. */
#define FRAGMENT_STAGE(name, stage, family, key_type)                                                                \
	__subprogram int name(struct facts *facts, struct key_type *key)                                             \
	{                                                                                                            \
		struct packet pkt = { .f = facts, .direction = facts->direction & 1, .key = (union flow_key *)key }; \
                                                                                                                     \
		return stage(&pkt, family);                                                                          \
	}

FRAGMENT_STAGE(follow_first4, follow_first, WEIR_IPV4, weir_flow4_key)
FRAGMENT_STAGE(follow_first6, follow_first, WEIR_IPV6, weir_flow6_key)
FRAGMENT_STAGE(check_first4, check_first, WEIR_IPV4, weir_flow4_key)
FRAGMENT_STAGE(check_first6, check_first, WEIR_IPV6, weir_flow6_key)
FRAGMENT_STAGE(remember_first4, remember_first, WEIR_IPV4, weir_flow4_key)
FRAGMENT_STAGE(remember_first6, remember_first, WEIR_IPV6, weir_flow6_key)

#define CALL_FRAGMENT_STAGE(pkt, stage, family)                                          \
	((enum weir_verdict)((family) == WEIR_IPV4 ? stage##4((pkt)->f, &(pkt)->key->v4) \
						   : stage##6((pkt)->f, &(pkt)->key->v6)))

/* A fragment, before policy is asked: a later one is given its first one's ports. */
static __always_inline enum weir_verdict match_first(struct packet *pkt, enum weir_family family)
{
	if (pkt->hook != PACKET_TC)
		return WEIR_VERDICT_NONE;
	return pkt->f->later_fragment ? CALL_FRAGMENT_STAGE(pkt, follow_first, family)
				      : CALL_FRAGMENT_STAGE(pkt, check_first, family);
}

/* And when it has been admitted. */
static __always_inline void keep_first(struct packet *pkt, enum weir_family family)
{
	if (pkt->hook == PACKET_TC && pkt->f->fragment && !pkt->f->later_fragment)
		CALL_FRAGMENT_STAGE(pkt, remember_first, family);
}

#endif
