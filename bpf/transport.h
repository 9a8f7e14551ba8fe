/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Transport headers: the ports, which complete the flow key, and what flow state is kept by. */
#ifndef WEIR_BPF_TRANSPORT_H
#define WEIR_BPF_TRANSPORT_H

#include <linux/tcp.h>
#include <linux/udp.h>

#include "parse.h"

#define TCP_MIN_DOFF 5

/* The uapi headers of ICMP draw in the C library's. */
#define ICMPV4_ECHO_REPLY	 0
#define ICMPV4_UNREACHABLE	 3
#define ICMPV4_ECHO_REQUEST	 8
#define ICMPV4_TIME_EXCEEDED	 11
#define ICMPV4_PARAMETER_PROBLEM 12
#define ICMPV6_ERROR_FIRST	 1 /* destination unreachable */
#define ICMPV6_ERROR_LAST	 4 /* parameter problem */
#define ICMPV6_ECHO_REQUEST	 128
#define ICMPV6_ECHO_REPLY	 129
#define ICMPV6_MLD_FIRST	 130
#define ICMPV6_MLD_LAST		 132
#define ICMPV6_MLD2_REPORT	 143
#define ICMPV6_MLD_HOP_LIMIT	 1
#define ICMPV6_ND_FIRST		 133 /* router solicitation */
#define ICMPV6_ND_ROUTER	 134
#define ICMPV6_ND_SOLICITATION	 135
#define ICMPV6_ND_ADVERTISEMENT	 136
#define ICMPV6_ND_LAST		 137 /* redirect */
#define ICMPV6_ND_HOP_LIMIT	 255

struct icmp_header {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be16 echo_id;
	__be16 echo_sequence;
};

/* With the first chunk's header, and what follows it in INIT and INIT ACK. */
struct sctp_header {
	__be16 source;
	__be16 dest;
	__be32 tag;
	__be32 checksum;
	__u8 chunk; /* enum sctp_chunk */
	__u8 chunk_flags;
	__be16 chunk_length;
	__be32 initiate_tag;
};

/* RFC 9260, section 3.2 */
enum sctp_chunk {
	SCTP_INIT = 1,
	SCTP_INIT_ACK = 2,
	SCTP_ABORT = 6,
	SCTP_SHUTDOWN = 7,
	SCTP_COOKIE_ECHO = 10,
	SCTP_COOKIE_ACK = 11,
	SCTP_SHUTDOWN_COMPLETE = 14,
};

#define SCTP_COMMON_HEADER 12
#define SCTP_MIN_CHUNK	   4
#define SCTP_TAG_REFLECTED 0x01 /* chunk flag: the tag is the sender's own */

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

/*
 * Which combinations of FIN, SYN, RST and ACK some state of RFC 9293 sends, one
 * bit for each value of these flags: SYN goes with neither FIN nor RST, and
 * whatever asks for nothing new acknowledges or resets.
 */
#define TCP_FLAGS_KNOWN	 (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)
#define TCP_FLAGS_BIT(f) (1u << (f))
#define TCP_FLAGS_POSSIBLE                                                                              \
	(TCP_FLAGS_BIT(TCP_SYN) | TCP_FLAGS_BIT(TCP_SYN | TCP_ACK) | TCP_FLAGS_BIT(TCP_ACK) |           \
	 TCP_FLAGS_BIT(TCP_FIN | TCP_ACK) | TCP_FLAGS_BIT(TCP_RST) | TCP_FLAGS_BIT(TCP_RST | TCP_ACK) | \
	 TCP_FLAGS_BIT(TCP_RST | TCP_FIN) | TCP_FLAGS_BIT(TCP_RST | TCP_FIN | TCP_ACK))

/* Asks for nothing, and is kept nowhere. */
static __always_inline bool is_reset(const struct packet *pkt)
{
	return pkt->f->ports == WEIR_PORTS_TCP ? pkt->f->flags & TCP_RST
					       : pkt->f->ports == WEIR_PORTS_SCTP && pkt->f->type == SCTP_ABORT;
}

/* An entry is made for it, where none answers for it. */
static __always_inline bool is_kept(const struct packet *pkt)
{
	return !pkt->f->later_fragment && !is_reset(pkt);
}

/* Both families' keys end alike; the address part is filled in by the IP header's parser. */
#define FLOW_KEY_SET(key, pkt, source, dest)                                              \
	do {                                                                              \
		(key)->local_port = (pkt)->direction == WEIR_EGRESS ? (source) : (dest);  \
		(key)->remote_port = (pkt)->direction == WEIR_EGRESS ? (dest) : (source); \
		(key)->ifindex = (pkt)->f->ifindex;                                       \
		(key)->protocol = (pkt)->f->ip_proto;                                     \
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

static __always_inline void set_key_interface(struct packet *pkt, enum weir_family family)
{
	if (family == WEIR_IPV4)
		pkt->key->v4.ifindex = pkt->f->ifindex;
	else
		pkt->key->v6.ifindex = pkt->f->ifindex;
}

/* The transport header, when the IP packet is long enough to hold it. */
static __always_inline const void *transport_header(struct packet *pkt, __u32 size)
{
	return pkt->f->offset + size > pkt->f->end ? NULL : packet_header(pkt, size);
}

/* A first fragment without the whole transport header hides what policy is asked about (RFC 1858, RFC 7112). */
static __always_inline __u8 truncated(const struct packet *pkt)
{
	return pkt->f->fragment ? WEIR_REASON_FRAGMENT_TINY : WEIR_REASON_BAD_TRANSPORT;
}

static __always_inline bool is_possible_tcp(__u8 flags)
{
	return TCP_FLAGS_POSSIBLE >> (flags & TCP_FLAGS_KNOWN) & 1;
}

static __always_inline enum weir_verdict parse_tcp(struct packet *pkt, enum weir_family family)
{
	const struct tcphdr *tcp = transport_header(pkt, sizeof(*tcp));

	if (!tcp || pkt->f->offset + tcp->doff * 4 > pkt->f->end)
		return drop(pkt, truncated(pkt));
	pkt->f->flags = ((const __u8 *)tcp)[13];
	if (tcp->doff < TCP_MIN_DOFF || !is_possible_tcp(pkt->f->flags))
		return drop(pkt, WEIR_REASON_BAD_TRANSPORT);
	pkt->f->ports = WEIR_PORTS_TCP;
	pkt->f->opening = (pkt->f->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	pkt->f->seq = bpf_ntohl(tcp->seq);
	pkt->f->ack = bpf_ntohl(tcp->ack_seq);
	pkt->f->offset += tcp->doff * 4;
	return finish_key(pkt, family, tcp->source, tcp->dest);
}

/* The length in a fragment is that of the whole packet. */
static __always_inline bool is_udp_length(const struct packet *pkt, __u16 length)
{
	__u32 room = pkt->f->end - pkt->f->offset;

	if (length < sizeof(struct udphdr))
		return !length && is_beyond_length_fields(room);
	return length <= room || pkt->f->fragment;
}

static __always_inline enum weir_verdict parse_udp(struct packet *pkt, enum weir_family family)
{
	const struct udphdr *udp = transport_header(pkt, sizeof(*udp));

	if (!udp)
		return drop(pkt, truncated(pkt));
	if (!is_udp_length(pkt, bpf_ntohs(udp->len)))
		return drop(pkt, WEIR_REASON_BAD_TRANSPORT);
	pkt->f->ports = WEIR_PORTS_UDP;
	pkt->f->offset += sizeof(*udp);
	return finish_key(pkt, family, udp->source, udp->dest);
}

/* Tags are kept as they come: they are only compared. */
static __always_inline enum weir_verdict parse_sctp(struct packet *pkt, enum weir_family family)
{
	struct sctp_header scratch = {};
	__u32 size =
		pkt->f->end - pkt->f->offset < sizeof(scratch) ? SCTP_COMMON_HEADER + SCTP_MIN_CHUNK : sizeof(scratch);

	if (pkt->f->offset + size > pkt->f->end || packet_load(pkt, pkt->f->offset, &scratch, size))
		return drop(pkt, truncated(pkt));
	pkt->f->ports = WEIR_PORTS_SCTP;
	pkt->f->type = scratch.chunk;
	pkt->f->opening = scratch.chunk == SCTP_INIT;
	pkt->f->flags = scratch.chunk_flags;
	pkt->f->ack = scratch.tag;
	pkt->f->seq = scratch.initiate_tag;
	pkt->f->offset += SCTP_COMMON_HEADER;
	return finish_key(pkt, family, scratch.source, scratch.dest);
}

static __always_inline bool is_echo(enum weir_family family, __u8 type)
{
	if (family == WEIR_IPV4)
		return type == ICMPV4_ECHO_REQUEST || type == ICMPV4_ECHO_REPLY;
	return type == ICMPV6_ECHO_REQUEST || type == ICMPV6_ECHO_REPLY;
}

/* False: it is something else. */
static __always_inline bool parse_plain_echo(struct packet *pkt, enum weir_family family)
{
	const struct icmp_header *icmp = transport_header(pkt, sizeof(*icmp));

	if (!icmp || !is_echo(family, icmp->type))
		return false;
	pkt->f->ports = WEIR_PORTS_NONE;
	pkt->f->type = icmp->type;
	pkt->f->offset += sizeof(*icmp);
	/* The identifier stands for both ports, so that request and reply have one key. */
	finish_key(pkt, family, icmp->echo_id, icmp->echo_id);
	return true;
}

#endif
