/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Link and IP headers: what kind of packet it is. Impossible headers are dropped, whoever sends them. */
#ifndef WEIR_BPF_PARSE_H
#define WEIR_BPF_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>

#include "header.h"

#define VLAN_TAGS_MAX	    2
#define IPV4_MIN_IHL	    5
#define IPV4_OFFSET_MASK    0x1fff
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV6_EXTENSIONS_MAX 8
#define IPV6_OFFSET_MASK    0xfff8
#define IPV6_MORE_FRAGMENTS 0x0001
#define IPV6_AUTHENTICATION 51

struct vlan_tag {
	__be16 control;
	__be16 eth_proto;
};

/* The first eight bytes of any IPv6 extension header; offset is of the fragment header only. */
struct ipv6_extension {
	__u8 ip_proto;
	__u8 length;
	__be16 offset;
	__be32 rest;
};

static __always_inline bool is_vlan(__be16 eth_proto)
{
	return eth_proto == bpf_htons(ETH_P_8021Q) || eth_proto == bpf_htons(ETH_P_8021AD);
}

static __always_inline enum weir_verdict parse_vlan(struct packet *pkt)
{
	/* The outermost tag may have been moved out of the frame already. */
	__u32 tags = pkt->hook == PACKET_TC && ((struct __sk_buff *)pkt->ctx)->vlan_present;

#pragma unroll
	for (int i = 0; i < VLAN_TAGS_MAX && is_vlan(pkt->eth_proto); i++) {
		struct vlan_tag scratch;
		const struct vlan_tag *tag = packet_header(pkt, &scratch, sizeof(scratch));

		if (!tag || ++tags > VLAN_TAGS_MAX)
			return drop(pkt, WEIR_REASON_BAD_ETHERNET);
		pkt->eth_proto = tag->eth_proto;
		pkt->offset += sizeof(*tag);
	}
	return is_vlan(pkt->eth_proto) ? drop(pkt, WEIR_REASON_BAD_ETHERNET) : WEIR_VERDICT_NONE;
}

/*
 * Generic XDP copies packets without much headroom and the copy forgets how
 * long its link header is (seen in 6.18), so that tc is shown it from the
 * network header on. The stack knows its protocol all the same.
 */
static __always_inline bool lost_ethernet(const struct packet *pkt, __be16 eth_proto)
{
	return pkt->hook == PACKET_TC && pkt->direction == WEIR_EGRESS &&
	       eth_proto != ((struct __sk_buff *)pkt->ctx)->protocol;
}

static __always_inline enum weir_verdict parse_ethernet(struct packet *pkt)
{
	struct ethhdr scratch;
	const struct ethhdr *eth = packet_header(pkt, &scratch, sizeof(scratch));

	if (!eth)
		return drop(pkt, WEIR_REASON_BAD_ETHERNET);
	pkt->eth_proto = eth->h_proto;
	pkt->offset = sizeof(*eth);
	if (unlikely(lost_ethernet(pkt, pkt->eth_proto))) {
		pkt->eth_proto = ((struct __sk_buff *)pkt->ctx)->protocol;
		pkt->offset = 0;
	}
	return is_vlan(pkt->eth_proto) ? parse_vlan(pkt) : WEIR_VERDICT_NONE;
}

static __always_inline enum weir_verdict parse_ipv4(struct packet *pkt)
{
	struct iphdr scratch;
	const struct iphdr *ip = packet_header(pkt, &scratch, sizeof(scratch));
	struct weir_flow4_key *key = &pkt->key->v4;
	__u32 room = pkt->length - pkt->offset;
	__u32 header, total;

	if (!ip || ip->version != 4 || ip->ihl < IPV4_MIN_IHL)
		return drop(pkt, WEIR_REASON_BAD_IPV4);
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (unlikely(!total) && is_beyond_length_fields(room))
		total = room;
	if (total < header || total > room)
		return drop(pkt, WEIR_REASON_BAD_IPV4);

	key->local = pkt->direction == WEIR_EGRESS ? ip->saddr : ip->daddr;
	key->remote = pkt->direction == WEIR_EGRESS ? ip->daddr : ip->saddr;
	pkt->ip_proto = ip->protocol;
	pkt->fragment = ip->frag_off & bpf_htons(IPV4_OFFSET_MASK | IPV4_MORE_FRAGMENTS);
	pkt->later_fragment = pkt->fragment & bpf_htons(IPV4_OFFSET_MASK);
	pkt->end = pkt->offset + total;
	pkt->offset += header;
	return WEIR_VERDICT_NONE;
}

static __always_inline bool is_ipv6_extension(__u8 ip_proto)
{
	switch (ip_proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
	case IPV6_AUTHENTICATION:
		return true;
	default:
		return false;
	}
}

static __always_inline __u32 ipv6_extension_length(__u8 ip_proto, __u8 length)
{
	if (ip_proto == IPPROTO_FRAGMENT)
		return sizeof(struct ipv6_extension);
	return ip_proto == IPV6_AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8;
}

static __always_inline __be16 ipv6_fragment(__u8 ip_proto, __be16 offset)
{
	return ip_proto == IPPROTO_FRAGMENT ? offset & bpf_htons(IPV6_OFFSET_MASK | IPV6_MORE_FRAGMENTS) : 0;
}

/* Follows the extension headers to the transport header, or to the end of what a later fragment tells of them. */
static __always_inline enum weir_verdict parse_ipv6_extensions(struct packet *pkt)
{
	for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
		struct ipv6_extension extension;
		__u8 ip_proto = pkt->ip_proto;

		/* Always copied: to the verifier, the headers' many possible places in the packet are then all the
		 * same. */
		if (packet_load(pkt, pkt->offset, &extension, sizeof(extension)) ||
		    (ip_proto == IPPROTO_HOPOPTS && i > 0))
			return drop(pkt, WEIR_REASON_BAD_IPV6);
		pkt->offset += ipv6_extension_length(ip_proto, extension.length);
		if (pkt->offset > pkt->end)
			return drop(pkt, WEIR_REASON_BAD_IPV6);
		pkt->ip_proto = extension.ip_proto;
		pkt->fragment |= ipv6_fragment(ip_proto, extension.offset);
		pkt->later_fragment = pkt->fragment & bpf_htons(IPV6_OFFSET_MASK);
		if (pkt->later_fragment || !is_ipv6_extension(pkt->ip_proto))
			return WEIR_VERDICT_NONE;
	}
	return drop(pkt, WEIR_REASON_IPV6_EXTENSIONS);
}

static __always_inline enum weir_verdict parse_ipv6(struct packet *pkt)
{
	struct ipv6hdr scratch;
	const struct ipv6hdr *ip = packet_header(pkt, &scratch, sizeof(scratch));
	struct weir_flow6_key *key = &pkt->key->v6;
	__u32 room = pkt->length - pkt->offset;
	__u32 total;

	if (!ip || ip->version != 6)
		return drop(pkt, WEIR_REASON_BAD_IPV6);
	total = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (unlikely(!ip->payload_len) && is_beyond_length_fields(room))
		total = room;
	if (total > room)
		return drop(pkt, WEIR_REASON_BAD_IPV6);

	__builtin_memcpy(key->local, pkt->direction == WEIR_EGRESS ? &ip->saddr : &ip->daddr, sizeof(key->local));
	__builtin_memcpy(key->remote, pkt->direction == WEIR_EGRESS ? &ip->daddr : &ip->saddr, sizeof(key->remote));
	pkt->ip_proto = ip->nexthdr;
	pkt->hop_limit = ip->hop_limit;
	pkt->end = pkt->offset + total;
	pkt->offset += sizeof(*ip);
	return is_ipv6_extension(pkt->ip_proto) ? parse_ipv6_extensions(pkt) : WEIR_VERDICT_NONE;
}

#endif
