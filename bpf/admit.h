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

/*
 * Limits hold for what the opener of a connection sends, not for the replies;
 * tc charges them, so that a packet that XDP lets through is not charged twice.
 */
static __always_inline enum weir_verdict match_limits(struct packet *pkt)
{
	__u32 segments, opens;
	int charged;

	if (!pkt->f->limited || pkt->hook != PACKET_TC || pkt->direction != pkt->f->opener || pkt->f->quoted)
		return WEIR_VERDICT_NONE;
	segments = packet_segments(pkt);
	opens = !pkt->flow && !pkt->f->later_fragment;
	charged = charge(pkt->image.words, pkt->f->decision, segments, packet_wire_bytes(pkt, segments), opens);
	if (charged == NOT_CHARGED)
		return over_limit(pkt);
	if (charged == CHARGED_BUT_AUDIT)
		pkt->f->reason = WEIR_REASON_AUDIT;
	return WEIR_VERDICT_NONE;
}

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
	       match_policy(pkt, family) ?:
	       match_limits(pkt);
}

static __always_inline enum weir_verdict admit(struct packet *pkt, enum weir_family family)
{
	enum weir_verdict verdict;

	find_flow_again(pkt, family);
	pkt->f->counter = WEIR_COUNTER_NONE; /* until policy has decided again */
	verdict = judge(pkt, family);
	if (verdict == WEIR_VERDICT_DROP && pkt->direction == WEIR_INGRESS && !pkt->f->peek && has_shield())
		note_denied(pkt, family);
	if (verdict)
		return verdict;
	if (pkt->hook == PACKET_TC && pkt->f->generation != WEIR_GENERATION_NONE)
		keep(pkt, family);
	keep_first(pkt, family);
	return pkt->f->quoted ? pass(pkt, WEIR_REASON_ICMP_ERROR) : WEIR_VERDICT_PASS;
}

COLD_STAGE(admit)
COLD_STAGE_XDP(admit)

#endif
