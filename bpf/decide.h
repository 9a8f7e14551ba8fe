/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet's walk, one call per stage; the same for tc and XDP. */
#ifndef WEIR_BPF_DECIDE_H
#define WEIR_BPF_DECIDE_H

#include "admit.h"
#include "arp.h"
#include "notice.h"
#include "odd.h"
#include "parse.h"
#include "refusal.h"
#include "shield.h"

/* What arrives at the node is judged only where it is for a pod of this node. */
static __always_inline enum weir_verdict find_destination(struct packet *pkt, enum weir_family family)
{
	const struct weir_address *address = family == WEIR_IPV4 ? bpf_map_lookup_elem(&addresses4, &pkt->key->v4.local)
								 : bpf_map_lookup_elem(&addresses6, pkt->key->v6.local);

	if (!address || !address->ifindex || !is_shielded(pkt, family))
		return pass(pkt, WEIR_REASON_NONE);
	pkt->f->ifindex = address->ifindex;
	return WEIR_VERDICT_NONE;
}

/* TCP, UDP, SCTP and echoes, in one piece and without options. */
static __always_inline enum weir_verdict parse_plain(struct packet *pkt, enum weir_family family)
{
	const __u8 icmp = family == WEIR_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	if (family == WEIR_IPV4 && (pkt->f->fragment || pkt->f->offset - pkt->f->network != sizeof(struct iphdr)))
		pkt->odd = true;
	else if (pkt->f->ip_proto == IPPROTO_TCP)
		return parse_tcp(pkt, family);
	else if (pkt->f->ip_proto == IPPROTO_UDP)
		return parse_udp(pkt, family);
	else if (pkt->f->ip_proto == IPPROTO_SCTP)
		return parse_sctp(pkt, family);
	else if (pkt->f->ip_proto != icmp || !parse_plain_echo(pkt, family))
		pkt->odd = true;
	return WEIR_VERDICT_NONE;
}

/* An image that was swapped in between is a reason to decide once more; two swaps take longer than a packet. */
static __always_inline enum weir_verdict charge_new(struct packet *pkt, enum weir_family family)
{
	int charged = CALL_STAGE(pkt, charge, family);
	enum weir_verdict verdict;

	if (unlikely(charged == ANOTHER_IMAGE)) {
		verdict = CALL_STAGE(pkt, admit, family);
		if (verdict)
			return verdict;
		charged = CALL_STAGE(pkt, charge, family);
	}
	if (charged != CHARGED && charged != CHARGED_BUT_AUDIT)
		return over_limit(pkt, charged);
	if (charged == CHARGED_BUT_AUDIT)
		pkt->f->reason = WEIR_REASON_AUDIT;
	verdict = CALL_STAGE(pkt, remember_charged, family);
	if (charged == CHARGED_BUT_AUDIT)
		pkt->f->event = WEIR_EVENT_AUDITED;
	return verdict;
}

static __always_inline enum weir_verdict ask_policy(struct packet *pkt, enum weir_family family)
{
	if (pkt->hook == PACKET_XDP)
		return CALL_STAGE(pkt, admit_xdp, family);
	if (pkt->hook == PACKET_PEEK)
		return CALL_STAGE(pkt, admit, family);
	return CALL_STAGE(pkt, admit, family) ?: charge_new(pkt, family);
}

/* XDP only drops; what it doesn't look into, it leaves to tc. */
static __always_inline enum weir_verdict walk_odd(struct packet *pkt, enum weir_family family)
{
	if (pkt->hook == PACKET_XDP)
		return pass(pkt, WEIR_REASON_NONE);
	return CALL_STAGE(pkt, match_odd, family) ?: ask_policy(pkt, family);
}

/* Of a packet that no flow answers for, or that is to be decided again. */
static __always_inline enum weir_verdict decide_anew(struct packet *pkt, enum weir_family family, bool maybe_refused)
{
	enum weir_verdict verdict;

	if (pkt->flow || pkt->hook == PACKET_PEEK)
		return notice(pkt, family, ask_policy(pkt, family));
	if (maybe_refused && CALL_REFUSAL(pkt, refuse_again_quietly, family))
		return WEIR_VERDICT_DROP;
	verdict = ask_policy(pkt, family);
	if (verdict == WEIR_VERDICT_DROP && is_worth_keeping(pkt))
		CALL_REFUSAL(pkt, keep_refusal, family);
	return notice(pkt, family, verdict);
}

/* At the node, of which XDP sees everything: mostly it is for nobody here, or to be left to tc. */
static __always_inline enum weir_verdict decide_arrived(struct packet *pkt, enum weir_family family)
{
	enum weir_verdict verdict;
	bool refused;

	if (parse_ip(pkt, family) || is_calm())
		return pass(pkt, WEIR_REASON_NONE);
	verdict = parse_plain(pkt, family);
	if (pkt->odd)
		return pass(pkt, WEIR_REASON_NONE);
	refused = !verdict && find_refusal(pkt, family);
	if (!refused && find_destination(pkt, family))
		return WEIR_VERDICT_PASS;
	if (!verdict) {
		set_key_interface(pkt, family);
		verdict = match_flow(pkt, family);
	}
	if (verdict == WEIR_VERDICT_PASS)
		return verdict;
	return verdict ? notice(pkt, family, verdict) : decide_anew(pkt, family, refused);
}

/* The families share the source of every stage and none of the code: an IPv4 packet runs through no test for IPv6. */
static __always_inline enum weir_verdict decide_ip(struct packet *pkt, enum weir_family family)
{
	enum weir_verdict verdict;

	if (pkt->uplink)
		return decide_arrived(pkt, family);
	verdict = parse_ip(pkt, family) ?: parse_plain(pkt, family);
	/* Also where a header was not found in place, and the verdict is not to be trusted. */
	if (unlikely(pkt->odd))
		return notice(pkt, family, walk_odd(pkt, family));
	verdict = verdict ?: match_flow(pkt, family);
	if (likely(verdict == WEIR_VERDICT_PASS))
		return verdict;
	return verdict ? notice(pkt, family, verdict) : decide_anew(pkt, family, true);
}

/* Without addresses. */
static __always_inline enum weir_verdict notice_nameless(struct packet *pkt, enum weir_verdict verdict)
{
	__builtin_memset(&pkt->key->v4, 0, sizeof(pkt->key->v4));
	return notice(pkt, WEIR_IPV4, verdict);
}

static __always_inline enum weir_verdict decide_arp(struct packet *pkt)
{
	/* For the notice: the addresses that it is about, once they are read. */
	__builtin_memset(&pkt->key->v4, 0, sizeof(pkt->key->v4));
	return notice(pkt, WEIR_IPV4, find_endpoint(pkt) ?: check_mac(pkt) ?: judge_arp(pkt));
}

static __always_inline enum weir_verdict decide(struct packet *pkt)
{
	enum weir_verdict verdict = parse_ethernet(pkt);

	if (verdict)
		return notice_nameless(pkt, verdict);
	switch (pkt->f->eth_proto) {
	case bpf_htons(ETH_P_IP):
		return decide_ip(pkt, WEIR_IPV4);
	case bpf_htons(ETH_P_IPV6):
		return decide_ip(pkt, WEIR_IPV6);
	case bpf_htons(ETH_P_ARP):
		return decide_arp(pkt);
	default:
		return notice_nameless(pkt, drop(pkt, WEIR_REASON_NOT_IP));
	}
}

#endif
