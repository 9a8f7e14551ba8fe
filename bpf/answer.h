/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Answers a packet that policy rejects, so that its sender need not wait: TCP
 * by a reset (RFC 9293 section 3.10.7.1), everything else by ICMP
 * "administratively prohibited" (RFC 1812, RFC 4443). Never a reset or an ICMP
 * error, a later fragment, or what was not sent to one host or by one; and no
 * more than a set rate for each endpoint.
 *
 * The rejected packet itself becomes the answer. What a pod sent goes straight
 * back into the pod; what was sent to it goes the way that the pod's own answer
 * would go, marked so that the program at that hook lets it through.
 */
#ifndef WEIR_BPF_ANSWER_H
#define WEIR_BPF_ANSWER_H

#include <linux/pkt_cls.h>

#include "cold.h"
#include "gcra.h"
#include "track.h"
#include "transport.h"

#define ANSWER_HOPS	    64
#define ANSWER_ICMPV4_CODE  13 /* communication administratively prohibited */
#define ANSWER_ICMPV6_CODE  1
#define ANSWER_ICMPV6_TYPE  1
#define ANSWER_QUOTES4_MAX  68 /* the longest header and eight bytes */
#define ANSWER_QUOTES6_MAX  88
#define IPV4_FRAGMENT_NEVER 0x4000
#define PACKET_TYPE_HOST    0
#define EINVAL		    22

/* What an answer is made of; its checksums cover whole words. */
struct answer4 {
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct {
			struct icmp_header icmp;
			__u8 quoted[ANSWER_QUOTES4_MAX];
		};
	};
};

struct answer6 {
	struct ipv6hdr ip;
	union {
		struct tcphdr tcp;
		struct {
			struct icmp_header icmp;
			__u8 quoted[ANSWER_QUOTES6_MAX];
		};
	};
};

/* Packets can't carry a mark out of a pod: the kernel clears it at the border of the network namespace. */
static __always_inline bool is_answer(struct __sk_buff *skb)
{
	if (likely(!weir_answer_mark || skb->mark != weir_answer_mark))
		return false;
	skb->mark = 0;
	return true;
}

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static __always_inline __u32 sum_words(const void *from, __u32 bytes, __u32 seed)
{
	return bpf_csum_diff(NULL, 0, (__be32 *)from, bytes, seed);
}

static __always_inline bool may_answer(struct packet *pkt)
{
	__u32 ifindex = pkt->f->ifindex;
	struct weir_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &ifindex);

	return endpoint &&
	       gcra_take(&endpoint->answered, gcra_now(), weir_control.answer_cost, weir_control.answer_burst);
}

static __always_inline bool is_group_address4(__be32 addr)
{
	return !addr || bpf_ntohl(addr) >= 0xe0000000; /* multicast, reserved, broadcast */
}

static __always_inline bool is_group_address6(const __u8 *addr)
{
	return addr[0] == 0xff || is_unspecified_ipv6(addr);
}

static __always_inline bool has_answer(const struct packet *pkt, enum weir_family family)
{
	const __u8 icmp = family == WEIR_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	if (pkt->f->later_fragment || pkt->f->quoted)
		return false;
	if (pkt->f->ip_proto == IPPROTO_TCP)
		return !(pkt->f->flags & TCP_RST);
	return pkt->f->ip_proto != icmp ||
	       pkt->f->type == (family == WEIR_IPV4 ? ICMPV4_ECHO_REQUEST : ICMPV6_ECHO_REQUEST);
}

/* Where the transport header of the rejected packet is, whose checksum may be left to the device. */
struct offload {
	__u32 start; /* offset of the transport header */
	__u32 field; /* offset of its checksum; 0: a protocol without */
	bool pending;
};

static __always_inline struct offload find_offload(struct packet *pkt, __u32 transport)
{
	__u32 field = pkt->f->ip_proto == IPPROTO_TCP	 ? 16
		      : pkt->f->ip_proto == IPPROTO_UDP	 ? 6
		      : pkt->f->ip_proto == IPPROTO_SCTP ? 8
							 : 0;

	return (struct offload){ .start = transport, .field = field ? transport + field : 0 };
}

/*
 * A checksum that is left to the device is still to be computed over the
 * answer, from start on, and put into field. The kernel doesn't say that it is
 * pending, but doesn't let the packet be cut before the field's end then.
 */
static __always_inline bool cut_packet(struct __sk_buff *skb, struct offload *offload, __u32 length)
{
	long r;

	if (offload->field) {
		r = bpf_skb_change_tail(skb, offload->field, 0);
		offload->pending = r == -EINVAL;
		if (r && !offload->pending)
			return false;
	}
	return !bpf_skb_change_tail(skb, length, 0);
}

/*
 * The device will put ~(sum + seed) into the field, sum being that of
 * everything else from start on and seed what stands in the field before. So
 * the field gets what makes that the value which it should have.
 */
static __always_inline __u16 offload_seed(__u16 value, __u32 sum)
{
	__u16 rest = fold((__u64)sum + (__u16)~value); /* sum without the field */

	return fold((__u64)(__u16)~value + (__u16)~rest);
}

/* False: by a sum that can't be steered (SCTP's CRC). */
static __always_inline bool leave_to_offload(const struct packet *pkt, struct tcphdr *tcp, struct icmp_header *icmp,
					     __u32 payload)
{
	if (pkt->f->ip_proto == IPPROTO_TCP)
		tcp->check = offload_seed(tcp->check, sum_words(tcp, sizeof(*tcp), 0));
	else if (pkt->f->ip_proto == IPPROTO_UDP)
		icmp->echo_sequence = offload_seed(icmp->echo_sequence, sum_words(icmp, payload, 0));
	else
		return false;
	return true;
}

static __always_inline int unanswered(void)
{
	tally_add(WEIR_TALLY_UNANSWERED, 1);
	return TC_ACT_SHOT;
}

static __always_inline void swap_macs(struct __sk_buff *skb)
{
	__u8 macs[2 * ETH_ALEN];

	if (bpf_skb_load_bytes(skb, 0, macs, sizeof(macs)))
		return;
	bpf_skb_store_bytes(skb, 0, macs + ETH_ALEN, ETH_ALEN, 0);
	bpf_skb_store_bytes(skb, ETH_ALEN, macs, ETH_ALEN, 0);
}

static __always_inline int send_answer(struct __sk_buff *skb, __u32 direction)
{
	swap_macs(skb);
	tally_add(WEIR_TALLY_ANSWERED, 1);
	if (direction == WEIR_EGRESS) {
		bpf_skb_change_type(skb, PACKET_TYPE_HOST);
		return bpf_redirect_peer(skb->ifindex, 0);
	}
	skb->mark = weir_answer_mark;
	return bpf_redirect(skb->ifindex, BPF_F_INGRESS);
}

/* The reset that a closed port would send. */
static __always_inline void fill_reset(const struct packet *pkt, const struct tcphdr *of, struct tcphdr *ret)
{
	ret->source = of->dest;
	ret->dest = of->source;
	ret->doff = sizeof(*ret) / 4;
	ret->rst = 1;
	if (of->ack) {
		ret->seq = of->ack_seq;
	} else {
		ret->ack = 1;
		ret->ack_seq = bpf_htonl(tcp_next(pkt));
	}
}

/* Whole words of the packet, at most that many. */
static __always_inline __u32 quote_length(const struct packet *pkt, __u32 most)
{
	__u32 length = (pkt->f->end - pkt->f->network) & ~3;

	if (length > most)
		length = most;
	barrier_var(length); /* what is compared from here on is what was bounded */
	return length > most ? 0 : length;
}

/* --- IPv4 --- */

static __always_inline void fill_ipv4(const struct iphdr *of, __u8 protocol, __u32 length, struct iphdr *ret)
{
	ret->version = 4;
	ret->ihl = sizeof(*ret) / 4;
	ret->tot_len = bpf_htons(length);
	ret->frag_off = bpf_htons(IPV4_FRAGMENT_NEVER);
	ret->ttl = ANSWER_HOPS;
	ret->protocol = protocol;
	ret->saddr = of->daddr;
	ret->daddr = of->saddr;
	ret->check = ~fold(sum_words(ret, sizeof(*ret), 0));
}

static __always_inline __u32 pseudo_sum4(const struct iphdr *ip, __u32 length)
{
	return sum_words(&ip->saddr, 2 * sizeof(ip->saddr), bpf_htons(ip->protocol) + bpf_htons(length));
}

static __always_inline int answer_ipv4(struct packet *pkt)
{
	struct answer4 out = {};
	struct offload offload;
	struct tcphdr tcp;
	struct iphdr ip;
	__u32 payload, transport;

	if (!has_answer(pkt, WEIR_IPV4) || bpf_skb_load_bytes(pkt->ctx, pkt->f->network, &ip, sizeof(ip)) ||
	    is_group_address4(ip.saddr) || is_group_address4(ip.daddr) || !may_answer(pkt))
		return unanswered();
	transport = pkt->f->network + ip.ihl * 4;
	offload = find_offload(pkt, transport);
	if (pkt->f->ip_proto == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(pkt->ctx, transport, &tcp, sizeof(tcp)))
			return unanswered();
		payload = sizeof(out.tcp);
		fill_ipv4(&ip, IPPROTO_TCP, sizeof(ip) + payload, &out.ip);
		fill_reset(pkt, &tcp, &out.tcp);
		out.tcp.check = ~fold(sum_words(&out.tcp, sizeof(out.tcp), pseudo_sum4(&out.ip, payload)));
	} else {
		__u32 quoted = quote_length(pkt, ANSWER_QUOTES4_MAX);

		if (quoted < sizeof(ip) || bpf_skb_load_bytes(pkt->ctx, pkt->f->network, out.quoted, quoted))
			return unanswered();
		payload = sizeof(out.icmp) + quoted;
		fill_ipv4(&ip, IPPROTO_ICMP, sizeof(ip) + payload, &out.ip);
		out.icmp.type = ICMPV4_UNREACHABLE;
		out.icmp.code = ANSWER_ICMPV4_CODE;
		out.icmp.checksum = ~fold(sum_words(&out.icmp, payload, 0));
	}
	if (!cut_packet(pkt->ctx, &offload, pkt->f->network + sizeof(ip) + payload))
		return unanswered();
	if (offload.pending && (ip.ihl != IPV4_MIN_IHL || !leave_to_offload(pkt, &out.tcp, &out.icmp, payload)))
		return unanswered();
	if (bpf_skb_store_bytes(pkt->ctx, pkt->f->network, &out, sizeof(ip) + payload, 0))
		return unanswered();
	return send_answer(pkt->ctx, pkt->f->direction);
}

/* --- IPv6 --- */

static __always_inline void fill_ipv6(const struct ipv6hdr *of, __u8 protocol, __u32 length, struct ipv6hdr *ret)
{
	ret->version = 6;
	ret->payload_len = bpf_htons(length);
	ret->nexthdr = protocol;
	ret->hop_limit = ANSWER_HOPS;
	ret->saddr = of->daddr;
	ret->daddr = of->saddr;
}

static __always_inline __u32 pseudo_sum6(const struct ipv6hdr *ip, __u32 length)
{
	return sum_words(&ip->saddr, 2 * sizeof(ip->saddr), bpf_htons(ip->nexthdr) + bpf_htons(length));
}

static __always_inline int answer_ipv6(struct packet *pkt)
{
	struct answer6 out = {};
	struct offload offload;
	struct tcphdr tcp;
	struct ipv6hdr ip;
	__u32 payload, transport = pkt->f->network + sizeof(ip);

	if (!has_answer(pkt, WEIR_IPV6) || bpf_skb_load_bytes(pkt->ctx, pkt->f->network, &ip, sizeof(ip)) ||
	    is_group_address6((__u8 *)&ip.saddr) || is_group_address6((__u8 *)&ip.daddr) || !may_answer(pkt))
		return unanswered();
	/* Behind extension headers nothing is left to the device. */
	offload = ip.nexthdr == pkt->f->ip_proto ? find_offload(pkt, transport) : (struct offload){};
	if (ip.nexthdr == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(pkt->ctx, transport, &tcp, sizeof(tcp)))
			return unanswered();
		payload = sizeof(out.tcp);
		fill_ipv6(&ip, IPPROTO_TCP, payload, &out.ip);
		fill_reset(pkt, &tcp, &out.tcp);
		out.tcp.check = ~fold(sum_words(&out.tcp, sizeof(out.tcp), pseudo_sum6(&out.ip, payload)));
	} else {
		__u32 quoted = quote_length(pkt, ANSWER_QUOTES6_MAX);

		if (quoted < sizeof(ip) || bpf_skb_load_bytes(pkt->ctx, pkt->f->network, out.quoted, quoted))
			return unanswered();
		payload = sizeof(out.icmp) + quoted;
		fill_ipv6(&ip, IPPROTO_ICMPV6, payload, &out.ip);
		out.icmp.type = ANSWER_ICMPV6_TYPE;
		out.icmp.code = ANSWER_ICMPV6_CODE;
		out.icmp.checksum = ~fold(sum_words(&out.icmp, payload, pseudo_sum6(&out.ip, payload)));
	}
	if (!cut_packet(pkt->ctx, &offload, pkt->f->network + sizeof(ip) + payload))
		return unanswered();
	if (offload.pending && !leave_to_offload(pkt, &out.tcp, &out.icmp, payload))
		return unanswered();
	if (bpf_skb_store_bytes(pkt->ctx, pkt->f->network, &out, sizeof(ip) + payload, 0))
		return unanswered();
	return send_answer(pkt->ctx, pkt->f->direction);
}

__weak __noinline int answer4(struct __sk_buff *skb, struct facts *facts)
{
	struct packet pkt = { .f = facts, .hook = PACKET_TC, .cold = true, .ctx = skb };

	return facts ? answer_ipv4(&pkt) : TC_ACT_SHOT;
}

__weak __noinline int answer6(struct __sk_buff *skb, struct facts *facts)
{
	struct packet pkt = { .f = facts, .hook = PACKET_TC, .cold = true, .ctx = skb };

	return facts ? answer_ipv6(&pkt) : TC_ACT_SHOT;
}

/* Returns what the tc program shall return. */
static __always_inline int answer(struct packet *pkt)
{
	if (pkt->f->network < ETH_HLEN)
		return unanswered();
	if (pkt->f->eth_proto == bpf_htons(ETH_P_IP))
		return answer4(pkt->ctx, pkt->f);
	return answer6(pkt->ctx, pkt->f);
}

#endif
