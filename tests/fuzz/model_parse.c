// SPDX-License-Identifier: BSD-2-Clause
/* Link and IP headers, options and extension headers: RFC 791, RFC 8200, IEEE 802.1Q. */
#include <string.h>

#include "fuzz/model_packet.h"

#define ETHERNET     14u
#define TAG	     4u
#define TAGS	     2u
#define PROTO_IPV4   0x0800
#define PROTO_ARP    0x0806
#define PROTO_IPV6   0x86dd
#define PROTO_8021Q  0x8100
#define PROTO_8021AD 0x88a8

enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTHENTICATION = 51, DESTINATION_OPTIONS = 60 };

uint16_t model_u16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

uint32_t model_u32(const uint8_t *at)
{
	return (uint32_t)model_u16(at) << 16 | model_u16(at + 2);
}

/* At most two tags: a customer's in a provider's (802.1ad). */
static enum weir_reason parse_link(struct packet *p)
{
	uint32_t at = ETHERNET - 2;

	if (p->length < ETHERNET)
		return WEIR_REASON_BAD_ETHERNET;
	for (unsigned tags = 0; tags <= TAGS; tags++) {
		p->eth_proto = model_u16(p->bytes + at);
		p->network = at + 2;
		if (p->eth_proto != PROTO_8021Q && p->eth_proto != PROTO_8021AD)
			return WEIR_REASON_NONE;
		at += TAG;
		if (at + 2 > p->length)
			return WEIR_REASON_BAD_ETHERNET;
	}
	return WEIR_REASON_BAD_ETHERNET;
}

/*
 * RFC 791 section 3.1: a list of options, each but the first two kinds with its
 * length in its second byte. Loose and strict source routes are refused before
 * anything else is asked of them.
 */
static enum weir_reason check_options(const uint8_t *options, uint32_t length)
{
	for (uint32_t at = 0; at < length;) {
		if (options[at] == 0) /* end of list */
			return WEIR_REASON_NONE;
		if (options[at] == 131 || options[at] == 137)
			return WEIR_REASON_SOURCE_ROUTE;
		if (options[at] == 1) { /* no operation */
			at++;
			continue;
		}
		if (at + 1 >= length || options[at + 1] < 2 || at + options[at + 1] > length)
			return WEIR_REASON_BAD_IPV4;
		at += options[at + 1];
	}
	return WEIR_REASON_NONE;
}

static enum weir_reason parse_ipv4(struct packet *p)
{
	const uint8_t *ip = p->bytes + p->network;
	const uint32_t room = p->length - p->network;
	uint32_t header, total, fragment;

	p->plain = room >= 20; /* XDP leaves to tc what it can't read in one piece */
	if (room < 20 || ip[0] >> 4 != 4 || (ip[0] & 15) < 5)
		return WEIR_REASON_BAD_IPV4;
	header = (ip[0] & 15) * 4;
	total = model_u16(ip + 2);
	if (total < header || total > room)
		return WEIR_REASON_BAD_IPV4;

	memcpy(p->source + 12, ip + 12, 4);
	memcpy(p->destination + 12, ip + 16, 4);
	p->located = true;
	p->protocol = ip[9];
	p->hop_limit = ip[8];
	p->end = p->network + total;
	p->transport = p->network + header;
	fragment = model_u16(ip + 6);
	p->fragment = fragment & 0x3fff; /* more fragments, or an offset */
	p->later = fragment & 0x1fff;
	p->last = !(fragment & 0x2000);
	memcpy(&p->fragment_id, (uint8_t[4]){ ip[4], ip[5] }, 4);
	p->from = fragment & 0x1fff;
	p->to = p->from + (total - header + 7) / 8;
	p->plain = header == 20 && !p->fragment;
	return check_options(ip + 20, header - 20);
}

static bool is_extension(uint8_t protocol)
{
	return protocol == HOP_BY_HOP || protocol == ROUTING || protocol == FRAGMENT || protocol == AUTHENTICATION ||
	       protocol == DESTINATION_OPTIONS;
}

/* RFC 8200 section 4, RFC 4302 for the authentication header's own unit. */
static uint32_t extension_length(const struct packet *p)
{
	const uint8_t length = p->bytes[p->transport + 1];

	if (p->protocol == FRAGMENT)
		return 8;
	return p->protocol == AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8;
}

/* RFC 8200 section 4.5. A packet is cut once: nobody sends a second fragment header. */
static enum weir_reason parse_fragment_header(struct packet *p, bool *cut)
{
	const uint8_t *header = p->bytes + p->transport;
	const uint16_t field = model_u16(header + 2);

	if (*cut)
		return WEIR_REASON_BAD_IPV6;
	*cut = true;
	p->fragment = field & 0xfff9; /* not the two reserved bits */
	p->later = field >> 3;
	p->last = !(field & 1);
	memcpy(&p->fragment_id, header + 4, 4);
	p->from = field >> 3;
	p->to = p->from + (p->end - p->transport - 8 + 7) / 8;
	return WEIR_REASON_NONE;
}

/* What a later fragment brings is no header, so its chain ends at its fragment header. */
static enum weir_reason follow_extensions(struct packet *p)
{
	bool cut = false;

	for (unsigned n = 0; is_extension(p->protocol) && !p->later; n++) {
		const uint8_t *header = p->bytes + p->transport;
		uint32_t length;

		if (n == 8)
			return WEIR_REASON_IPV6_EXTENSIONS;
		if (p->transport + 8 > p->end || (p->protocol == HOP_BY_HOP && n > 0))
			return WEIR_REASON_BAD_IPV6;
		length = extension_length(p);
		if (p->transport + length > p->end)
			return WEIR_REASON_BAD_IPV6;
		if (p->protocol == ROUTING && header[3]) /* segments left */
			return WEIR_REASON_SOURCE_ROUTE;
		if (p->protocol == FRAGMENT && parse_fragment_header(p, &cut))
			return WEIR_REASON_BAD_IPV6;
		p->protocol = header[0];
		p->transport += length;
	}
	return WEIR_REASON_NONE;
}

static enum weir_reason parse_ipv6(struct packet *p)
{
	const uint8_t *ip = p->bytes + p->network;
	const uint32_t room = p->length - p->network;

	p->plain = room >= 40;
	if (room < 40 || ip[0] >> 4 != 6 || 40u + model_u16(ip + 4) > room)
		return WEIR_REASON_BAD_IPV6;
	p->family = WEIR_IPV6;
	memcpy(p->source, ip + 8, 16);
	memcpy(p->destination, ip + 24, 16);
	p->located = true;
	p->protocol = ip[6];
	p->hop_limit = ip[7];
	p->end = p->network + 40 + model_u16(ip + 4);
	p->transport = p->network + 40;
	p->direct = p->plain = !is_extension(p->protocol);
	return follow_extensions(p);
}

enum weir_reason model_parse(struct packet *p)
{
	enum weir_reason fault;

	p->plain = true;
	p->ports = WEIR_PORTS_NONE;
	fault = parse_link(p);
	if (fault || p->eth_proto == PROTO_ARP)
		return fault;
	if (p->eth_proto == PROTO_IPV4)
		fault = parse_ipv4(p);
	else if (p->eth_proto == PROTO_IPV6)
		fault = parse_ipv6(p);
	else
		return WEIR_REASON_NOT_IP;
	return fault || p->later ? fault : model_parse_transport(p);
}
