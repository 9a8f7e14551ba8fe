/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys and values of the maps that the BPF programs and the agent share. A
 * change of any of them changes WEIR_MAPS_ABI: an agent that finds pinned maps
 * of another number does not reuse them.
 *
 * Addresses and ports are in network byte order, everything else in host order.
 */
#ifndef WEIR_MAPS_H
#define WEIR_MAPS_H

#include <linux/types.h>

#define WEIR_MAPS_ABI 1u

/* Slots of the array of images. */
enum weir_slot {
	WEIR_SLOT_ENFORCED = 0,
	WEIR_SLOT_SHADOW = 1,
	WEIR_SLOTS,
};

/*
 * The one word that agent and packets synchronise on. The agent first writes
 * whatever it changes (image slot, addresses, endpoints) and then adds one to
 * generation; a packet reads generation before anything else. A flow entry
 * that carries another generation than the running one is decided again.
 */
struct weir_control {
	__u32 generation;
	__u32 reserved[15];
};

/* endpoints: ifindex (__u32) -> who is behind the interface. No entry: closed. */
struct weir_endpoint {
	__u32 identity;
	__u32 flags;
};

/* addresses4, addresses6: address -> whose it is. No entry: WEIR_IDENTITY_WORLD. */
struct weir_address {
	__u32 identity;
};

struct weir_address6_key {
	__u8 addr[16];
};

/*
 * flows4, flows6: one entry per connection and endpoint, keyed from the
 * endpoint's side, so that both directions find the same entry. For ICMP echo
 * both ports are the identifier; other protocols without ports have zeros.
 */
struct weir_flow4_key {
	__be32 local;
	__be32 remote;
	__be16 local_port;
	__be16 remote_port;
	__u32 ifindex;
	__u8 protocol;
	__u8 pad[3];
};

struct weir_flow6_key {
	__u8 local[16];
	__u8 remote[16];
	__be16 local_port;
	__be16 remote_port;
	__u32 ifindex;
	__u8 protocol;
	__u8 pad[3];
};

struct weir_flow {
	__u32 generation; /* under which the decision was made */
	__u32 revision;	  /* of the image that decision is an offset in */
	__u32 decision;	  /* offset of the record in that image */
	__u32 counter;	  /* of the decision, for established packets */
	__u8 opener;	  /* enum weir_direction of the packet that opened it */
	__u8 flags;	  /* WEIR_FLOW_* */
	__u8 reason;	  /* of the denial, with WEIR_FLOW_REVOKED */
	__u8 pad[13];
};

#define WEIR_FLOW_LIMITED 0x01u /* the decision has limits: fetch the image */
#define WEIR_FLOW_REVOKED 0x02u /* was admitted, is no more: drop both directions */

/* reasons (index reason * WEIR_DIRECTIONS + direction) and decisions (index weir_image_decision.counter), per CPU */
struct weir_counter {
	__u64 packets;
	__u64 bytes;
};

/* Index 0 of the decision counters takes what could get no number of its own. */
#define WEIR_COUNTER_OVERFLOW 0u
/* In a flow entry: dropped without a decision, for want of an endpoint or an image. */
#define WEIR_COUNTER_NONE 0xffffffffu

/* buckets: weir_image_limit.bucket -> state. One cache line, as two cores may share it. */
struct weir_bucket {
	__u64 tat; /* GCRA: theoretical arrival time of the next conforming unit, in ticks */
	__u64 dropped_packets;
	__u64 dropped_bytes;
	__u64 reserved[5];
};

_Static_assert(sizeof(struct weir_control) == 64, "control layout");
_Static_assert(sizeof(struct weir_endpoint) == 8, "endpoint layout");
_Static_assert(sizeof(struct weir_address) == 4, "address layout");
_Static_assert(sizeof(struct weir_flow4_key) == 20, "IPv4 flow key layout");
_Static_assert(sizeof(struct weir_flow6_key) == 44, "IPv6 flow key layout");
_Static_assert(sizeof(struct weir_flow) == 32, "flow layout");
_Static_assert(sizeof(struct weir_counter) == 16, "counter layout");
_Static_assert(sizeof(struct weir_bucket) == 64, "bucket layout");

#endif
