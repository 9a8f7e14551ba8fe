/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP and ICMPv6. An echo is a flow of its own. An error is about a packet
 * that it quotes, and belongs to that packet's flow. Neighbour discovery and
 * multicast listener reports are the link's own affair and pass, as long as a
 * pod speaks for nothing but its own addresses.
 */
#ifndef WEIR_BPF_ICMP_H
#define WEIR_BPF_ICMP_H

#include "quote.h"
#include "source.h"

static __always_inline bool is_icmp_error(enum weir_family family, __u8 type)
{
	if (family == WEIR_IPV6)
		return type >= ICMPV6_ERROR_FIRST && type <= ICMPV6_ERROR_LAST;
	return type == ICMPV4_UNREACHABLE || type == ICMPV4_TIME_EXCEEDED || type == ICMPV4_PARAMETER_PROBLEM;
}

/* Routers decrement the hop limit: 255 proves that the sender is on this link. */
static __always_inline bool is_neighbour_discovery(const struct packet *pkt, __u8 type)
{
	return type >= ICMPV6_ND_FIRST && type <= ICMPV6_ND_LAST && pkt->f->hop_limit == ICMPV6_ND_HOP_LIMIT;
}

static __always_inline bool is_listener_report(const struct packet *pkt, __u8 type)
{
	return ((type >= ICMPV6_MLD_FIRST && type <= ICMPV6_MLD_LAST) || type == ICMPV6_MLD2_REPORT) &&
	       pkt->f->hop_limit == ICMPV6_MLD_HOP_LIMIT;
}

/* A router's words are not a pod's to speak; nor is the address of another. target: NULL where the message has none. */
static __always_inline bool is_spoofed_neighbour(const struct packet *pkt, __u8 type, const __u8 *target)
{
	bool nobody = is_unspecified_ipv6(pkt->key->v6.local);

	if (type == ICMPV6_ND_ROUTER || type == ICMPV6_ND_LAST)
		return true;
	if (!nobody && !is_own_ipv6(pkt, pkt->key->v6.local))
		return true;
	/* Whoever has no address yet asks whether the one that it wants is free. */
	if (type == ICMPV6_ND_ADVERTISEMENT || (type == ICMPV6_ND_SOLICITATION && nobody))
		return !is_own_ipv6(pkt, target);
	return false;
}

static __always_inline enum weir_verdict judge_neighbour(struct packet *pkt, __u8 type)
{
	__u8 target[16] __attribute__((aligned(4))) = {};
	enum weir_verdict verdict = find_endpoint(pkt) ?: check_mac(pkt);

	if (verdict)
		return verdict;
	if (type == ICMPV6_ND_SOLICITATION || type == ICMPV6_ND_ADVERTISEMENT) {
		__u32 at = pkt->f->offset + sizeof(struct icmp_header);

		if (at + sizeof(target) > pkt->f->end || packet_load(pkt, at, target, sizeof(target)))
			return drop(pkt, WEIR_REASON_BAD_TRANSPORT);
	}
	if (checks_address(pkt) && is_spoofed_neighbour(pkt, type, target))
		return drop(pkt, WEIR_REASON_SPOOFED_NEIGHBOUR);
	return pass(pkt, WEIR_REASON_NEIGHBOUR);
}

/* Whatever is not an echo. */
static __always_inline enum weir_verdict judge_icmp(struct packet *pkt, enum weir_family family)
{
	if (family == WEIR_IPV6 && (is_neighbour_discovery(pkt, pkt->f->type) || is_listener_report(pkt, pkt->f->type)))
		return judge_neighbour(pkt, pkt->f->type);
	pkt->f->offset += sizeof(struct icmp_header);
	if (is_icmp_error(family, pkt->f->type) && pkt->hook == PACKET_TC && !pkt->f->fragment)
		return match_quoted_flow(pkt, family);
	return WEIR_VERDICT_NONE;
}

static __always_inline enum weir_verdict parse_icmp(struct packet *pkt, enum weir_family family)
{
	const struct icmp_header *icmp = transport_header(pkt, sizeof(*icmp));

	if (!icmp)
		return drop(pkt, truncated(pkt));
	pkt->f->type = icmp->type;
	if (parse_plain_echo(pkt, family))
		return WEIR_VERDICT_NONE;
	finish_key(pkt, family, 0, 0);
	return judge_icmp(pkt, family);
}

#endif
