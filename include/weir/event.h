/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs tell of single packets, in the ring buffer "events": the
 * first packet of each connection that is admitted or denied, and of one that
 * goes on being denied one packet every ten seconds, within a budget. What is
 * not told is counted all the same.
 *
 * Addresses and ports are in network byte order, everything else in host order.
 */
#ifndef WEIR_EVENT_H
#define WEIR_EVENT_H

#include <linux/types.h>

enum weir_event_kind {
	WEIR_EVENT_DENIED = 1,
	WEIR_EVENT_OPENED,
	WEIR_EVENT_AUDITED,   /* passed, but an audited policy or limit would drop it */
	WEIR_EVENT_WITHDRAWN, /* was admitted, and is no more */
};

struct weir_event {
	__u64 time; /* ns, CLOCK_MONOTONIC */
	__u32 ifindex;
	__u32 length;	/* of the packet, link header included */
	__u32 identity; /* of the endpoint; 0: nobody has said yet */
	__u32 peer;	/* identity of the other end */
	__u32 revision; /* of the image; 0: no policy was asked about this very packet */
	__u32 decision; /* offset of the record in that image */
	__u32 counter;	/* of the decision; WEIR_COUNTER_NONE */
	__u32 bucket;	/* + 1: of the limit that it is over; 0: of none */
	__u32 repeats;	/* packets like this one since the last record of the same connection */
	/* IPv4 in the last four bytes; zeros where it was not found. Of ARP: what the sender says it is, and asks for
	 */
	__u8 local[16]; /* the endpoint's address */
	__u8 remote[16];
	__be16 local_port; /* ICMP echo: both the identifier */
	__be16 remote_port;
	__be16 eth_proto;
	__u8 kind;	/* enum weir_event_kind */
	__u8 direction; /* enum weir_direction of this packet */
	__u8 opener;	/* enum weir_direction in which policy judged it */
	__u8 verdict;	/* enum weir_verdict; REJECT: to be answered, where it has an answer and the rate allows */
	__u8 reason;	/* enum weir_reason */
	__u8 protocol;	/* IP's */
	__u8 flags;	/* TCP's */
	__u8 type;	/* ICMP's; of SCTP's first chunk */
	__u8 xdp;	/* it was dropped before an skb was made */
	__u8 quoted;	/* an ICMP error: addresses, ports and protocol are those of the packet that it is about */
	__u8 pad[4];
};

/*
 * What follows is the programs' own. The connections that have been told of
 * lately, by a hash of their key: of those that meet in a slot, the last one.
 */
#define WEIR_NOTICES 8192u

struct weir_notice {
	__u64 seen; /* more of the hash, and the tick of the record in the low 32 bits */
	__u64 repeats;
};

/* What is told in a tick of each reason, decision and limit; of decisions and of limits, some share a budget. */
#define WEIR_NOTICE_REASONS   64u
#define WEIR_NOTICE_DECISIONS 4096u
#define WEIR_NOTICE_LIMITS    1024u
#define WEIR_NOTICE_BUDGETS   (WEIR_NOTICE_REASONS + WEIR_NOTICE_DECISIONS + WEIR_NOTICE_LIMITS)

struct weir_notice_budget {
	__u32 tick;
	__u32 used;
};

/* refusals: what policy has refused lately, per CPU. The programs' own: they lose nothing by beginning anew without it.
 */
struct weir_refusal {
	__u32 turn; /* odd while it is being written */
	__u32 generation;
	__u64 source_mac;
	__u32 asked; /* port, protocol, and hook, family and direction */
	__u32 ifindex;
	__u32 counter;
	__u32 account;
	__u8 reason;
	__u8 unnoted; /* of its packets: that no shield has been told of */
	__u8 pad[6];
	__u8 local[16];
	__u8 remote[16];
};

#define WEIR_REFUSALS 1024u

_Static_assert(sizeof(struct weir_event) == 96, "event layout");
_Static_assert(sizeof(struct weir_refusal) == 72, "refusal layout");

#endif
