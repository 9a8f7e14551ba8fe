/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Admitted connections. A packet of one that was decided under the running
 * generation costs one look-up; under another generation it is decided again,
 * in the direction of the packet that opened the connection.
 *
 * What is denied leaves no entry, but an admitted connection that is denied
 * later keeps its entry as a tombstone: without it the other side, if allowed
 * to open connections itself, would re-open it by its next packet.
 *
 * Entries are changed in place, by packets of several CPUs that may have read
 * different generations. One that changes a decision first takes the entry, by
 * putting WEIR_GENERATION_NONE in place of the generation it has seen, and
 * stamps it last; one that finds it taken keeps its own decision to itself. So
 * an entry never carries a newer generation than its decision. What is tracked
 * beside the decision (track.h) is written without that.
 */
#ifndef WEIR_BPF_FLOW_H
#define WEIR_BPF_FLOW_H

#include "limit.h"
#include "notice.h"
#include "track.h"

/* Never in force: packets that read it, before the agent's first word, keep no flows. */
#define WEIR_GENERATION_NONE 0

static __always_inline bool take_flow(struct weir_flow *flow, __u32 seen)
{
	return seen != WEIR_GENERATION_NONE &&
	       __sync_val_compare_and_swap(&flow->generation, seen, WEIR_GENERATION_NONE) == seen;
}

static __always_inline void stamp_flow(struct weir_flow *flow, __u32 generation)
{
	__sync_lock_test_and_set(&flow->generation, generation);
}

/* Ends a decision about the packet's connection in a denial; one that was admitted before is withdrawn by it. */
static __always_inline enum weir_verdict refuse(struct packet *pkt, __u8 reason, enum weir_verdict verdict)
{
	/* What is to be answered XDP leaves as it is, for tc to find, and to tell of. */
	struct weir_flow *flow = pkt->hook == PACKET_XDP && verdict == WEIR_VERDICT_REJECT ? NULL : pkt->flow;

	if (flow && take_flow(flow, pkt->f->flow_generation)) {
		flow->account = pkt->f->account;
		flow->flags = WEIR_FLOW_REVOKED | (verdict == WEIR_VERDICT_REJECT ? WEIR_FLOW_REJECTED : 0);
		flow->reason = reason;
		stamp_flow(flow, pkt->f->generation);
		pkt->f->event = WEIR_EVENT_WITHDRAWN;
	}
	pkt->f->reason = pkt->f->orphan ? WEIR_REASON_FRAGMENT_ORPHAN : reason;
	return verdict;
}

static __always_inline bool is_stream(const struct packet *pkt)
{
	return pkt->f->ports == WEIR_PORTS_TCP || pkt->f->ports == WEIR_PORTS_SCTP;
}

/* An expired entry is none: the packet is decided, and if admitted takes its place. */
static __always_inline struct weir_flow *find_in(struct packet *pkt, enum weir_flow_table table,
						 enum weir_family family)
{
	struct weir_flow *flow = look_up_flow(table, family, pkt->key);

	pkt->f->table = table;
	pkt->f->present = !!flow;
	return flow && unlikely(flow_has_expired(flow, pkt->f->now)) ? NULL : flow;
}

/* The same opening again, because its answer is late. Any other is a connection of its own. */
static __always_inline bool is_repeated_opening(const struct packet *pkt, const struct weir_flow *flow)
{
	return flow && flow->opener == pkt->direction && has_heard(flow, WEIR_HEARD, own_end(pkt)) &&
	       flow->ends[own_end(pkt)].next == opening_next(pkt);
}

static __always_inline struct weir_flow *find_stream(struct packet *pkt, enum weir_family family)
{
	struct weir_flow *flow = NULL;

	if (likely(!pkt->f->opening))
		flow = find_in(pkt, WEIR_CONNECTIONS, family);
	if (likely(flow))
		return flow;
	flow = find_in(pkt, WEIR_OPENINGS, family);
	return pkt->f->opening && !is_repeated_opening(pkt, flow) ? NULL : flow;
}

static __always_inline void find_flow(struct packet *pkt, enum weir_family family)
{
	pkt->f->now = clock_ticks();
	pkt->flow = is_stream(pkt) ? find_stream(pkt, family) : find_in(pkt, WEIR_EXCHANGES, family);
	pkt->f->found = !!pkt->flow;
	if (!pkt->flow)
		return;
	pkt->f->flow_generation = *(volatile __u32 *)&pkt->flow->generation;
	barrier(); /* what the generation vouches for is read after it */
	pkt->f->opener = pkt->flow->opener;
}

/* Again, after pointers could not be handed over. It may be another entry by now, but then its generation tells. */
static __always_inline void find_flow_again(struct packet *pkt, enum weir_family family)
{
	if (!pkt->f->found)
		pkt->flow = NULL;
	else if (pkt->f->table == WEIR_CONNECTIONS)
		pkt->flow = look_up_flow(WEIR_CONNECTIONS, family, pkt->key);
	else if (pkt->f->table == WEIR_OPENINGS)
		pkt->flow = look_up_flow(WEIR_OPENINGS, family, pkt->key);
	else
		pkt->flow = look_up_flow(WEIR_EXCHANGES, family, pkt->key);
}

static __always_inline bool carries_other_mac(const struct packet *pkt, const struct weir_flow *flow)
{
	return pkt->direction == WEIR_EGRESS && flow->flags & WEIR_FLOW_CHECK_MAC && pkt->f->source_mac != MAC_UNSEEN &&
	       pkt->f->source_mac != mac_word(flow->mac);
}

static __always_inline int charge_again(struct packet *pkt, enum weir_family family, const struct weir_flow *flow)
{
	pkt->f->decision = flow->decision;
	pkt->f->revision = flow->revision;
	pkt->f->identity = flow->source;
	pkt->f->peer = flow->source;
	return CALL_STAGE(pkt, charge, family);
}

/* Of a connection that was admitted before, and is no more. */
static __always_inline enum weir_verdict refuse_again(struct packet *pkt, const struct weir_flow *flow)
{
	pkt->f->counter = row_counter(flow->account);
	pkt->f->reason = flow->reason;
	return flow->flags & WEIR_FLOW_REJECTED ? WEIR_VERDICT_REJECT : WEIR_VERDICT_DROP;
}

static __always_inline enum weir_verdict match_flow(struct packet *pkt, enum weir_family family)
{
	struct weir_flow *flow;
	int charged, turn;

	pkt->f->opener = pkt->direction;
	if (pkt->hook == PACKET_PEEK || pkt->f->orphan)
		return WEIR_VERDICT_NONE;
	find_flow(pkt, family);
	flow = pkt->flow;
	if (!flow || pkt->f->flow_generation != pkt->f->generation)
		return WEIR_VERDICT_NONE;

	/* That is not what the flow's decision was about. */
	if (unlikely(carries_other_mac(pkt, flow)))
		return drop(pkt, WEIR_REASON_SPOOFED_MAC);
	pkt->f->account = flow->account;
	if (unlikely(flow->flags & WEIR_FLOW_REVOKED))
		return refuse_again(pkt, flow);
	if (pkt->hook == PACKET_XDP)
		return pass(pkt, WEIR_REASON_FLOW);
	pkt->f->reason = flow->reason;
	if (flow->flags & WEIR_FLOW_LIMITED && pkt->direction == pkt->f->opener) {
		/* There it is cheaper on the stack to decide again. */
		if (pkt->cold)
			return WEIR_VERDICT_NONE;
		charged = charge_again(pkt, family, flow);

		if (charged == ANOTHER_IMAGE)
			return WEIR_VERDICT_NONE;
		if (charged == NOT_CHARGED)
			return over_limit(pkt, charged);
		if (charged == CHARGED_BUT_AUDIT) {
			pkt->f->reason = WEIR_REASON_AUDIT;
			pkt->f->counter = row_counter(flow->account);
			notice_again(pkt, family, WEIR_EVENT_AUDITED, WEIR_VERDICT_PASS);
		}
	}
	turn = track(pkt, flow);
	if (unlikely(turn & TURN_SETTLES))
		settle_flow(flow, pkt->key, family);
	if (unlikely(turn & TURN_COMPLETES))
		promote_flow(flow, pkt->key, family);
	return WEIR_VERDICT_PASS;
}

#endif
