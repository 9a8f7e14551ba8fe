/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets for `weir capture`, with what became of them. While nobody captures
 * that is one test of a word.
 *
 * The packet is parsed once more, so that the way of an established one hands
 * over nothing but a few words that it has in registers anyway. A perf event
 * array is what can take a packet of any length and shape in one copy, and its
 * buffers are memory only for as long as somebody reads them.
 */
#ifndef WEIR_BPF_CAPTURE_H
#define WEIR_BPF_CAPTURE_H

#include <stddef.h>

#include "gcra.h"
#include "odd.h"

/* Of a packet without a valid header, this much is taken for headers from where they go wrong. */
#define CAPTURE_BAD_HEADER  40
#define CAPTURE_OFFSET_MASK 0xffff
#define CAPTURE_UNWANTED    (-1)
#define CAPTURE_BARE	    0x40000000 /* the link header is lost */
#define CAPTURE_BY_HEADERS  (WEIR_CAPTURE_HOST | WEIR_CAPTURE_PORT | WEIR_CAPTURE_PROTOCOL)

/* Where ports are in TCP, UDP and SCTP alike. */
struct capture_ports {
	__be16 source;
	__be16 dest;
};

/* What became of the packet, as the cold function is told of it. */
struct capture_fate {
	__u8 direction;
	__u8 verdict;
	__u8 reason;
	__u8 pad[5];
};

static __always_inline struct capture_fate capture_fate(__u64 word)
{
	struct capture_fate fate;

	__builtin_memcpy(&fate, &word, sizeof(fate));
	return fate;
}

static __always_inline bool is_capturing(void)
{
	return *(volatile __u32 *)&weir_control.watch & WEIR_WATCH_CAPTURE;
}

static __always_inline bool wants_verdict(const struct capture_fate *fate)
{
	return !(weir_capture.flags & WEIR_CAPTURE_DROPS) || fate->verdict != WEIR_VERDICT_PASS ||
	       fate->reason == WEIR_REASON_AUDIT;
}

static __always_inline bool wants_endpoint(__u32 endpoint)
{
	return !weir_capture.endpoint || weir_capture.endpoint == endpoint;
}

static __always_inline bool wants_host(const struct packet *pkt, enum weir_family family)
{
	if (!(weir_capture.flags & WEIR_CAPTURE_HOST))
		return true;
	if (weir_capture.family != family)
		return false;
	if (family == WEIR_IPV4)
		return pkt->key->v4.local == *(const __be32 *)weir_capture.host ||
		       pkt->key->v4.remote == *(const __be32 *)weir_capture.host;
	return same_ipv6(pkt->key->v6.local, weir_capture.host) || same_ipv6(pkt->key->v6.remote, weir_capture.host);
}

static __always_inline bool wants_protocol(__u8 ip_proto)
{
	if (!(weir_capture.flags & WEIR_CAPTURE_PROTOCOL))
		return true;
	return ip_proto == weir_capture.protocol ||
	       (ip_proto == IPPROTO_ICMPV6 && weir_capture.protocol == IPPROTO_ICMP);
}

static __always_inline bool has_port_numbers(const struct packet *pkt)
{
	return !pkt->f->later_fragment &&
	       (pkt->f->ip_proto == IPPROTO_TCP || pkt->f->ip_proto == IPPROTO_UDP || pkt->f->ip_proto == IPPROTO_SCTP);
}

static __always_inline bool wants_ports(const struct packet *pkt)
{
	struct capture_ports ports;

	if (!(weir_capture.flags & WEIR_CAPTURE_PORT))
		return true;
	return has_port_numbers(pkt) && !packet_load(pkt, pkt->f->offset, &ports, sizeof(ports)) &&
	       (ports.source == weir_capture.port || ports.dest == weir_capture.port);
}

/* The transport header's length, as far as the packet is what it says. */
static __always_inline __u32 transport_length(const struct packet *pkt)
{
	__u8 doff;

	if (pkt->f->later_fragment)
		return 0;
	switch (pkt->f->ip_proto) {
	case IPPROTO_TCP:
		return packet_load(pkt, pkt->f->offset + 12, &doff, sizeof(doff)) ? 0 : (doff >> 4) * 4;
	case IPPROTO_UDP:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return sizeof(struct udphdr);
	case IPPROTO_SCTP:
		return SCTP_COMMON_HEADER;
	default:
		return 0;
	}
}

/* Whether a packet is wanted that is not, or not wholly, looked into. */
static __always_inline bool capture_fault(struct packet *pkt)
{
	pkt->f->offset += CAPTURE_BAD_HEADER;
	return !(weir_capture.flags & CAPTURE_BY_HEADERS);
}

/*
 * To the transport header. Unlike follow_ipv6_extensions() it judges nothing;
 * offsets are masked, so that to the verifier one header is like another.
 */
static __always_inline bool skip_ipv6_extensions(struct packet *pkt)
{
	for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
		struct ipv6_extension extension;
		__u32 offset;

		if (packet_load(pkt, pkt->f->offset, &extension, sizeof(extension)))
			return false;
		offset = pkt->f->offset + ipv6_extension_length(pkt->f->ip_proto, extension.length);
		pkt->f->later_fragment |=
			!!(ipv6_fragment(pkt->f->ip_proto, extension.offset) & bpf_htons(IPV6_OFFSET_MASK));
		barrier_var(offset);
		pkt->f->offset = offset & CAPTURE_OFFSET_MASK;
		pkt->f->ip_proto = extension.ip_proto;
		if (pkt->f->later_fragment || !is_ipv6_extension(pkt->f->ip_proto))
			return true;
	}
	return false;
}

/* False: the packet is not wanted. Leaves in pkt->f->offset where its headers end. */
static __always_inline bool capture_look(struct packet *pkt, enum weir_family family)
{
	bool whole = !parse_ip(pkt, family);

	if (whole && family == WEIR_IPV6 && is_ipv6_extension(pkt->f->ip_proto))
		whole = skip_ipv6_extensions(pkt);
	if (!whole)
		return capture_fault(pkt);
	if (!wants_host(pkt, family) || !wants_protocol(pkt->f->ip_proto) || !wants_ports(pkt))
		return false;
	pkt->f->offset += transport_length(pkt);
	return true;
}

/* The link header, as parse_ethernet() reads it in place. */
static __always_inline bool capture_link(struct packet *pkt, bool *ret_bare)
{
	__be16 eth_proto;

	if (packet_load(pkt, offsetof(struct ethhdr, h_proto), &eth_proto, sizeof(eth_proto)))
		return false;
	*ret_bare = lost_ethernet(pkt, eth_proto);
	pkt->f->eth_proto = *ret_bare ? ((struct __sk_buff *)pkt->ctx)->protocol : eth_proto;
	pkt->f->offset = *ret_bare ? 0 : sizeof(struct ethhdr);
	return !is_vlan(pkt->f->eth_proto) || !parse_vlan(pkt);
}

/* Where the headers end, or CAPTURE_UNWANTED; with CAPTURE_BARE. */
static __always_inline int capture_headers(struct packet *pkt)
{
	bool bare = false, wanted;

	if (!capture_link(pkt, &bare))
		wanted = capture_fault(pkt);
	else if (pkt->f->eth_proto == bpf_htons(ETH_P_IP))
		wanted = capture_look(pkt, WEIR_IPV4);
	else if (pkt->f->eth_proto == bpf_htons(ETH_P_IPV6))
		wanted = capture_look(pkt, WEIR_IPV6);
	else
		wanted = capture_fault(pkt);
	if (!wanted)
		return CAPTURE_UNWANTED;
	return (pkt->f->offset & ~CAPTURE_BARE) | (bare ? CAPTURE_BARE : 0);
}

/* A function of its own, so that the verifier does not follow what comes after once more for each shape of packet. */
#define CAPTURE_HEADERS(context, which, name, bytes)                                                 \
	__weak __noinline int name(context *ctx, __u32 direction)                                    \
	{                                                                                            \
		struct facts facts = { .length = bytes };                                            \
		struct scratch scratch;                                                              \
		union flow_key key;                                                                  \
		struct packet pkt = { .f = &facts, .scratch = &scratch, .cold = true, .key = &key }; \
                                                                                                     \
		pkt.ctx = ctx;                                                                       \
		pkt.hook = which;                                                                    \
		pkt.direction = direction == WEIR_EGRESS ? WEIR_EGRESS : WEIR_INGRESS;               \
		return capture_headers(&pkt);                                                        \
	}

CAPTURE_HEADERS(struct __sk_buff, PACKET_TC, capture_headers_tc, ctx->len)
CAPTURE_HEADERS(struct xdp_md, PACKET_XDP, capture_headers_xdp, bpf_xdp_get_buff_len(ctx))

/* Bounded by what may be captured in all, and a second. */
static __always_inline bool capture_may(__u64 now)
{
	if ((__s64) * (volatile __u64 *)&weir_capture.left <= 0)
		return false;
	if (!gcra_take(&weir_capture.tat, now * WEIR_TICKS_PER_NS, weir_capture.cost, weir_capture.burst)) {
		__sync_fetch_and_add(&weir_capture.over, 1);
		return false;
	}
	return (__s64)__sync_fetch_and_add(&weir_capture.left, -1) > 0;
}

static __always_inline __u32 capture_length(__u32 length, __u32 headers)
{
	if (weir_capture.flags & WEIR_CAPTURE_HEADERS && length > headers)
		length = headers;
	if (length > weir_capture.snaplen)
		length = weir_capture.snaplen;
	return length > WEIR_CAPTURE_BYTES_MAX ? WEIR_CAPTURE_BYTES_MAX : length;
}

static __always_inline __u32 running_revision(void)
{
	const __u32 slot = WEIR_SLOT_ENFORCED, first = 0;
	void *map = bpf_map_lookup_elem(&images, &slot);
	struct weir_image image = { .mask = weir_image_mask };

	image.words = map ? bpf_map_lookup_elem(map, &first) : NULL;
	return image.words ? weir_image_header_word(&image, revision) : 0;
}

/* What of the link header is not in the packet's bytes. */
static __always_inline void tell_link(const struct __sk_buff *skb, bool bare, struct weir_captured *out)
{
	if (bare)
		out->bare = skb->protocol;
	if (skb->vlan_present) {
		out->vlan = skb->vlan_proto;
		out->vlan_control = bpf_htons(skb->vlan_tci);
	}
}

static __always_inline void send_sample(void *ctx, struct weir_captured *out)
{
	if (!bpf_perf_event_output(ctx, &captured, BPF_F_CURRENT_CPU | (__u64)out->captured << 32, out, sizeof(*out)))
		return;
	__sync_fetch_and_add(&weir_capture.lost, 1);
	__sync_fetch_and_add(&weir_capture.left, 1); /* it is none of those that were asked for */
}

/* False: there have been enough of them. */
static __always_inline bool fill_sample(const struct capture_fate *fate, struct weir_captured *out)
{
	out->time = bpf_ktime_get_ns();
	if (!capture_may(out->time))
		return false;
	out->revision = running_revision();
	out->direction = fate->direction;
	out->verdict = fate->verdict;
	out->reason = fate->reason;
	return true;
}

/* Both return nothing of use; a global function returns a number. */
__weak __noinline int capture_tc(struct __sk_buff *skb, __u64 fate_word, __u32 row, __u32 bucket)
{
	struct weir_captured out = {
		.ifindex = skb->ifindex, .endpoint = skb->ifindex, .counter = row_counter(row), .bucket = bucket
	};
	struct capture_fate fate = capture_fate(fate_word);
	int headers;

	if (!wants_verdict(&fate) || !wants_endpoint(out.endpoint))
		return 0;
	headers = capture_headers_tc(skb, fate.direction);
	if (headers == CAPTURE_UNWANTED || !fill_sample(&fate, &out))
		return 0;
	out.length = skb->len;
	out.captured = capture_length(out.length, headers & ~CAPTURE_BARE);
	tell_link(skb, headers & CAPTURE_BARE, &out);
	send_sample(skb, &out);
	return 0;
}

__weak __noinline int capture_xdp(struct xdp_md *xdp, __u64 fate_word, __u32 row, __u32 endpoint)
{
	struct weir_captured out = {
		.ifindex = xdp->ingress_ifindex, .endpoint = endpoint, .counter = row_counter(row), .xdp = true
	};
	struct capture_fate fate = capture_fate(fate_word);
	int headers;

	if (!wants_endpoint(endpoint))
		return 0;
	headers = capture_headers_xdp(xdp, fate.direction);
	if (headers == CAPTURE_UNWANTED || !fill_sample(&fate, &out))
		return 0;
	out.length = bpf_xdp_get_buff_len(xdp);
	out.captured = capture_length(out.length, headers);
	send_sample(xdp, &out);
	return 0;
}

/* After the verdict, and before the packet is made an answer. */
static __always_inline void capture_packet(const struct packet *pkt, enum weir_verdict verdict)
{
	const struct capture_fate fate = { .direction = pkt->direction, .verdict = verdict, .reason = pkt->f->reason };
	__u64 word;

	if (likely(!is_capturing()))
		return;
	__builtin_memcpy(&word, &fate, sizeof(word));
	if (pkt->hook == PACKET_XDP)
		capture_xdp(pkt->ctx, word, pkt->f->account, pkt->f->ifindex);
	else
		capture_tc(pkt->ctx, word, pkt->f->account, pkt->f->bucket);
}

#endif
