/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet's walk, one call per stage; the same for tc and XDP. */
#ifndef WEIR_BPF_DECIDE_H
#define WEIR_BPF_DECIDE_H

#include "account.h"
#include "endpoint.h"
#include "flow.h"
#include "limit.h"
#include "parse.h"
#include "policy.h"
#include "transport.h"

static __always_inline enum weir_verdict parse_ip(struct packet *pkt, enum weir_family family)
{
	return (family == WEIR_IPV4 ? parse_ipv4(pkt) : parse_ipv6(pkt)) ?: parse_transport(pkt, family);
}

/* A connection that was decided under this very image has its decision still. */
static __always_inline enum weir_verdict judge(struct packet *pkt, enum weir_family family)
{
	if (pkt->known && pkt->revision == weir_image_header_word(&pkt->image, revision))
		return WEIR_VERDICT_NONE;
	pkt->known = false;
	return find_endpoint(pkt) ?: match_policy(pkt, family);
}

/* The families share the source of every stage and none of the code: an IPv4 packet runs through no test for IPv6. */
static __always_inline enum weir_verdict decide_ip(struct packet *pkt, enum weir_family family)
{
	union flow_key key;

	pkt->key = &key;
	return parse_ip(pkt, family) ?:
	       match_flow(pkt, family) ?:
	       find_image(pkt) ?:
	       judge(pkt, family) ?:
	       match_limits(pkt) ?:
	       keep_flow(pkt, family);
}

static __always_inline enum weir_verdict decide(struct packet *pkt)
{
	enum weir_verdict verdict = parse_ethernet(pkt);

	if (verdict)
		return verdict;
	switch (pkt->eth_proto) {
	case bpf_htons(ETH_P_IP):
		return decide_ip(pkt, WEIR_IPV4);
	case bpf_htons(ETH_P_IPV6):
		return decide_ip(pkt, WEIR_IPV6);
	case bpf_htons(ETH_P_ARP):
		return find_endpoint(pkt) ?: pass(pkt, WEIR_REASON_ARP);
	default:
		return drop(pkt, WEIR_REASON_NOT_IP);
	}
}

#endif
