// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/build.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

static unsigned put_ipv4(const struct shape *shape, uint8_t *ip)
{
	const unsigned header = 20 + shape->n_options;

	memset(ip, 0, header);
	ip[0] = 0x40 | header / 4;
	ip[1] = shape->traffic_class;
	put_u16(ip + 2, header + shape->n_transport);
	put_u16(ip + 4, shape->id);
	if (shape->cut)
		put_u16(ip + 6, (shape->offset & 0x1fff) | (shape->more ? 0x2000 : 0));
	ip[8] = shape->hop_limit;
	ip[9] = shape->protocol;
	memcpy(ip + 12, shape->source, 4);
	memcpy(ip + 16, shape->destination, 4);
	memcpy(ip + 20, shape->options, shape->n_options);
	memcpy(ip + header, shape->transport, shape->n_transport);
	return header + shape->n_transport;
}

/* Returns its length; all are as short as they can be. */
static unsigned put_extension(const struct shape *shape, uint8_t type, uint8_t next, uint8_t *at)
{
	const unsigned length = type == IPPROTO_AH ? 12 : 8;

	memset(at, 0, length);
	at[0] = next;
	at[1] = type == IPPROTO_AH ? 1 : 0;
	if (type == IPPROTO_ROUTING)
		at[3] = shape->segments_left;
	if (type == IPPROTO_FRAGMENT) {
		put_u16(at + 2, shape->offset << 3 | (shape->more ? 1 : 0));
		put_u32(at + 4, shape->id);
	}
	return length;
}

static unsigned put_ipv6(const struct shape *shape, uint8_t *ip)
{
	unsigned length = 40;

	memset(ip, 0, 40);
	put_u16(ip, 0x6000 | shape->traffic_class << 4);
	ip[6] = shape->n_extensions ? shape->extensions[0] : shape->protocol;
	ip[7] = shape->hop_limit;
	memcpy(ip + 8, shape->source, 16);
	memcpy(ip + 24, shape->destination, 16);
	for (unsigned i = 0; i < shape->n_extensions; i++) {
		const uint8_t next = i + 1 < shape->n_extensions ? shape->extensions[i + 1] : shape->protocol;

		length += put_extension(shape, shape->extensions[i], next, ip + length);
	}
	memcpy(ip + length, shape->transport, shape->n_transport);
	length += shape->n_transport;
	put_u16(ip + 4, length - 40);
	return length;
}

unsigned build_ip(const struct shape *shape, uint8_t *ret)
{
	return shape->family == WEIR_IPV4 ? put_ipv4(shape, ret) : put_ipv6(shape, ret);
}

void build_packet(const struct shape *shape, struct step *ret)
{
	static const uint8_t gateway[6] = { 2, 0, 0, 0, 0, 1 };
	const uint16_t ip = shape->family == WEIR_IPV4 ? ETH_P_IP : ETH_P_IPV6;
	uint8_t *at = ret->bytes;

	memcpy(at, gateway, 6);
	memcpy(at + 6, shape->mac, 6);
	at += 12;
	for (unsigned i = 0; i < shape->tags; i++, at += 4) {
		put_u16(at, shape->tag_proto);
		put_u16(at + 2, i);
	}
	put_u16(at, shape->eth_proto ?: ip);
	at += 2;
	if (shape->eth_proto) {
		memcpy(at, shape->transport, shape->n_transport);
		at += shape->n_transport;
	} else {
		at += build_ip(shape, at);
	}
	memset(at, 0, shape->padding);
	ret->length = at + shape->padding - ret->bytes;
}
