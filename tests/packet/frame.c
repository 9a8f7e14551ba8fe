// SPDX-License-Identifier: BSD-2-Clause
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "packet/frame_private.h"

#define DEFAULT_HOPS	     64
#define EXTENSION_BYTES	     8
#define AUTHENTICATION_BYTES 12
#define ARP_REQUEST	     1

void frame_address(enum weir_family family, const char *text, const uint8_t *usual, uint8_t *ret)
{
	if (!text || inet_pton(family == WEIR_IPV4 ? AF_INET : AF_INET6, text, ret) != 1)
		memcpy(ret, usual, family == WEIR_IPV4 ? 4 : 16);
}

static void put_mac(struct frame *frame, bool other)
{
	static const uint8_t macs[2][ETH_ALEN] = { FRAME_SOURCE_MAC, FRAME_OTHER_MAC };

	frame_put_bytes(frame, macs[other], ETH_ALEN);
}

static void put_ethernet(struct frame *frame, const struct frame_spec *spec, uint16_t eth_proto)
{
	static const uint8_t destination[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };

	frame_put_bytes(frame, destination, sizeof(destination));
	put_mac(frame, spec->other_mac);
	for (unsigned i = 0; i < spec->tags; i++) {
		uint16_t tag[] = { htons(frame_given(spec->tag_proto, ETH_P_8021Q)), htons(i + 1) };

		frame_put_bytes(frame, tag, sizeof(tag));
	}
	eth_proto = htons(eth_proto);
	frame_put_bytes(frame, &eth_proto, sizeof(eth_proto));
}

static void put_arp(struct frame *frame, const struct frame_spec *spec, const struct frame_ends *ends)
{
	const uint16_t types[] = { htons(spec->arp_hardware ?: 1), htons(spec->arp_protocol ?: ETH_P_IP) };
	const uint8_t lengths[] = { spec->arp_hardware_length ?: ETH_ALEN, spec->arp_protocol_length ?: 4 };
	const uint16_t operation = htons(spec->arp_operation ?: ARP_REQUEST);
	uint8_t addr[16];

	frame_put_bytes(frame, types, sizeof(types));
	frame_put_bytes(frame, lengths, sizeof(lengths));
	frame_put_bytes(frame, &operation, sizeof(operation));
	put_mac(frame, spec->arp_other_mac);
	frame_address(WEIR_IPV4, spec->arp_sender, ends->source, addr);
	frame_put_bytes(frame, addr, 4);
	frame_put(frame, ETH_ALEN);
	frame_address(WEIR_IPV4, spec->arp_target, ends->destination, addr);
	frame_put_bytes(frame, addr, 4);
}

static void put_ipv4(struct frame *frame, const struct frame_spec *spec, const struct frame_ends *ends)
{
	uint32_t start = frame->length;
	struct iphdr ip = {
		.version = frame_given(spec->version, 4),
		.ihl = frame_given(spec->ihl, (sizeof(ip) + spec->options) / 4),
		.tos = spec->traffic_class,
		.id = htons(spec->id),
		.ttl = frame_given(spec->hop_limit, DEFAULT_HOPS),
		.protocol = frame_transport(spec),
		.frag_off = htons(spec->fragment_offset | (spec->more_fragments ? 0x2000 : 0)),
	};
	void *at = frame_put(frame, sizeof(ip));
	void *options = frame_put(frame, spec->options);

	if (spec->option_bytes)
		memcpy(options, spec->option_bytes, spec->options);
	else
		memset(options, 1, spec->options);
	frame_put_transport(frame, spec, ends);
	frame_address(WEIR_IPV4, spec->source, ends->source, (uint8_t *)&ip.saddr);
	frame_address(WEIR_IPV4, spec->destination, ends->destination, (uint8_t *)&ip.daddr);
	ip.tot_len = htons(frame_given(spec->total, frame->length - start));
	memcpy(at, &ip, sizeof(ip));
}

/* The extension headers that the spec names, and a fragment header last where it needs one that it doesn't name. */
struct extensions {
	uint8_t types[FRAME_EXTENSIONS_MAX + 1];
	unsigned n;
};

static struct extensions extensions_of(const struct frame_spec *spec)
{
	bool wanted = spec->fragment_offset || spec->more_fragments || spec->in_one_piece;
	struct extensions list = { .n = spec->n_extensions };

	for (unsigned i = 0; i < spec->n_extensions; i++) {
		list.types[i] = spec->extensions[i];
		wanted &= spec->extensions[i] != IPPROTO_FRAGMENT;
	}
	if (wanted)
		list.types[list.n++] = IPPROTO_FRAGMENT;
	return list;
}

static void put_extension(struct frame *frame, const struct frame_spec *spec, uint8_t type, uint8_t next, bool last)
{
	const bool authentication = type == IPPROTO_AH;
	const uint16_t offset = htons(spec->fragment_offset << 3 | spec->more_fragments);
	const uint32_t id = htonl(spec->id);
	const size_t size = authentication ? AUTHENTICATION_BYTES : EXTENSION_BYTES;
	uint8_t extension[AUTHENTICATION_BYTES] = { next };

	/* In words of four bytes beyond the second; in all other headers of eight, beyond the first. */
	extension[1] = authentication ? AUTHENTICATION_BYTES / 4 - 2 : 0;
	if (last && spec->extension_length)
		extension[1] = spec->extension_length;
	if (type == IPPROTO_ROUTING)
		extension[3] = spec->segments_left;
	if (type == IPPROTO_FRAGMENT) {
		memcpy(extension + 2, &offset, sizeof(offset));
		memcpy(extension + 4, &id, sizeof(id));
	}
	frame_put_bytes(frame, extension, size);
}

static void put_ipv6(struct frame *frame, const struct frame_spec *spec, const struct frame_ends *ends)
{
	const struct extensions list = extensions_of(spec);
	struct ipv6hdr ip = {
		.version = frame_given(spec->version, 6),
		.priority = spec->traffic_class >> 4,
		.flow_lbl = { (uint8_t)(spec->traffic_class << 4) },
		.nexthdr = list.n ? list.types[0] : frame_transport(spec),
		.hop_limit = frame_given(spec->hop_limit, DEFAULT_HOPS),
	};
	void *at = frame_put(frame, sizeof(ip));
	uint32_t start = frame->length;

	for (unsigned i = 0; i < list.n; i++)
		put_extension(frame, spec, list.types[i], i + 1 < list.n ? list.types[i + 1] : frame_transport(spec),
			      i + 1 == list.n);
	frame_put_transport(frame, spec, ends);
	frame_address(WEIR_IPV6, spec->source, ends->source, (uint8_t *)&ip.saddr);
	frame_address(WEIR_IPV6, spec->destination, ends->destination, (uint8_t *)&ip.daddr);
	ip.payload_len = htons(frame_given(spec->total, frame->length - start));
	memcpy(at, &ip, sizeof(ip));
}

void frame_put_ip(struct frame *frame, const struct frame_spec *spec, const struct frame_ends *ends)
{
	if (ends->family == WEIR_IPV4)
		put_ipv4(frame, spec, ends);
	else
		put_ipv6(frame, spec, ends);
}

void frame_build(const struct frame_spec *spec, const struct frame_ends *ends, struct frame *ret)
{
	memset(ret, 0, sizeof(*ret));
	put_ethernet(ret, spec, spec->eth_proto ?: ends->family == WEIR_IPV4 ? ETH_P_IP : ETH_P_IPV6);
	if (!spec->eth_proto)
		frame_put_ip(ret, spec, ends);
	else if (spec->eth_proto == ETH_P_ARP && !spec->payload)
		put_arp(ret, spec, ends);
	else
		frame_put(ret, spec->payload);
	frame_put(ret, spec->padding);
	ret->length -= spec->cut;
}
