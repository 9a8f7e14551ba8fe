/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An ICMP error (RFC 792, RFC 4443) quotes the packet that it is about: its IP
 * header and at least eight bytes of what follows. It goes to whoever sent that
 * packet, and is let through as part of that packet's flow.
 */
#ifndef WEIR_BPF_QUOTE_H
#define WEIR_BPF_QUOTE_H

#include "flow.h"
#include "fragment.h"

/* Of the quoted transport header only this much is sure to be there. */
struct quoted_transport {
	__u8 type; /* ICMP */
	__u8 code;
	__be16 dest;
	__be16 echo_id;
	__be16 echo_sequence;
};

struct quoted_ports {
	__be16 source;
	__be16 dest;
};

/* An error is about a packet of the other direction, so its source is the error's own destination. */
#define QUOTE_KEY_SET(key, direction, ports)                                                      \
	do {                                                                                      \
		(key)->local_port = (direction) == WEIR_INGRESS ? (ports).source : (ports).dest;  \
		(key)->remote_port = (direction) == WEIR_INGRESS ? (ports).dest : (ports).source; \
	} while (0)

/* What follows the error is link padding, and no quote. */
static __always_inline int load_quoted(const struct packet *pkt, __u32 offset, void *to, __u32 size)
{
	return offset + size > pkt->f->end ? -1 : bpf_skb_load_bytes(pkt->ctx, offset, to, size);
}

/* As the flow's key has them. False: cut too short. */
static __always_inline bool load_quoted_ports(const struct packet *pkt, enum weir_family family, __u32 offset,
					      __u8 protocol, struct quoted_ports *ret)
{
	struct quoted_transport quoted;

	*ret = (struct quoted_ports){};
	if (protocol == (family == WEIR_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		if (load_quoted(pkt, offset, &quoted, sizeof(quoted)))
			return false;
		if (is_echo(family, quoted.type))
			ret->source = ret->dest = quoted.echo_id;
	} else if (ports_of(protocol) != WEIR_PORTS_NONE) {
		if (load_quoted(pkt, offset, &quoted, sizeof(quoted)))
			return false;
		__builtin_memcpy(&ret->source, &quoted, sizeof(ret->source));
		ret->dest = quoted.dest;
	}
	return true;
}

/* Makes the error's key the quoted packet's. Returns the quoted protocol, or -1 where it can't be told. */
static __always_inline int quoted_key4(const struct packet *pkt, struct weir_flow4_key *key)
{
	const __u32 direction = pkt->direction, offset = pkt->f->offset;
	struct iphdr ip;
	struct quoted_ports ports;

	if (load_quoted(pkt, offset, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < IPV4_MIN_IHL ||
	    ip.frag_off & bpf_htons(IPV4_OFFSET_MASK))
		return -1;
	if (!load_quoted_ports(pkt, WEIR_IPV4, offset + ip.ihl * 4, ip.protocol, &ports))
		return -1;
	key->local = direction == WEIR_INGRESS ? ip.saddr : ip.daddr;
	key->remote = direction == WEIR_INGRESS ? ip.daddr : ip.saddr;
	key->protocol = ip.protocol;
	QUOTE_KEY_SET(key, direction, ports);
	return ip.protocol;
}

static __always_inline int quoted_key6(const struct packet *pkt, struct weir_flow6_key *key)
{
	const __u32 direction = pkt->direction;
	__u32 offset = pkt->f->offset;
	struct ipv6_extension fragment;
	struct ipv6hdr ip;
	struct quoted_ports ports;
	__u8 protocol;

	if (load_quoted(pkt, offset, &ip, sizeof(ip)) || ip.version != 6)
		return -1;
	offset += sizeof(ip);
	protocol = ip.nexthdr;
	if (protocol == IPPROTO_FRAGMENT) {
		if (load_quoted(pkt, offset, &fragment, sizeof(fragment)) ||
		    fragment.offset & bpf_htons(IPV6_OFFSET_MASK))
			return -1;
		offset += sizeof(fragment);
		protocol = fragment.ip_proto;
	}
	if (!load_quoted_ports(pkt, WEIR_IPV6, offset, protocol, &ports))
		return -1;
	__builtin_memcpy(key->local, direction == WEIR_INGRESS ? &ip.saddr : &ip.daddr, sizeof(key->local));
	__builtin_memcpy(key->remote, direction == WEIR_INGRESS ? &ip.daddr : &ip.saddr, sizeof(key->remote));
	key->protocol = protocol;
	QUOTE_KEY_SET(key, direction, ports);
	return protocol;
}

static __always_inline void copy_key(enum weir_family family, union flow_key *to, const union flow_key *from)
{
	if (family == WEIR_IPV4)
		to->v4 = from->v4;
	else
		to->v6 = from->v6;
}

static __always_inline bool same_local(enum weir_family family, const union flow_key *a, const union flow_key *b)
{
	return family == WEIR_IPV4 ? a->v4.local == b->v4.local : same_ipv6(a->v6.local, b->v6.local);
}

static __always_inline bool same_remote(enum weir_family family, const union flow_key *a, const union flow_key *b)
{
	return family == WEIR_IPV4 ? a->v4.remote == b->v4.remote : same_ipv6(a->v6.remote, b->v6.remote);
}

/* Errors come from the other end, or from a router on the way: a pod is not one. */
static __always_inline bool is_router(enum weir_family family, const union flow_key *key)
{
	const struct weir_address *address = family == WEIR_IPV4 ? bpf_map_lookup_elem(&addresses4, &key->v4.remote)
								 : bpf_map_lookup_elem(&addresses6, key->v6.remote);

	return !address || address->identity < WEIR_IDENTITY_FIRST;
}

static __always_inline enum weir_verdict pass_quoted(struct packet *pkt)
{
	if (pkt->f->flow_generation != pkt->f->generation)
		return WEIR_VERDICT_NONE;
	if (carries_other_mac(pkt, pkt->flow))
		return drop(pkt, WEIR_REASON_SPOOFED_MAC);
	pkt->f->account = pkt->flow->account;
	if (pkt->flow->flags & WEIR_FLOW_REVOKED)
		return refuse_again(pkt, pkt->flow);
	return pass(pkt, WEIR_REASON_ICMP_ERROR);
}

/*
 * Judges an error as a packet of the flow that it is about, which takes no
 * notice of it. Without one the error stays what it is: ICMP, which a rule may
 * allow.
 */
static __always_inline enum weir_verdict find_quoted(struct packet *pkt, enum weir_family family)
{
	union flow_key error = {};
	int protocol;

	copy_key(family, &error, pkt->key);
	protocol = family == WEIR_IPV4 ? quoted_key4(pkt, &pkt->key->v4) : quoted_key6(pkt, &pkt->key->v6);
	if (protocol >= 0 && same_local(family, pkt->key, &error)) {
		pkt->f->ports = ports_of(protocol);
		find_flow(pkt, family);
		if (pkt->flow && (same_remote(family, pkt->key, &error) || is_router(family, &error))) {
			pkt->f->ip_proto = protocol;
			pkt->f->quoted = true;
			return pass_quoted(pkt);
		}
	}
	copy_key(family, pkt->key, &error);
	pkt->f->ports = WEIR_PORTS_NONE;
	pkt->f->found = false;
	return WEIR_VERDICT_NONE;
}

/* Not inlined: for the stack's sake. */
__subprogram int find_quoted4(struct __sk_buff *skb, struct facts *facts, struct weir_flow4_key *key)
{
	struct packet pkt = { .f = facts, .ctx = skb, .direction = facts->direction & 1, .key = (union flow_key *)key };

	return find_quoted(&pkt, WEIR_IPV4);
}

__subprogram int find_quoted6(struct __sk_buff *skb, struct facts *facts, struct weir_flow6_key *key)
{
	struct packet pkt = { .f = facts, .ctx = skb, .direction = facts->direction & 1, .key = (union flow_key *)key };

	return find_quoted(&pkt, WEIR_IPV6);
}

static __always_inline enum weir_verdict match_quoted_flow(struct packet *pkt, enum weir_family family)
{
	return family == WEIR_IPV4 ? find_quoted4(pkt->ctx, pkt->f, &pkt->key->v4)
				   : find_quoted6(pkt->ctx, pkt->f, &pkt->key->v6);
}

#endif
