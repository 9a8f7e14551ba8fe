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

/* No verdict: admitted, as far as limits allow. */
static __always_inline enum weir_verdict admit(struct packet *pkt, enum weir_family family)
{
	enum weir_verdict verdict;

	find_flow_again(pkt, family);
	pkt->f->counter = WEIR_COUNTER_NONE; /* until policy has decided again */
	pkt->f->account = WEIR_ACCOUNT_NONE;
	verdict = judge(pkt, family);
	if (verdict == WEIR_VERDICT_DROP && pkt->direction == WEIR_INGRESS && !pkt->f->peek && has_shield())
		note_denied(pkt, family);
	if (verdict || has_limits(pkt))
		return verdict;
	return remember(pkt, family);
}

static __always_inline enum weir_verdict remember_charged(struct packet *pkt, enum weir_family family)
{
	find_flow_again(pkt, family);
	return find_endpoint(pkt) ?: remember(pkt, family);
}

COLD_STAGE(admit)
COLD_STAGE(remember_charged)
COLD_STAGE_XDP(admit)

#endif
