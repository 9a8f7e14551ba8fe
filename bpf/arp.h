/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Address resolution (RFC 826): passes, as long as a pod says "I am" of nothing but its own addresses. */
#ifndef WEIR_BPF_ARP_H
#define WEIR_BPF_ARP_H

#include "source.h"

/* The uapi header of ARP draws in the C library's. */
#define ARP_ETHERNET 1
#define ARP_REQUEST  1
#define ARP_REPLY    2

struct arp_packet {
	__be16 hardware;
	__be16 eth_proto;
	__u8 hardware_length;
	__u8 protocol_length;
	__be16 operation;
	__u8 sender_mac[ETH_ALEN];
	__u8 sender[4];
	__u8 target_mac[ETH_ALEN]; /* read along with sender by mac_word() */
	__u8 target[4];
} __attribute__((packed));

static __always_inline bool is_arp_of_ipv4(const struct arp_packet *arp)
{
	return arp->hardware == bpf_htons(ARP_ETHERNET) && arp->eth_proto == bpf_htons(ETH_P_IP) &&
	       arp->hardware_length == ETH_ALEN && arp->protocol_length == 4 &&
	       (arp->operation == bpf_htons(ARP_REQUEST) || arp->operation == bpf_htons(ARP_REPLY));
}

/* A probe for an address that may be somebody's says zero of itself (RFC 5227). */
static __always_inline bool is_spoofed_arp(const struct packet *pkt, const struct arp_packet *arp)
{
	__be32 sender;

	__builtin_memcpy(&sender, arp->sender, sizeof(sender));
	if (pkt->endpoint->flags & WEIR_ENDPOINT_CHECK_MAC && mac_word(arp->sender_mac) != mac_word(pkt->endpoint->mac))
		return true;
	return sender && !is_own_ipv4(pkt, sender);
}

static __always_inline enum weir_verdict judge_arp(struct packet *pkt)
{
	struct arp_packet arp __attribute__((aligned(8))); /* for mac_word() */

	if (packet_load(pkt, pkt->f->offset, &arp, sizeof(arp)) || !is_arp_of_ipv4(&arp))
		return drop(pkt, WEIR_REASON_BAD_ARP);
	__builtin_memcpy(pkt->direction == WEIR_EGRESS ? &pkt->key->v4.local : &pkt->key->v4.remote, arp.sender, 4);
	__builtin_memcpy(pkt->direction == WEIR_EGRESS ? &pkt->key->v4.remote : &pkt->key->v4.local, arp.target, 4);
	if (checks_address(pkt) && is_spoofed_arp(pkt, &arp))
		return drop(pkt, WEIR_REASON_SPOOFED_NEIGHBOUR);
	return pass(pkt, WEIR_REASON_ARP);
}

#endif
