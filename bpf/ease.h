/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a limit can do before it drops: tell the two ends of a congestion, by
 * ECN (RFC 3168), or have the packet leave later, at a time that the fq qdisc
 * keeps. Nothing here changes a verdict.
 */
#ifndef WEIR_BPF_EASE_H
#define WEIR_BPF_EASE_H

#include "cold.h"
#include "header.h"

#define PACE_HORIZON (WEIR_PACE_HORIZON_NS * WEIR_TICKS_PER_NS)

#define ECN_MASK    0x03u
#define ECN_NOT_ECT 0x00u
#define ECN_CE	    0x03u

/*
 * The kernel's own helper takes the network header to be where the IP header
 * is, which under a second VLAN tag it is not, and gives up on packets that
 * somebody listens to. The checksum covers two bytes at a time, so these are
 * what is changed.
 */
static __always_inline bool mark_ipv4(struct __sk_buff *skb, __u32 network)
{
	const __u32 check = network + __builtin_offsetof(struct iphdr, check);
	__u8 bytes[2];
	__be16 old, new;

	if (bpf_skb_load_bytes(skb, network, bytes, sizeof(bytes)) || (bytes[1] & ECN_MASK) == ECN_NOT_ECT ||
	    (bytes[1] & ECN_MASK) == ECN_CE)
		return false;
	__builtin_memcpy(&old, bytes, sizeof(old));
	bytes[1] |= ECN_CE;
	__builtin_memcpy(&new, bytes, sizeof(new));
	/* This makes writable what the other one writes too. */
	if (bpf_l3_csum_replace(skb, check, old, new, sizeof(new)))
		return false;
	return !bpf_skb_store_bytes(skb, network, bytes, sizeof(bytes), 0);
}

/* The traffic class lies across two bytes: its last two bits are in the middle of the second. */
static __always_inline bool mark_ipv6(struct __sk_buff *skb, __u32 network)
{
	__u8 bytes[2];

	if (bpf_skb_load_bytes(skb, network, bytes, sizeof(bytes)) || (bytes[1] >> 4 & ECN_MASK) == ECN_NOT_ECT ||
	    (bytes[1] >> 4 & ECN_MASK) == ECN_CE)
		return false;
	bytes[1] |= ECN_CE << 4;
	return !bpf_skb_store_bytes(skb, network, bytes, sizeof(bytes), BPF_F_RECOMPUTE_CSUM);
}

/* True when the packet said that it may be marked, and is now. One that is yet to be cut gives all its pieces the mark.
 */
__weak __noinline int mark_packet(struct __sk_buff *skb, __u32 network, __u32 family)
{
	return family == WEIR_IPV4 ? mark_ipv4(skb, network) : mark_ipv6(skb, network);
}

/*
 * Whether a limit wants a packet marked that finds so many ticks of its burst
 * used. Beyond half of it that is so as long as it goes on filling, each time by
 * a 64th: who sends more than the limit hears of it until that ends, and is not
 * told again and again, and slowed to nothing, while what is owed comes back.
 */
static __always_inline bool wants_mark(struct weir_bucket *bucket, __u64 used, __u64 burst)
{
	const __u64 step = burst / 64, marked = *(volatile __u64 *)&bucket->marked;

	if (used + step < marked)
		bucket->marked = used + step;
	if (used <= burst / 2 || used < marked + step)
		return false;
	bucket->marked = used;
	return true;
}

/*
 * A departure time is kept by the interface that the packet leaves the node by.
 * One that is for this node passes no queue.
 */
static __always_inline bool may_leave(const struct __sk_buff *skb, const struct facts *facts,
				      const struct weir_address *address)
{
	return facts->direction == WEIR_EGRESS &&
	       (skb->protocol == bpf_htons(ETH_P_IP) || skb->protocol == bpf_htons(ETH_P_IPV6)) &&
	       (!address || (!address->ifindex && address->identity != WEIR_IDENTITY_NODE));
}

__weak __noinline int leaves_node4(struct __sk_buff *skb, struct facts *facts, struct weir_flow4_key *key)
{
	__be32 remote;

	if (!facts || !key)
		return false;
	remote = key->remote; /* before 6.2 a key that is looked up is on the own stack */
	return may_leave(skb, facts, bpf_map_lookup_elem(&addresses4, &remote));
}

__weak __noinline int leaves_node6(struct __sk_buff *skb, struct facts *facts, struct weir_flow6_key *key)
{
	struct weir_address6_key remote;

	if (!facts || !key)
		return false;
	__builtin_memcpy(remote.addr, key->remote, sizeof(remote.addr));
	return may_leave(skb, facts, bpf_map_lookup_elem(&addresses6, &remote));
}

/* ticks: of limits, until it may leave. */
static __always_inline void delay(const struct packet *pkt, __u64 ticks)
{
	bpf_skb_set_tstamp(pkt->ctx, bpf_ktime_get_ns() + ticks / WEIR_TICKS_PER_NS, BPF_SKB_TSTAMP_DELIVERY_MONO);
}

#endif
