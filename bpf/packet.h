/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the stages of the packet's walk hand to one another.
 *
 * The way of an established packet is inlined as a whole. Nothing but the flow
 * key has its address taken there, so the compiler keeps the facts in registers
 * and drops those that a path does not use. What other packets need is in
 * functions of their own (cold.h), which get a copy of the facts.
 *
 * A stage returns a verdict, or WEIR_VERDICT_NONE for "no opinion: go on".
 */
#ifndef WEIR_BPF_PACKET_H
#define WEIR_BPF_PACKET_H

#include <stdbool.h>

#include "maps.h"
#include "weir/event.h"

/*
 * A function with a frame of its own. Used: else a compiler that finds that nobody
 * asks for what it returns leaves anything there, and from an inner function the
 * verifier takes no pointer into the stack.
 */
#define __subprogram static __noinline __attribute__((used))

enum packet_hook {
	PACKET_TC,
	PACKET_XDP,
	PACKET_PEEK, /* nobody sent it: judged as the first of a connection, and leaves no trace */
};

union flow_key {
	struct weir_flow4_key v4;
	struct weir_flow6_key v6;
};

/* In place of a MAC address: in mac_word() two bytes are zero. */
#define MAC_UNSEEN (~0ull)

/* What is known of a packet, as far as it is numbers. */
struct facts {
	__u8 peek;	/* it is asked about, not sent */
	__u8 direction; /* enum weir_direction */
	__u8 ip_proto;
	__u8 hop_limit; /* IPv6 */
	__u32 ifindex;	/* of the endpoint */
	__u32 length;	/* link header included */
	__u32 generation;
	__u64 source_mac; /* as mac_word() has it, or MAC_UNSEEN */
	__u32 now;	  /* tick, once a flow has been looked for */

	/* parse */
	__u32 offset;	      /* of the header to be parsed next; in the end, of the payload */
	__u32 end;	      /* of the IP packet: what follows is link padding */
	__u16 network;	      /* offset of the IP header */
	__u16 fragment_start; /* offset of what the fragment brings */
	__be16 eth_proto;
	__be16 fragment;     /* offset and more-fragments bits, as the family has them; zero: a whole packet */
	__u32 fragment_id;   /* as in the packet */
	__u8 later_fragment; /* without a transport header */
	__u8 orphan;	     /* a later fragment whose first one nobody remembers */
	__u8 opening;	     /* asks for a new connection: TCP SYN, SCTP INIT */
	__u8 quoted;	     /* an ICMP error: key, protocol and ports are those of the packet that it is about */
	__u8 ports;	     /* enum weir_port_protocol */
	__u8 flags;	     /* TCP's; of SCTP's first chunk */
	__u8 type;	     /* ICMP's; of SCTP's first chunk */
	__u8 decision_flags; /* policy: WEIR_DECISION_* */
	__u32 seq;	     /* TCP, host order; SCTP: initiate tag */
	__u32 ack;	     /* TCP, host order; SCTP: verification tag */

	/* flow */
	__u8 found;   /* it belongs to an entry */
	__u8 present; /* an entry has its key, be it expired or another connection's */
	__u8 table;   /* enum weir_flow_table: where that is */
	__u8 opener;  /* enum weir_direction in which policy judges it */
	__u32 flow_generation;

	/* endpoint, policy, account */
	__u32 identity;
	__u32 peer;	/* identity */
	__u32 revision; /* of the image that decision is an offset in */
	__u32 decision;
	__u32 counter; /* of the decision that was made about this very packet */
	__u32 account; /* row where it is counted */
	__u8 limited;
	__u8 audited; /* policy would drop it, but only says so */
	__u8 reason;
	__u8 event;		    /* enum weir_event_kind: what is to be told of it beside the verdict; 0: nothing */
	__u32 bucket;		    /* + 1: of the limit that it is over; 0: of none */
	__u32 held[WEIR_FLOW_HELD]; /* slots that it has taken, for the entry that is to hold them */
};

/* Room for any one header. */
struct scratch {
	__u8 bytes[40];
} __attribute__((aligned(8)));

struct packet {
	struct facts *f;
	struct scratch *scratch; /* in a cold stage */
	/* As in facts; constants, but in cold stages, so that what they decide is decided by the compiler. */
	enum packet_hook hook;
	enum weir_direction direction;
	bool uplink; /* arrives at the node: whose it is comes out by its destination */
	bool cold;   /* in a cold stage: offsets are anything, so headers are copied */
	bool deep;   /* one call more has no room on the stack: what is small is inlined */
	bool odd;    /* of a shape that established packets seldom have: for a cold stage */
	void *ctx;   /* struct __sk_buff or struct xdp_md, as hook says */
	union flow_key *key;
	struct weir_flow *flow; /* the entry that it belongs to, or NULL */
	struct weir_endpoint *endpoint;
	struct weir_image image;
};

/* A value that comes from memory is anything, to the verifier; as an index it has to be one of two. */
static __always_inline __u32 own_end(const struct packet *pkt)
{
	return pkt->direction & 1;
}

static __always_inline __u32 other_end(const struct packet *pkt)
{
	return own_end(pkt) ^ 1;
}

_Static_assert(sizeof(struct facts) == 112, "facts have no hidden padding: they are handed over as initialised memory");

static __always_inline enum weir_verdict pass(struct packet *pkt, __u8 reason)
{
	pkt->f->reason = reason;
	return WEIR_VERDICT_PASS;
}

static __always_inline enum weir_verdict drop(struct packet *pkt, __u8 reason)
{
	pkt->f->reason = reason;
	return WEIR_VERDICT_DROP;
}

/* Six bytes as one word to compare; what follows them is shifted out. Eight bytes must be readable there. */
static __always_inline __u64 mac_word(const void *mac)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return *(const __u64 *)mac << 16;
#else
	return *(const __u64 *)mac >> 16;
#endif
}

#endif
