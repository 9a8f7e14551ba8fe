/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What policy has refused lately, so that a flood of it costs one array look-up
 * instead of the endpoint's, the peer's and the image's. What an opener asks for
 * is the same whichever port it asks from, so an entry answers for all of them;
 * whether a packet belongs to a connection is found out before, as ever.
 *
 * An entry holds for the generation that it was made under, and for packets that
 * policy would be asked the same about. It says what policy said and nothing
 * more: counting goes on, and a packet that is to be told of goes the long way.
 *
 * Each CPU has entries of its own, and a kernel that lets one softirq interrupt
 * another finds by turn that an entry is being written, or was meanwhile.
 */
#ifndef WEIR_BPF_REFUSAL_H
#define WEIR_BPF_REFUSAL_H

#include "flow.h"
#include "notice.h"
#include "shield.h"

/* A shield hears of so many refusals at a time. */
#define REFUSALS_NOTED 16

/* What policy is asked about. */
struct question {
	__u32 asked; /* as in struct weir_refusal */
	__u32 slot;
};

static __always_inline __u32 fold_ipv6(const __u8 *addr)
{
	const __u32 *words = (const __u32 *)addr;

	return (words[0] ^ words[1]) * 31 + (words[2] ^ words[3]);
}

static __always_inline __be16 asked_port(const struct packet *pkt, enum weir_family family)
{
	if (family == WEIR_IPV4)
		return pkt->direction == WEIR_EGRESS ? pkt->key->v4.remote_port : pkt->key->v4.local_port;
	return pkt->direction == WEIR_EGRESS ? pkt->key->v6.remote_port : pkt->key->v6.local_port;
}

static __always_inline struct question ask_about(const struct packet *pkt, enum weir_family family)
{
	const __u32 hook = (pkt->hook == PACKET_XDP) << 2 | family << 1 | pkt->direction;
	const __u32 asked = asked_port(pkt, family) | (__u32)pkt->f->ip_proto << 16 | hook << 24;
	const __u64 ends = family == WEIR_IPV4 ? pair_of(pkt->key->v4.local, pkt->key->v4.remote)
					       : pair_of(fold_ipv6(pkt->key->v6.local), fold_ipv6(pkt->key->v6.remote));
	const __u64 hash = ends * NOTICE_MIX0 + asked * NOTICE_MIX1;

	return (struct question){ asked, hash >> 32 & (WEIR_REFUSALS - 1) };
}

static __always_inline bool is_about(const struct weir_refusal *refusal, const struct packet *pkt,
				     enum weir_family family, __u32 asked)
{
	if (refusal->asked != asked || refusal->generation != pkt->f->generation ||
	    refusal->source_mac != pkt->f->source_mac)
		return false;
	if (family == WEIR_IPV4)
		return *(__be32 *)refusal->local == pkt->key->v4.local &&
		       *(__be32 *)refusal->remote == pkt->key->v4.remote;
	return same_ipv6(refusal->local, pkt->key->v6.local) && same_ipv6(refusal->remote, pkt->key->v6.remote);
}

/* What policy has refused already, read into the facts; or NULL. */
static __always_inline struct weir_refusal *find_refusal(struct packet *pkt, enum weir_family family)
{
	const struct question question = ask_about(pkt, family);
	struct weir_refusal *refusal = bpf_map_lookup_elem(&refusals, &question.slot);
	__u32 turn;

	if (!refusal || pkt->f->generation == WEIR_GENERATION_NONE)
		return NULL;
	turn = *(volatile __u32 *)&refusal->turn;
	barrier();
	if (turn & 1 || !is_about(refusal, pkt, family, question.asked))
		return NULL;
	/* At the node whose interface it is comes out by this. */
	if (pkt->f->ifindex && pkt->f->ifindex != refusal->ifindex)
		return NULL;
	pkt->f->ifindex = refusal->ifindex;
	pkt->f->counter = refusal->counter;
	pkt->f->account = refusal->account;
	pkt->f->reason = refusal->reason;
	barrier();
	return *(volatile __u32 *)&refusal->turn == turn ? refusal : NULL;
}

/* Several at a time, unless that is more than a shield bears at once. */
static __always_inline void note_refusal(struct packet *pkt, enum weir_family family, struct weir_refusal *refusal)
{
	const __u64 burst = weir_control.shield_burst;

	if (pkt->direction != WEIR_INGRESS || !has_shield())
		return;
	if (++refusal->unnoted < REFUSALS_NOTED && REFUSALS_NOTED * weir_control.shield_cost <= burst)
		return;
	note_denied(pkt, family, refusal->unnoted);
	refusal->unnoted = 0;
}

/* False: the packet is to be told of. */
static __always_inline bool is_nothing_new(const struct packet *pkt, enum weir_family family)
{
	__u64 hash;

	if (!(weir_control.watch & WEIR_WATCH_DENIED))
		return true;
	hash = notice_hash(pkt, family);
	if (is_repeated(pkt, hash))
		return true;
	if (has_notice_budget(pkt->f, notice_now(pkt)))
		return false;
	tally_add(WEIR_TALLY_HELD_BACK, 1);
	return true;
}

/* True: policy has refused that before, and the packet is dropped without more ado. Only for one of no connection. */
static __always_inline bool refuse_again_quietly(struct packet *pkt, enum weir_family family)
{
	struct weir_refusal *refusal = find_refusal(pkt, family);

	if (!refusal || !is_nothing_new(pkt, family))
		return false;
	note_refusal(pkt, family, refusal);
	return true;
}

static __always_inline void write_refusal(struct weir_refusal *refusal, const struct facts *facts,
					  const union flow_key *key, enum weir_family family, __u32 asked)
{
	refusal->generation = facts->generation;
	refusal->asked = asked;
	refusal->source_mac = facts->source_mac;
	refusal->ifindex = facts->ifindex;
	refusal->counter = facts->counter;
	refusal->account = facts->account;
	refusal->reason = facts->reason;
	refusal->unnoted = 0;
	if (family == WEIR_IPV4) {
		*(__be32 *)refusal->local = key->v4.local;
		*(__be32 *)refusal->remote = key->v4.remote;
	} else {
		__builtin_memcpy(refusal->local, key->v6.local, sizeof(refusal->local));
		__builtin_memcpy(refusal->remote, key->v6.remote, sizeof(refusal->remote));
	}
}

/*
 * A pod that speaks to itself, and one without an address yet, are refused or
 * not by what is no part of the question.
 */
static __always_inline bool is_whole_question(const struct packet *pkt, enum weir_family family)
{
	if (family == WEIR_IPV4)
		return pkt->key->v4.local && pkt->key->v4.local != pkt->key->v4.remote;
	return !same_ipv6(pkt->key->v6.local, pkt->key->v6.remote);
}

/*
 * Without a counter it was no decision of policy's: a limit, a spoofed address. Of
 * a flood from made-up sources, of which no two are alike, as many are kept as are
 * told of.
 */
static __always_inline bool is_worth_keeping(const struct packet *pkt)
{
	if (pkt->f->counter == WEIR_COUNTER_NONE)
		return false;
	return !(weir_control.watch & WEIR_WATCH_DENIED) || has_notice_budget(pkt->f, notice_now(pkt));
}

/* After policy has refused a packet of no connection. */
static __always_inline int keep_refusal(struct packet *pkt, enum weir_family family)
{
	const struct question question = ask_about(pkt, family);
	struct weir_refusal *refusal = bpf_map_lookup_elem(&refusals, &question.slot);
	__u32 turn;

	if (!refusal || pkt->f->generation == WEIR_GENERATION_NONE || !is_whole_question(pkt, family))
		return 0;
	turn = *(volatile __u32 *)&refusal->turn;
	if (turn & 1 || __sync_val_compare_and_swap(&refusal->turn, turn, turn + 1) != turn)
		return 0;
	write_refusal(refusal, pkt->f, pkt->key, family, question.asked);
	__sync_lock_test_and_set(&refusal->turn, turn + 2);
	return 0;
}

/* Global, as cold stages are (cold.h); tc and XDP have these in common. */
#define REFUSAL_FUNCTION(name, does, family, member)                                                     \
	__weak __noinline int name(struct facts *facts, struct weir_flow##member##_key *key, __u32 hook) \
	{                                                                                                \
		struct packet pkt = { .f = facts, .hook = hook, .key = (union flow_key *)key };          \
                                                                                                         \
		if (!facts || !key)                                                                      \
			return 0;                                                                        \
		pkt.direction = facts->direction & 1;                                                    \
		return does(&pkt, family);                                                               \
	}

REFUSAL_FUNCTION(refuse_again_quietly4, refuse_again_quietly, WEIR_IPV4, 4)
REFUSAL_FUNCTION(refuse_again_quietly6, refuse_again_quietly, WEIR_IPV6, 6)
REFUSAL_FUNCTION(keep_refusal4, keep_refusal, WEIR_IPV4, 4)
REFUSAL_FUNCTION(keep_refusal6, keep_refusal, WEIR_IPV6, 6)

#define CALL_REFUSAL(pkt, does, family)                                          \
	((family) == WEIR_IPV4 ? does##4((pkt)->f, &(pkt)->key->v4, (pkt)->hook) \
			       : does##6((pkt)->f, &(pkt)->key->v6, (pkt)->hook))

#endif
