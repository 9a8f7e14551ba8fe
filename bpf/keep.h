/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Remembers what was admitted. Keeping never decides: a packet passes also when its entry could not be made. */
#ifndef WEIR_BPF_KEEP_H
#define WEIR_BPF_KEEP_H

#include "endpoint.h"
#include "fragment.h"

static __always_inline __u8 flow_flags(const struct packet *pkt)
{
	return (pkt->f->limited && !(pkt->f->decision_flags & WEIR_DECISION_OPENS) ? WEIR_FLOW_LIMITED : 0) |
	       (pkt->endpoint->flags & WEIR_ENDPOINT_CHECK_MAC ? WEIR_FLOW_CHECK_MAC : 0);
}

static __always_inline __u8 flow_reason(const struct packet *pkt)
{
	return pkt->f->audited ? WEIR_REASON_AUDIT : WEIR_REASON_FLOW;
}

static __always_inline __u32 flow_source(const struct packet *pkt)
{
	return pkt->f->opener == WEIR_INGRESS ? pkt->f->peer : pkt->f->identity;
}

static __always_inline __u8 opening_event(const struct packet *pkt)
{
	return pkt->f->audited ? WEIR_EVENT_AUDITED : WEIR_EVENT_OPENED;
}

static __always_inline void insert_flow(struct packet *pkt, enum weir_family family)
{
	struct weir_flow flow = {
		.generation = pkt->f->generation,
		.revision = pkt->f->revision,
		.decision = pkt->f->decision,
		.account = pkt->f->account,
		.opener = pkt->f->opener,
		.source = flow_source(pkt),
		.flags = flow_flags(pkt),
		.reason = flow_reason(pkt),
	};

	__builtin_memcpy(flow.mac, pkt->endpoint->mac, sizeof(flow.mac));
	pkt->f->event = opening_event(pkt);
	begin_track(pkt, family, &flow);
	count_opened(pkt->f->account);
	flow.held[0] = pkt->f->held[0];
	flow.held[1] = pkt->f->held[1];
	if (is_stream(pkt) ? enter_flow(WEIR_OPENINGS, family, pkt->key, &flow, pkt->f->present)
			   : enter_flow(WEIR_EXCHANGES, family, pkt->key, &flow, pkt->f->present))
		pkt->f->held[0] = pkt->f->held[1] = 0; /* the entry's now */
}

static __always_inline void update_flow(struct packet *pkt, struct weir_flow *flow)
{
	if (!take_flow(flow, pkt->f->flow_generation))
		return;
	if (flow->flags & WEIR_FLOW_REVOKED)
		pkt->f->event = opening_event(pkt);
	flow->revision = pkt->f->revision;
	flow->decision = pkt->f->decision;
	flow->account = pkt->f->account;
	flow->opener = pkt->f->opener;
	flow->source = flow_source(pkt);
	flow->flags = flow_flags(pkt);
	flow->reason = flow_reason(pkt);
	__builtin_memcpy(flow->mac, pkt->endpoint->mac, sizeof(flow->mac));
	stamp_flow(flow, pkt->f->generation);
}

/* Returns enum turn. */
static __always_inline int update(struct packet *pkt, enum weir_family family)
{
	update_flow(pkt, pkt->flow);
	return pkt->f->quoted ? 0 : track(pkt, pkt->flow);
}

static __always_inline int insert(struct packet *pkt, enum weir_family family)
{
	insert_flow(pkt, family);
	return 0;
}

/* Not inlined: what they put on the stack shall not stand beside each other, nor beside what limits and promotion need.
 */
#define KEEP_FUNCTION(name, does, family, member)                                                               \
	__subprogram int name(struct facts *facts, struct weir_flow##member##_key *key, struct weir_flow *flow, \
			      struct weir_endpoint *endpoint)                                                   \
	{                                                                                                       \
		struct packet pkt = {                                                                           \
			.f = facts,                                                                             \
			.direction = facts->direction & 1,                                                      \
			.deep = true,                                                                           \
			.key = (union flow_key *)key,                                                           \
			.flow = flow,                                                                           \
			.endpoint = endpoint,                                                                   \
		};                                                                                              \
		return does(&pkt, family);                                                                      \
	}

KEEP_FUNCTION(insert4, insert, WEIR_IPV4, 4)
KEEP_FUNCTION(insert6, insert, WEIR_IPV6, 6)
KEEP_FUNCTION(update4, update, WEIR_IPV4, 4)
KEEP_FUNCTION(update6, update, WEIR_IPV6, 6)

/* The slots of an entry that is decided again, or replaced. */
static __always_inline void prepare(struct packet *pkt, enum weir_family family)
{
	if (pkt->flow) {
		if (holds_any(pkt->flow) || pkt->f->decision_flags & WEIR_DECISION_CAPPED)
			hold_again(pkt->flow, pkt->key, family, pkt->f);
		return;
	}
	if (pkt->f->present && is_kept(pkt))
		drop_replaced(pkt->key, family, is_stream(pkt) ? WEIR_OPENINGS : WEIR_EXCHANGES);
	if (pkt->f->opening)
		end_former(pkt->key, family);
}

static __always_inline void keep(struct packet *pkt, enum weir_family family)
{
	int turn;

	prepare(pkt, family);
	if (!pkt->flow) {
		if (!is_kept(pkt))
			return;
		if (family == WEIR_IPV4)
			insert4(pkt->f, &pkt->key->v4, NULL, pkt->endpoint);
		else
			insert6(pkt->f, &pkt->key->v6, NULL, pkt->endpoint);
		return;
	}
	turn = family == WEIR_IPV4 ? update4(pkt->f, &pkt->key->v4, pkt->flow, pkt->endpoint)
				   : update6(pkt->f, &pkt->key->v6, pkt->flow, pkt->endpoint);
	if (holds_any(pkt->flow))
		settle_flow(pkt->flow, pkt->key, family);
	if (turn & TURN_COMPLETES)
		promote_flow(pkt->flow, pkt->key, family);
}

#endif
