/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs hand over of the packets that are captured: one sample of
 * the perf event array "captured" each, struct weir_captured and then the
 * packet from its link header on.
 *
 * Addresses and ports are in network byte order, everything else in host order.
 */
#ifndef WEIR_CAPTURE_H
#define WEIR_CAPTURE_H

#include <linux/types.h>

/* A sample's size is sixteen bits in perf's header. */
#define WEIR_CAPTURE_BYTES_MAX 0xff00u

#define WEIR_CAPTURE_DROPS    0x01u /* only what is dropped or rejected, or would be if it were not audited */
#define WEIR_CAPTURE_HEADERS  0x02u /* up to the end of the transport header */
#define WEIR_CAPTURE_HOST     0x04u /* only from or to host */
#define WEIR_CAPTURE_PORT     0x08u /* only from or to port */
#define WEIR_CAPTURE_PROTOCOL 0x10u /* only this protocol of IP */

/* Which packets are captured. Written by the agent through mmap, while WEIR_WATCH_CAPTURE is off. */
struct weir_capture {
	__u32 flags;	/* WEIR_CAPTURE_* */
	__u32 snaplen;	/* bytes of a packet that are kept, up to WEIR_CAPTURE_BYTES_MAX */
	__u32 endpoint; /* only of this one, by ifindex; 0: of all */
	__u32 family;	/* of host, enum weir_family */
	__u8 host[16];
	__be16 port;
	__u8 protocol; /* ICMP is one for both families */
	__u8 pad[5];
	__u64 cost; /* GCRA: of a packet, in limit ticks */
	__u64 burst;
	__u64 tat;  /* packets write it, and what follows */
	__u64 left; /* packets that may still be captured; below zero: none */
	__u64 over; /* that came too fast */
	__u64 lost; /* that found no room with the reader */
};

struct weir_captured {
	__u64 time;	/* ns, CLOCK_MONOTONIC */
	__u32 ifindex;	/* where it was seen */
	__u32 endpoint; /* whose packet it is, by ifindex; 0: it did not come so far */
	__u32 length;	/* of the packet */
	__u32 captured; /* bytes that follow */
	__u32 revision; /* of the image in force; 0: none */
	__u32 counter;	/* of the decision; WEIR_COUNTER_NONE */
	__u8 direction; /* enum weir_direction */
	__u8 verdict;	/* enum weir_verdict */
	__u8 reason;	/* enum weir_reason */
	__u8 xdp;	/* dropped before an skb was made */
	__be16 bare;	/* the link header is lost, and this was its protocol; 0: it is there */
	__be16 vlan;	/* protocol of the outermost tag, which is not in the bytes that follow; 0: none is missing */
	__be16 vlan_control;
	__u8 pad[2];
	__u32 bucket; /* + 1: of the limit that it is over; 0: of none */
};

_Static_assert(sizeof(struct weir_capture) == 88, "capture settings layout");
_Static_assert(sizeof(struct weir_captured) == 48, "captured packet layout");

#endif
