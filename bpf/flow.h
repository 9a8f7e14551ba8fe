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
 * different generations. One that changes an entry first takes it, by putting
 * WEIR_GENERATION_NONE in place of the generation it has seen, and stamps it
 * last; one that finds it taken keeps its own decision to itself. So an entry
 * never carries a newer generation than its decision.
 */
#ifndef WEIR_BPF_FLOW_H
#define WEIR_BPF_FLOW_H

#include "header.h"

/* Never in force: packets that read it, before the agent's first word, keep no flows. */
#define WEIR_GENERATION_NONE 0

static __always_inline void *flow_map(enum weir_family family)
{
	return family == WEIR_IPV4 ? (void *)&connections4 : (void *)&connections6;
}

static __always_inline bool take_flow(struct weir_flow *flow, __u32 seen)
{
	return seen != WEIR_GENERATION_NONE &&
	       __sync_val_compare_and_swap(&flow->generation, seen, WEIR_GENERATION_NONE) == seen;
}

static __always_inline void stamp_flow(struct weir_flow *flow, __u32 generation)
{
	__sync_lock_test_and_set(&flow->generation, generation);
}

/* Drops by a decision about the packet's connection; one that was admitted before is withdrawn by it. */
static __always_inline enum weir_verdict refuse(struct packet *pkt, __u8 reason)
{
	struct weir_flow *flow = pkt->flow;

	if (flow && take_flow(flow, pkt->flow_generation)) {
		flow->counter = pkt->counter;
		flow->flags = WEIR_FLOW_REVOKED;
		flow->reason = reason;
		stamp_flow(flow, pkt->generation);
	}
	return drop(pkt, reason);
}

/*
 * A TCP SYN asks for a connection of its own, whatever the entry says, and a
 * later fragment can't be told to belong to any: both are decided anew.
 */
static __always_inline enum weir_verdict match_flow(struct packet *pkt, enum weir_family family)
{
	struct weir_flow *flow;

	pkt->opener = pkt->direction;
	if (pkt->hook == PACKET_PEEK || pkt->tcp_syn || pkt->later_fragment)
		return WEIR_VERDICT_NONE;
	flow = bpf_map_lookup_elem(flow_map(family), pkt->key);
	if (!flow)
		return WEIR_VERDICT_NONE;

	pkt->flow = flow;
	pkt->flow_generation = *(volatile __u32 *)&flow->generation;
	barrier(); /* what the generation vouches for is read after it */
	pkt->opener = flow->opener;
	if (pkt->flow_generation != pkt->generation)
		return WEIR_VERDICT_NONE;

	pkt->counter = flow->counter;
	if (flow->flags & WEIR_FLOW_REVOKED)
		return drop(pkt, flow->reason);
	if (pkt->hook == PACKET_TC && flow->flags & WEIR_FLOW_LIMITED && pkt->direction == pkt->opener) {
		pkt->revision = flow->revision;
		pkt->decision = flow->decision;
		pkt->limited = true;
		pkt->known = true;
		return WEIR_VERDICT_NONE;
	}
	return pass(pkt, WEIR_REASON_FLOW);
}

static __always_inline void insert_flow(const struct packet *pkt, enum weir_family family)
{
	const struct weir_flow flow = {
		.generation = pkt->generation,
		.revision = pkt->revision,
		.decision = pkt->decision,
		.counter = pkt->counter,
		.opener = pkt->opener,
		.flags = pkt->limited ? WEIR_FLOW_LIMITED : 0,
	};

	bpf_map_update_elem(flow_map(family), pkt->key, &flow, BPF_ANY);
}

static __always_inline void update_flow(const struct packet *pkt, struct weir_flow *flow, __u32 seen)
{
	if (!take_flow(flow, seen))
		return;
	flow->revision = pkt->revision;
	flow->decision = pkt->decision;
	flow->counter = pkt->counter;
	flow->opener = pkt->opener;
	flow->flags = pkt->limited ? WEIR_FLOW_LIMITED : 0;
	stamp_flow(flow, pkt->generation);
}

/*
 * Passes an admitted packet and remembers its connection. Keeping never
 * decides: the packet passes also when the entry could not be made.
 */
static __always_inline enum weir_verdict keep_flow(struct packet *pkt, enum weir_family family)
{
	struct weir_flow *flow = pkt->flow;

	if (pkt->known)
		return pass(pkt, WEIR_REASON_FLOW);
	if (pkt->hook != PACKET_TC || pkt->later_fragment || pkt->generation == WEIR_GENERATION_NONE)
		return WEIR_VERDICT_PASS;
	if (pkt->tcp_syn)
		flow = bpf_map_lookup_elem(flow_map(family), pkt->key);
	if (!flow)
		insert_flow(pkt, family);
	else
		update_flow(pkt, flow, pkt->tcp_syn ? *(volatile __u32 *)&flow->generation : pkt->flow_generation);
	return WEIR_VERDICT_PASS;
}

#endif
