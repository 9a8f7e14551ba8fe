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
#define IPV4_OPTIONS_MIN    4
#define IPV4_OPTIONS_MAX    40
#define IPV4_OPTION_END	    0
#define IPV4_OPTION_NOP	    1
#define IPV4_OPTION_LSRR    131
#define IPV4_OPTION_SSRR    137
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

/* The first eight bytes of any IPv6 extension header. */
struct ipv6_extension {
	__u8 ip_proto;
	__u8 length;
	union {
		__be16 offset; /* fragment header */
		struct {
			__u8 type;
			__u8 segments_left;
		} routing;
	};
	__be32 id; /* fragment header */
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
	for (int i = 0; i < VLAN_TAGS_MAX && is_vlan(pkt->f->eth_proto); i++) {
		struct vlan_tag tag;

		if (packet_load(pkt, pkt->f->offset, &tag, sizeof(tag)) || ++tags > VLAN_TAGS_MAX)
			return drop(pkt, WEIR_REASON_BAD_ETHERNET);
		pkt->f->eth_proto = tag.eth_proto;
		pkt->f->offset += sizeof(tag);
	}
	return is_vlan(pkt->f->eth_proto) ? drop(pkt, WEIR_REASON_BAD_ETHERNET) : WEIR_VERDICT_NONE;
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
	const struct ethhdr *eth = packet_header(pkt, sizeof(*eth));

	if (!eth)
		return drop(pkt, WEIR_REASON_BAD_ETHERNET);
	pkt->f->eth_proto = eth->h_proto;
	pkt->f->offset = sizeof(*eth);
	pkt->f->source_mac = pkt->direction == WEIR_EGRESS ? mac_word(eth->h_source) : MAC_UNSEEN;
	if (unlikely(lost_ethernet(pkt, pkt->f->eth_proto))) {
		pkt->f->eth_proto = ((struct __sk_buff *)pkt->ctx)->protocol;
		pkt->f->offset = 0;
		pkt->f->source_mac = MAC_UNSEEN;
	}
	return is_vlan(pkt->f->eth_proto) ? parse_vlan(pkt) : WEIR_VERDICT_NONE;
}

struct ipv4_options {
	__u8 bytes[IPV4_OPTIONS_MAX + 1]; /* and one, as the last may be of a byte */
	__u8 length;
};

/*
 * Where the option after the one at an offset begins, or what is wrong with that
 * one as a negative. A loose or strict source route (RFC 791) makes another host
 * the next destination than the one that policy is asked about.
 *
 * A global function: the verifier proves it once, not for every offset that the
 * options before may lead to, which are more than it has patience for.
 */
__weak __noinline int next_ipv4_option(const struct ipv4_options *options, __u32 at)
{
	if (!options || at >= IPV4_OPTIONS_MAX)
		return -WEIR_REASON_BAD_IPV4;
	switch (options->bytes[at]) {
	case IPV4_OPTION_END:
		return options->length;
	case IPV4_OPTION_NOP:
		return at + 1;
	case IPV4_OPTION_LSRR:
	case IPV4_OPTION_SSRR:
		return -WEIR_REASON_SOURCE_ROUTE;
	default:
		return options->bytes[at + 1] < 2 ? -WEIR_REASON_BAD_IPV4 : (int)at + options->bytes[at + 1];
	}
}

/* What is wrong with the options of an IPv4 header, or WEIR_REASON_NONE. */
static __always_inline __u32 ipv4_options_fault(struct __sk_buff *skb, __u32 offset, __u32 length)
{
	struct ipv4_options options = { .length = length };
	int at = 0;

	/* One at a time, lest the compiler make of both one comparison that tells the verifier nothing. */
	if (length < IPV4_OPTIONS_MIN)
		return WEIR_REASON_BAD_IPV4;
	barrier_var(length);
	if (length > IPV4_OPTIONS_MAX || bpf_skb_load_bytes(skb, offset, options.bytes, length))
		return WEIR_REASON_BAD_IPV4;
	for (int i = 0; i < IPV4_OPTIONS_MAX && at >= 0 && at < options.length; i++)
		at = next_ipv4_option(&options, at);
	if (at < 0)
		return -at;
	return at == options.length ? WEIR_REASON_NONE : WEIR_REASON_BAD_IPV4;
}

static __always_inline enum weir_verdict check_ipv4_options(struct packet *pkt)
{
	const __u32 first = pkt->f->network + sizeof(struct iphdr);
	__u32 reason;

	if (pkt->f->offset == first)
		return WEIR_VERDICT_NONE;
	reason = ipv4_options_fault(pkt->ctx, first, pkt->f->offset - first);
	return reason == WEIR_REASON_NONE ? WEIR_VERDICT_NONE : drop(pkt, reason);
}

static __always_inline enum weir_verdict parse_ipv4(struct packet *pkt)
{
	const struct iphdr *ip = packet_header(pkt, sizeof(*ip));
	struct weir_flow4_key *key = &pkt->key->v4;
	__u32 room = pkt->f->length - pkt->f->offset;
	__u32 header, total;

	pkt->f->network = pkt->f->offset;
	__builtin_memset(key, 0, sizeof(*key));
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
	pkt->f->ip_proto = ip->protocol;
	pkt->f->fragment = ip->frag_off & bpf_htons(IPV4_OFFSET_MASK | IPV4_MORE_FRAGMENTS);
	pkt->f->fragment_id = ip->id;
	pkt->f->later_fragment = !!(pkt->f->fragment & bpf_htons(IPV4_OFFSET_MASK));
	pkt->f->end = pkt->f->offset + total;
	pkt->f->offset += header;
	pkt->f->fragment_start = pkt->f->offset;
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
static __always_inline enum weir_verdict follow_ipv6_extensions(struct packet *pkt)
{
	for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
		struct ipv6_extension extension;
		__u8 ip_proto = pkt->f->ip_proto;

		if (packet_load(pkt, pkt->f->offset, &extension, sizeof(extension)) ||
		    (ip_proto == IPPROTO_HOPOPTS && i > 0))
			return drop(pkt, WEIR_REASON_BAD_IPV6);
		pkt->f->offset += ipv6_extension_length(ip_proto, extension.length);
		if (pkt->f->offset > pkt->f->end)
			return drop(pkt, WEIR_REASON_BAD_IPV6);
		if (ip_proto == IPPROTO_ROUTING && extension.routing.segments_left)
			return drop(pkt, WEIR_REASON_SOURCE_ROUTE);
		if (ip_proto == IPPROTO_FRAGMENT) {
			/* Nobody cuts a packet twice: its later pieces would be told apart by another header. */
			if (pkt->f->fragment_start)
				return drop(pkt, WEIR_REASON_BAD_IPV6);
			pkt->f->fragment_id = extension.id;
			pkt->f->fragment_start = pkt->f->offset;
		}
		pkt->f->ip_proto = extension.ip_proto;
		pkt->f->fragment |= ipv6_fragment(ip_proto, extension.offset);
		pkt->f->later_fragment = !!(pkt->f->fragment & bpf_htons(IPV6_OFFSET_MASK));
		if (pkt->f->later_fragment || !is_ipv6_extension(pkt->f->ip_proto))
			return WEIR_VERDICT_NONE;
	}
	return drop(pkt, WEIR_REASON_IPV6_EXTENSIONS);
}

static __always_inline enum weir_verdict parse_ipv6(struct packet *pkt)
{
	const struct ipv6hdr *ip = packet_header(pkt, sizeof(*ip));
	struct weir_flow6_key *key = &pkt->key->v6;
	__u32 room = pkt->f->length - pkt->f->offset;
	__u32 total;

	pkt->f->network = pkt->f->offset;
	__builtin_memset(key, 0, sizeof(*key));
	if (!ip || ip->version != 6)
		return drop(pkt, WEIR_REASON_BAD_IPV6);
	total = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (unlikely(!ip->payload_len) && is_beyond_length_fields(room))
		total = room;
	if (total > room)
		return drop(pkt, WEIR_REASON_BAD_IPV6);

	__builtin_memcpy(key->local, pkt->direction == WEIR_EGRESS ? &ip->saddr : &ip->daddr, sizeof(key->local));
	__builtin_memcpy(key->remote, pkt->direction == WEIR_EGRESS ? &ip->daddr : &ip->saddr, sizeof(key->remote));
	pkt->f->ip_proto = ip->nexthdr;
	pkt->f->hop_limit = ip->hop_limit;
	pkt->f->end = pkt->f->offset + total;
	pkt->f->offset += sizeof(*ip);
	return WEIR_VERDICT_NONE;
}

static __always_inline enum weir_verdict parse_ip(struct packet *pkt, enum weir_family family)
{
	return family == WEIR_IPV4 ? parse_ipv4(pkt) : parse_ipv6(pkt);
}

#endif
