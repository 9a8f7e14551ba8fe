/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tells userspace of connections that are admitted or denied, by the ring buffer
 * "events" (weir/event.h). Telling never decides, and what is not told is
 * counted all the same.
 *
 * It is made for floods. A connection that was told of lately only has its
 * repeats counted, in a slot that a hash of its key leads to. Of all others no
 * more are told in a tick than the budget of what decided allows; one that is
 * held back leaves the slots alone, so made-up sources don't push out the
 * connections that are there. And nobody is woken up: the reader comes by itself.
 */
#ifndef WEIR_BPF_NOTICE_H
#define WEIR_BPF_NOTICE_H

#include "account.h"
#include "clock.h"
#include "header.h"

/* Ticks, of a quarter of a second: so long a connection that is denied again and again is not told of again. */
#define NOTICE_QUIET 40u

/* What of a hash is the slot's number, and what is kept in it. */
#define NOTICE_SLOT_SHIFT 51
#define NOTICE_TAG_SHIFT  19

/* Odd numbers without a pattern (of the fractional part of pi). */
#define NOTICE_MIX0 0x243f6a8885a308d3ull
#define NOTICE_MIX1 0x13198a2e03707345ull
#define NOTICE_MIX2 0xa4093822299f31d1ull
#define NOTICE_MIX4 0x452821e638d01377ull

static __always_inline __u64 pair_of(__u32 low, __u32 high)
{
	return (__u64)high << 32 | low;
}

static __always_inline __u64 mix_addresses(const __u8 *addr, __u64 odd)
{
	const __u32 *words = (const __u32 *)addr;

	return pair_of(words[0], words[1]) * odd + pair_of(words[2], words[3]) * (odd ^ NOTICE_MIX4 << 1);
}

/*
 * A number for the connection and what became of it, the same for both
 * directions, in the upper 45 bits: the more significant a bit of a sum of
 * products with odd numbers, the more bits of the factors have a say in it
 * (multilinear hashing). Never zero.
 */
static __always_inline __u64 notice_hash(const struct packet *pkt, enum weir_family family)
{
	const struct weir_flow4_key *v4 = &pkt->key->v4;
	const struct weir_flow6_key *v6 = &pkt->key->v6;
	const bool is_v4 = family == WEIR_IPV4;
	const __u32 ports =
		is_v4 ? v4->local_port | (__u32)v4->remote_port << 16 : v6->local_port | (__u32)v6->remote_port << 16;
	const __u32 what = pkt->f->ip_proto | (__u32)pkt->f->reason << 8 | (__u32)pkt->f->eth_proto << 16;
	__u64 hash = pair_of(ports, pkt->f->ifindex) * NOTICE_MIX1 +
		     pair_of(what, pkt->f->counter + pkt->f->bucket) * NOTICE_MIX2;

	if (is_v4)
		hash += pair_of(v4->local, v4->remote) * NOTICE_MIX0;
	else
		hash += mix_addresses(v6->local, NOTICE_MIX0) + mix_addresses(v6->remote, NOTICE_MIX4);
	return hash | 1ull << NOTICE_TAG_SHIFT;
}

static __always_inline struct weir_notice *notice_slot(__u64 hash)
{
	return &weir_notices[hash >> NOTICE_SLOT_SHIFT & (WEIR_NOTICES - 1)];
}

/* What of the hash the slot's number doesn't say. */
static __always_inline __u32 notice_tag(__u64 hash)
{
	return hash >> NOTICE_TAG_SHIFT;
}

static __always_inline __u32 notice_now(const struct packet *pkt)
{
	return pkt->f->now ?: clock_ticks();
}

static __always_inline bool is_of(const struct weir_notice *notice, __u64 hash)
{
	return notice->seen >> 32 == notice_tag(hash);
}

/* True when it was told of lately. */
static __always_inline bool is_repeated(const struct packet *pkt, __u64 hash)
{
	struct weir_notice *notice = notice_slot(hash);

	if (!is_of(notice, hash) || notice_now(pkt) - (__u32)notice->seen >= NOTICE_QUIET)
		return false;
	notice->repeats++; /* of packets that meet on two CPUs, one may go uncounted */
	return true;
}

static __always_inline struct weir_notice_budget *find_notice_budget(const struct facts *facts)
{
	__u32 index = facts->reason % WEIR_NOTICE_REASONS;

	if (facts->bucket)
		index = WEIR_NOTICE_REASONS + WEIR_NOTICE_DECISIONS + facts->bucket % WEIR_NOTICE_LIMITS;
	else if (facts->counter != WEIR_COUNTER_NONE)
		index = WEIR_NOTICE_REASONS + facts->counter % WEIR_NOTICE_DECISIONS;
	return index < WEIR_NOTICE_BUDGETS ? &weir_notice_budgets[index] : NULL;
}

static __always_inline bool has_notice_budget(const struct facts *facts, __u32 now)
{
	const struct weir_notice_budget *budget = find_notice_budget(facts);

	return budget && (budget->tick != now || budget->used < weir_control.event_budget);
}

/* All CPUs' together. When it is used up it is only read, by whatever number of them; else two may take the same. */
static __always_inline bool take_notice_budget(const struct facts *facts, __u32 now)
{
	struct weir_notice_budget *budget = find_notice_budget(facts);

	if (!budget)
		return false;
	if (budget->tick != now) {
		budget->tick = now;
		budget->used = 0;
	}
	if (budget->used >= weir_control.event_budget)
		return false;
	budget->used++;
	return true;
}

static __always_inline void fill_identities(const struct packet *pkt, enum weir_family family, struct weir_event *event)
{
	__u32 ifindex = pkt->f->ifindex;
	const struct weir_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &ifindex);
	const struct weir_address *peer = family == WEIR_IPV4 ? bpf_map_lookup_elem(&addresses4, &pkt->key->v4.remote)
							      : bpf_map_lookup_elem(&addresses6, pkt->key->v6.remote);

	event->identity = endpoint ? endpoint->identity : WEIR_IDENTITY_WORLD;
	event->peer = peer ? peer->identity : WEIR_IDENTITY_WORLD;
}

static __always_inline void fill_ends(const struct packet *pkt, enum weir_family family, struct weir_event *event)
{
	if (family == WEIR_IPV4) {
		__builtin_memcpy(event->local + 12, &pkt->key->v4.local, 4);
		__builtin_memcpy(event->remote + 12, &pkt->key->v4.remote, 4);
		event->local_port = pkt->key->v4.local_port;
		event->remote_port = pkt->key->v4.remote_port;
	} else {
		__builtin_memcpy(event->local, pkt->key->v6.local, 16);
		__builtin_memcpy(event->remote, pkt->key->v6.remote, 16);
		event->local_port = pkt->key->v6.local_port;
		event->remote_port = pkt->key->v6.remote_port;
	}
}

static __always_inline void fill_event(const struct packet *pkt, enum weir_family family, struct weir_event *event)
{
	const struct facts *facts = pkt->f;

	__builtin_memset(event, 0, sizeof(*event));
	event->time = bpf_ktime_get_ns();
	event->ifindex = facts->ifindex;
	event->length = facts->length;
	event->revision = facts->revision;
	event->decision = facts->decision;
	event->counter = facts->counter;
	event->bucket = facts->bucket;
	event->eth_proto = facts->eth_proto;
	event->direction = facts->direction;
	event->opener = facts->opener;
	event->reason = facts->reason;
	event->protocol = facts->ip_proto;
	event->flags = facts->flags;
	event->type = facts->type;
	event->quoted = facts->quoted;
	fill_ends(pkt, family, event);
	fill_identities(pkt, family, event);
}

/* What a notice is of: kind, verdict and hook in one word, as a call has room for. */
#define NOTICE_OF(kind, verdict, xdp) ((kind) | (verdict) << 8 | (xdp) << 16)

static __always_inline int write_notice(const struct packet *pkt, enum weir_family family, __u32 of, __u64 hash)
{
	struct weir_notice *notice = notice_slot(hash);
	const __u32 now = notice_now(pkt);
	struct weir_event *event;

	if (!take_notice_budget(pkt->f, now)) {
		tally_add(WEIR_TALLY_HELD_BACK, 1);
		return 0;
	}
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		tally_add(WEIR_TALLY_LOST, 1);
		return 0;
	}
	fill_event(pkt, family, event);
	event->kind = of & 0xff;
	event->verdict = of >> 8 & 0xff;
	event->xdp = of >> 16 & 0xff;
	if (hash) {
		event->repeats = is_of(notice, hash) ? notice->repeats : 0;
		notice->repeats = 0;
		notice->seen = pair_of(now, notice_tag(hash));
	}
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	tally_add(WEIR_TALLY_TOLD, 1);
	return 0;
}

/* Global, as cold stages are (cold.h); tc and XDP have these in common. */
#define NOTICE_FUNCTION(name, family, member)                                                               \
	__weak __noinline int name(struct facts *facts, struct weir_flow##member##_key *flow_key, __u32 of, \
				   __u64 hash)                                                              \
	{                                                                                                   \
		union flow_key key;                                                                         \
		struct packet pkt = { .f = facts, .key = &key };                                            \
                                                                                                            \
		if (!facts || !flow_key)                                                                    \
			return 0;                                                                           \
		key.v##member = *flow_key; /* before 6.2 a key that is looked up is on the own stack */     \
		return write_notice(&pkt, family, of, hash);                                                \
	}

NOTICE_FUNCTION(notice4, WEIR_IPV4, 4)
NOTICE_FUNCTION(notice6, WEIR_IPV6, 6)

static __always_inline void give_notice(struct packet *pkt, enum weir_family family, __u32 of, __u64 hash)
{
	if (family == WEIR_IPV4)
		notice4(pkt->f, &pkt->key->v4, of, hash);
	else
		notice6(pkt->f, &pkt->key->v6, of, hash);
}

/* One of a connection that may have been told of already. */
static __always_inline void notice_again(struct packet *pkt, enum weir_family family, __u8 kind,
					 enum weir_verdict verdict)
{
	__u64 hash;

	if (!(weir_control.watch & WEIR_WATCH_DENIED))
		return;
	hash = notice_hash(pkt, family);
	if (!is_repeated(pkt, hash))
		give_notice(pkt, family, NOTICE_OF(kind, verdict, pkt->hook == PACKET_XDP), hash);
}

/* Opened: that is so once, as an entry was made for it. */
static __always_inline void notice_opened(struct packet *pkt, enum weir_family family)
{
	if (weir_control.watch & WEIR_WATCH_OPENED)
		give_notice(pkt, family, NOTICE_OF(WEIR_EVENT_OPENED, WEIR_VERDICT_PASS, 0), 0);
}

/* What XDP leaves to tc, or finds to be nobody's here, is not for it to tell. */
static __always_inline bool is_final(const struct packet *pkt, enum weir_verdict verdict)
{
	if (pkt->hook == PACKET_PEEK)
		return false;
	return pkt->hook == PACKET_TC || (verdict == WEIR_VERDICT_DROP && pkt->f->ifindex);
}

/* Any packet but one that belongs to an admitted connection. Hands its verdict on. */
static __always_inline enum weir_verdict notice(struct packet *pkt, enum weir_family family, enum weir_verdict verdict)
{
	if (!is_final(pkt, verdict))
		return verdict;
	if (verdict != WEIR_VERDICT_PASS)
		notice_again(pkt, family, pkt->f->event == WEIR_EVENT_WITHDRAWN ? pkt->f->event : WEIR_EVENT_DENIED,
			     verdict);
	else if (pkt->f->event == WEIR_EVENT_OPENED)
		notice_opened(pkt, family);
	else if (pkt->f->event == WEIR_EVENT_AUDITED)
		notice_again(pkt, family, WEIR_EVENT_AUDITED, verdict);
	return verdict;
}

#endif
