/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs tell of single packets, in the ring buffer "events": the
 * first packet of each connection that is admitted or denied, within a budget.
 * What is not told is counted all the same.
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
	__u32 identity; /* of the endpoint; 0 where the packet was not looked into that far */
	__u32 peer;	/* identity of the other end */
	__u32 revision; /* of the image; 0: no policy was asked */
	__u32 decision; /* offset of the record in that image */
	__u32 counter;	/* of the decision; WEIR_COUNTER_NONE */
	__u32 bucket;	/* + 1: of the limit that it is over; 0: of none */
	__u32 repeats;	/* packets like this one since the last record of the same connection */
	__u8 local[16]; /* the endpoint's address; IPv4 in the last four bytes */
	__u8 remote[16];
	__be16 local_port; /* ICMP echo: both the identifier */
	__be16 remote_port;
	__be16 eth_proto;
	__u8 kind;	/* enum weir_event_kind */
	__u8 direction; /* enum weir_direction of this packet */
	__u8 opener;	/* enum weir_direction in which policy judged it */
	__u8 verdict;	/* enum weir_verdict */
	__u8 reason;	/* enum weir_reason */
	__u8 protocol;	/* IP's */
	__u8 flags;	/* TCP's */
	__u8 type;	/* ICMP's; of SCTP's first chunk */
	__u8 xdp;	/* it was dropped before an skb was made */
	__u8 pad[5];
};

_Static_assert(sizeof(struct weir_event) == 96, "event layout");

#endif
