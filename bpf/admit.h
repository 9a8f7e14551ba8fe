/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What happens to a packet that no flow answers for: policy is asked, limits
 * are charged, and what is admitted is remembered.
 */
#ifndef WEIR_BPF_ADMIT_H
#define WEIR_BPF_ADMIT_H

#include "cold.h"
#include "keep.h"
#include "policy.h"
#include "shield.h"
#include "source.h"

static __always_inline enum weir_verdict match_self(struct packet *pkt, enum weir_family family)
{
	return is_self(pkt, family) ? pass(pkt, WEIR_REASON_SELF) : WEIR_VERDICT_NONE;
}

static __always_inline enum weir_verdict judge(struct packet *pkt, enum weir_family family)
{
	return find_image(pkt) ?:
	       find_endpoint(pkt) ?:
	       check_source(pkt, family) ?:
	       match_self(pkt, family) ?:
	       match_policy(pkt, family);
}

/*
 * Limits hold for what the opener of a connection sends, not for the replies;
 * tc charges them, so that a packet that XDP lets through is not charged twice.
 */
static __always_inline bool has_limits(const struct packet *pkt)
{
	return pkt->f->limited && pkt->hook == PACKET_TC && pkt->direction == pkt->f->opener && !pkt->f->quoted;
}

static __always_inline enum weir_verdict remember(struct packet *pkt, enum weir_family family)
{
	if (pkt->hook == PACKET_TC && pkt->f->generation != WEIR_GENERATION_NONE)
		keep(pkt, family);
	keep_first(pkt, family);
	return pkt->f->quoted ? pass(pkt, WEIR_REASON_ICMP_ERROR) : WEIR_VERDICT_PASS;
}

/* A connection that was admitted before and is no more holds no slots. */
static __always_inline void settle_refused(const struct packet *pkt, enum weir_family family)
{
	if (pkt->flow && pkt->flow->flags & WEIR_FLOW_REVOKED && holds_any(pkt->flow))
		settle_flow(pkt->flow, pkt->key, family);
}

/* No verdict: admitted, as far as limits allow. */
static __always_inline enum weir_verdict admit(struct packet *pkt, enum weir_family family)
{
	enum weir_verdict verdict;

	find_flow_again(pkt, family);
	pkt->f->counter = WEIR_COUNTER_NONE; /* until policy has decided again */
	pkt->f->account = WEIR_ACCOUNT_NONE;
	verdict = judge(pkt, family);
	if (verdict == WEIR_VERDICT_DROP && pkt->direction == WEIR_INGRESS && !pkt->f->peek && has_shield())
		note_denied(pkt, family, 1);
	settle_refused(pkt, family);
	if (verdict)
		return verdict;
	if (!has_limits(pkt))
		return remember(pkt, family);
	if (!pkt->flow && pkt->f->decision_flags & WEIR_DECISION_CAPPED)
		drop_expired(pkt->key, family, is_stream(pkt) ? WEIR_OPENINGS : WEIR_EXCHANGES);
	return WEIR_VERDICT_NONE;
}

/* Slots that no entry has come to hold are given back. */
static __always_inline enum weir_verdict remember_charged(struct packet *pkt, enum weir_family family)
{
	enum weir_verdict verdict;
	struct opener opener;

	find_flow_again(pkt, family);
	verdict = find_endpoint(pkt);
	settle_refused(pkt, family);
	if (!verdict)
		verdict = remember(pkt, family);
	if (!(pkt->f->held[0] | pkt->f->held[1]))
		return verdict;
	opener_of_packet(pkt, family, &opener);
	give_back(pkt->f->held, &opener);
	return verdict;
}

COLD_STAGE(admit)
COLD_STAGE(remember_charged)
COLD_STAGE_XDP(admit)

#endif
