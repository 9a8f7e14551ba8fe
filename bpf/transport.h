/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Transport headers: the ports, which complete the flow key, and whether the packet asks for a connection. */
#ifndef WEIR_BPF_TRANSPORT_H
#define WEIR_BPF_TRANSPORT_H

#include <linux/tcp.h>
#include <linux/udp.h>

#include "endpoint.h"
#include "parse.h"

#define TCP_MIN_DOFF 5

/* The uapi headers of ICMP draw in the C library's. */
#define ICMPV4_ECHO_REPLY   0
#define ICMPV4_ECHO_REQUEST 8
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY   129
#define ICMPV6_ND_FIRST	    133 /* router solicitation */
#define ICMPV6_ND_LAST	    137 /* redirect */
#define ICMPV6_ND_HOP_LIMIT 255

struct icmp_header {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be16 echo_id;
	__be16 echo_sequence;
};

struct sctp_header {
	__be16 source;
	__be16 dest;
	__be32 tag;
	__be32 checksum;
};

/* Both families' keys end alike; the address part is filled in by the IP header's parser. */
#define FLOW_KEY_SET(key, pkt, source, dest)                                              \
	do {                                                                              \
		(key)->local_port = (pkt)->direction == WEIR_EGRESS ? (source) : (dest);  \
		(key)->remote_port = (pkt)->direction == WEIR_EGRESS ? (dest) : (source); \
		(key)->ifindex = (pkt)->ifindex;                                          \
		(key)->protocol = (pkt)->ip_proto;                                        \
		__builtin_memset((key)->pad, 0, sizeof((key)->pad));                      \
	} while (0)

static __always_inline enum weir_verdict finish_key(struct packet *pkt, enum weir_family family, __be16 source,
						    __be16 dest)
{
	if (family == WEIR_IPV4)
		FLOW_KEY_SET(&pkt->key->v4, pkt, source, dest);
	else
		FLOW_KEY_SET(&pkt->key->v6, pkt, source, dest);
	return WEIR_VERDICT_NONE;
}

/* The transport header, when the IP packet is long enough to hold it. */
static __always_inline const void *transport_header(const struct packet *pkt, void *scratch, __u32 size)
{
	return pkt->offset + size > pkt->end ? NULL : packet_header(pkt, scratch, size);
}

static __always_inline enum weir_verdict parse_tcp(struct packet *pkt, enum weir_family family)
{
	struct tcphdr scratch;
	const struct tcphdr *tcp = transport_header(pkt, &scratch, sizeof(scratch));

	if (!tcp || tcp->doff < TCP_MIN_DOFF || pkt->offset + tcp->doff * 4 > pkt->end)
		return drop(pkt, WEIR_REASON_BAD_TRANSPORT);
	pkt->ports = WEIR_PORTS_TCP;
	pkt->tcp_syn = tcp->syn && !tcp->ack;
	pkt->offset += tcp->doff * 4;
	return finish_key(pkt, family, tcp->source, tcp->dest);
}

/* The length in a fragment is that of the whole packet. */
static __always_inline bool is_udp_length(const struct packet *pkt, __u16 length)
{
	__u32 room = pkt->end - pkt->offset;

	if (length < sizeof(struct udphdr))
		return !length && is_beyond_length_fields(room);
	return length <= room || pkt->fragment;
}

static __always_inline enum weir_verdict parse_udp(struct packet *pkt, enum weir_family family)
{
	struct udphdr scratch;
	const struct udphdr *udp = transport_header(pkt, &scratch, sizeof(scratch));

	if (!udp || !is_udp_length(pkt, bpf_ntohs(udp->len)))
		return drop(pkt, WEIR_REASON_BAD_TRANSPORT);
	pkt->ports = WEIR_PORTS_UDP;
	pkt->offset += sizeof(*udp);
	return finish_key(pkt, family, udp->source, udp->dest);
}

static __always_inline enum weir_verdict parse_sctp(struct packet *pkt, enum weir_family family)
{
	struct sctp_header scratch;
	const struct sctp_header *sctp = transport_header(pkt, &scratch, sizeof(scratch));

	if (!sctp)
		return drop(pkt, WEIR_REASON_BAD_TRANSPORT);
	pkt->ports = WEIR_PORTS_SCTP;
	pkt->offset += sizeof(*sctp);
	return finish_key(pkt, family, sctp->source, sctp->dest);
}

static __always_inline bool is_echo(enum weir_family family, __u8 type)
{
	if (family == WEIR_IPV4)
		return type == ICMPV4_ECHO_REQUEST || type == ICMPV4_ECHO_REPLY;
	return type == ICMPV6_ECHO_REQUEST || type == ICMPV6_ECHO_REPLY;
}

/* Routers decrement the hop limit: 255 proves that the sender is on this link. */
static __always_inline bool is_neighbour_discovery(const struct packet *pkt, __u8 type)
{
	return type >= ICMPV6_ND_FIRST && type <= ICMPV6_ND_LAST && pkt->hop_limit == ICMPV6_ND_HOP_LIMIT;
}

/* An echo's identifier stands for both ports, so that request and reply have one key. */
static __always_inline enum weir_verdict parse_icmp(struct packet *pkt, enum weir_family family)
{
	struct icmp_header scratch;
	const struct icmp_header *icmp = transport_header(pkt, &scratch, sizeof(scratch));
	__be16 id = 0;

	if (!icmp)
		return drop(pkt, WEIR_REASON_BAD_TRANSPORT);
	if (family == WEIR_IPV6 && is_neighbour_discovery(pkt, icmp->type))
		return find_endpoint(pkt) ?: pass(pkt, WEIR_REASON_NEIGHBOUR);
	if (is_echo(family, icmp->type))
		id = icmp->echo_id;
	pkt->offset += sizeof(*icmp);
	return finish_key(pkt, family, id, id);
}

/* What has no ports, or hides them in an earlier fragment, is left to the rules without ports. */
static __always_inline enum weir_verdict parse_transport(struct packet *pkt, enum weir_family family)
{
	pkt->ports = WEIR_PORTS_NONE;
	if (unlikely(pkt->later_fragment))
		return finish_key(pkt, family, 0, 0);
	if (pkt->ip_proto == IPPROTO_TCP)
		return parse_tcp(pkt, family);
	if (pkt->ip_proto == IPPROTO_UDP)
		return parse_udp(pkt, family);
	if (pkt->ip_proto == IPPROTO_SCTP)
		return parse_sctp(pkt, family);
	if (pkt->ip_proto == (family == WEIR_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return parse_icmp(pkt, family);
	return finish_key(pkt, family, 0, 0);
}

#endif
