/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What leaves a pod carries the pod's own MAC address and one of its own IP
 * addresses, and speaks for no other address in ARP or neighbour discovery.
 *
 * Asked of a connection's first packet. For the others the address is part of
 * the flow's key, and the MAC address is kept with the flow.
 */
#ifndef WEIR_BPF_SOURCE_H
#define WEIR_BPF_SOURCE_H

#include "endpoint.h"
#include "parse.h"

#define DHCP_CLIENT_PORT 68
#define DHCP_SERVER_PORT 67
#define EUI64_FLIP	 0x02 /* universal/local bit, RFC 4291 appendix A */

static __always_inline bool checks_address(const struct packet *pkt)
{
	return pkt->direction == WEIR_EGRESS && pkt->endpoint->flags & WEIR_ENDPOINT_CHECK_ADDRESS;
}

/* The endpoint's entry holds an address after the MAC address, so reading eight bytes there stays inside. */
static __always_inline bool is_spoofed_mac(const struct packet *pkt)
{
	return pkt->f->source_mac != MAC_UNSEEN && pkt->endpoint->flags & WEIR_ENDPOINT_CHECK_MAC &&
	       pkt->f->source_mac != mac_word(pkt->endpoint->mac);
}

static __always_inline enum weir_verdict check_mac(struct packet *pkt)
{
	if (pkt->direction == WEIR_EGRESS && pkt->hook != PACKET_PEEK && unlikely(is_spoofed_mac(pkt)))
		return drop(pkt, WEIR_REASON_SPOOFED_MAC);
	return WEIR_VERDICT_NONE;
}

/* An endpoint without an address of the family has zeros for it, which are nobody's. */
static __always_inline bool is_own_ipv4(const struct packet *pkt, __be32 addr)
{
	const struct weir_address *address;

	if (likely(addr == pkt->endpoint->ipv4))
		return addr;
	if (!(pkt->endpoint->flags & WEIR_ENDPOINT_MORE_ADDRESSES))
		return false;
	address = bpf_map_lookup_elem(&addresses4, &addr);
	return address && address->ifindex == pkt->f->ifindex;
}

/* The link-local address that the kernel makes of a MAC address; the agent knows of no other. */
static __always_inline bool is_own_link_local(const struct packet *pkt, const __u8 *addr)
{
	const __u32 *words = (const __u32 *)addr;
	const __u8 *mac = pkt->endpoint->mac;

	if (words[0] != bpf_htonl(0xfe800000) || words[1])
		return false;
	if (!(pkt->endpoint->flags & WEIR_ENDPOINT_CHECK_MAC))
		return true;
	return addr[8] == (mac[0] ^ EUI64_FLIP) && addr[9] == mac[1] && addr[10] == mac[2] && addr[11] == 0xff &&
	       addr[12] == 0xfe && addr[13] == mac[3] && addr[14] == mac[4] && addr[15] == mac[5];
}

static __always_inline bool is_own_ipv6(const struct packet *pkt, const __u8 *addr)
{
	const struct weir_address *address;

	if (likely(same_ipv6(addr, pkt->endpoint->ipv6)))
		return !is_unspecified_ipv6(addr);
	if (is_own_link_local(pkt, addr))
		return true;
	if (!(pkt->endpoint->flags & WEIR_ENDPOINT_MORE_ADDRESSES))
		return false;
	address = bpf_map_lookup_elem(&addresses6, addr);
	return address && address->ifindex == pkt->f->ifindex;
}

/* A host without an address yet may ask for one; policy is asked all the same. */
static __always_inline bool is_dhcp_request(const struct packet *pkt)
{
	const struct weir_flow4_key *key = &pkt->key->v4;

	return !key->local && pkt->f->ip_proto == IPPROTO_UDP && key->local_port == bpf_htons(DHCP_CLIENT_PORT) &&
	       key->remote_port == bpf_htons(DHCP_SERVER_PORT);
}

static __always_inline enum weir_verdict check_source(struct packet *pkt, enum weir_family family)
{
	enum weir_verdict verdict = check_mac(pkt);

	if (verdict || !checks_address(pkt))
		return verdict;
	if (family == WEIR_IPV4 ? is_own_ipv4(pkt, pkt->key->v4.local) || is_dhcp_request(pkt)
				: is_own_ipv6(pkt, pkt->key->v6.local))
		return WEIR_VERDICT_NONE;
	return drop(pkt, WEIR_REASON_SPOOFED_ADDRESS);
}

/*
 * A pod always reaches itself, also when a Service's address leads it back. On
 * the way in its own address is believed only where it was seen to come out.
 */
static __always_inline bool is_self(const struct packet *pkt, enum weir_family family)
{
	if (family == WEIR_IPV4 ? pkt->key->v4.local != pkt->key->v4.remote
				: !same_ipv6(pkt->key->v6.local, pkt->key->v6.remote))
		return false;
	if (pkt->direction == WEIR_EGRESS)
		return true;
	return pkt->hook == PACKET_TC && ((struct __sk_buff *)pkt->ctx)->ingress_ifindex == pkt->f->ifindex;
}

#endif
