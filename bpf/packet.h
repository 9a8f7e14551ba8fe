/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the stages of the packet's walk hand to one another. Every stage is
 * inlined and nothing but the flow key has its address taken, so the compiler
 * keeps these fields in registers and drops those that a path does not use.
 *
 * A stage returns a verdict, or WEIR_VERDICT_NONE for "no opinion: go on".
 */
#ifndef WEIR_BPF_PACKET_H
#define WEIR_BPF_PACKET_H

#include <stdbool.h>

#include "maps.h"

enum packet_hook {
	PACKET_TC,
	PACKET_XDP,
	PACKET_PEEK, /* nobody sent it: judged as the first of a connection, and leaves no trace */
};

union flow_key {
	struct weir_flow4_key v4;
	struct weir_flow6_key v6;
};

struct packet {
	void *ctx; /* struct __sk_buff or struct xdp_md, as hook says */
	enum packet_hook hook;
	enum weir_direction direction;
	__u32 ifindex;
	__u32 length; /* link header included */
	__u32 generation;

	/* parse */
	__u32 offset; /* of the header to be parsed next; in the end, of the payload */
	__u32 end;    /* of the IP packet: what follows is link padding */
	union flow_key *key;
	__be16 eth_proto;
	__u8 ip_proto;
	__u8 hop_limit;	     /* IPv6 */
	__be16 fragment;     /* offset and more-fragments bits, as the family has them; zero: a whole packet */
	bool later_fragment; /* without a transport header */
	bool tcp_syn;	     /* asks for a new connection */
	enum weir_port_protocol ports;

	/* flow */
	struct weir_flow *flow;	    /* the entry it was found to belong to, or NULL */
	__u32 flow_generation;	    /* of that entry when it was found */
	enum weir_direction opener; /* the direction in which policy judges it */
	bool known;		    /* decided before; only its limits are left to charge */

	/* endpoint, policy */
	__u32 identity;
	__u32 peer; /* identity */
	struct weir_image image;
	__u32 revision; /* of the image that decision is an offset in */
	__u32 decision;
	bool limited;

	/* account */
	__u32 counter;
	__u8 reason;
};

static __always_inline enum weir_verdict pass(struct packet *pkt, __u8 reason)
{
	pkt->reason = reason;
	return WEIR_VERDICT_PASS;
}

static __always_inline enum weir_verdict drop(struct packet *pkt, __u8 reason)
{
	pkt->reason = reason;
	return WEIR_VERDICT_DROP;
}

#endif
