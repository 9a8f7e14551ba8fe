/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The walk of packets that established ones seldom look like: options, extension headers, fragments, odd protocols. */
#ifndef WEIR_BPF_ODD_H
#define WEIR_BPF_ODD_H

#include "cold.h"
#include "icmp.h"

static __always_inline enum weir_verdict parse_extras(struct packet *pkt, enum weir_family family)
{
	if (family == WEIR_IPV4)
		return check_ipv4_options(pkt);
	return is_ipv6_extension(pkt->f->ip_proto) ? follow_ipv6_extensions(pkt) : WEIR_VERDICT_NONE;
}

/* What has no ports is left to the rules without ports. */
static __always_inline enum weir_verdict parse_transport(struct packet *pkt, enum weir_family family)
{
	pkt->f->ports = WEIR_PORTS_NONE;
	switch (pkt->f->ip_proto) {
	case IPPROTO_TCP:
		return parse_tcp(pkt, family);
	case IPPROTO_UDP:
		return parse_udp(pkt, family);
	case IPPROTO_SCTP:
		return parse_sctp(pkt, family);
	case IPPROTO_ICMP:
		return family == WEIR_IPV4 ? parse_icmp(pkt, family) : finish_key(pkt, family, 0, 0);
	case IPPROTO_ICMPV6:
		return family == WEIR_IPV6 ? parse_icmp(pkt, family) : finish_key(pkt, family, 0, 0);
	default:
		return finish_key(pkt, family, 0, 0);
	}
}

static __always_inline enum weir_verdict parse_fragment(struct packet *pkt, enum weir_family family)
{
	if (pkt->f->later_fragment)
		return match_first(pkt, family);
	return parse_transport(pkt, family) ?: match_first(pkt, family);
}

static __always_inline enum weir_verdict match_odd(struct packet *pkt, enum weir_family family)
{
	enum weir_verdict verdict;

	pkt->f->offset = pkt->f->network;
	verdict = parse_ip(pkt, family) ?: parse_extras(pkt, family) ?:
				    (pkt->f->fragment ? parse_fragment(pkt, family) : parse_transport(pkt, family)) ?:
				    (pkt->f->quoted ? WEIR_VERDICT_NONE : match_flow(pkt, family));

	if (verdict == WEIR_VERDICT_PASS)
		keep_first(pkt, family);
	return verdict;
}

COLD_STAGE(match_odd)

#endif
