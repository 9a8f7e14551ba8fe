// SPDX-License-Identifier: BSD-2-Clause
/*
 * ICMP errors (RFC 792, RFC 4443) quote the packet that they are about, from
 * its IP header on. The quoted packet went the other way.
 */
#include <netinet/in.h>
#include <string.h>

#include "fuzz/model_packet.h"

#define ICMP_HEADER 8u

static bool is_error(const struct packet *p)
{
	if (!model_is_icmp(p->family, p->protocol) || p->fragment)
		return false;
	if (p->family == WEIR_IPV4)
		return p->type == 3 || p->type == 11 || p->type == 12;
	return p->type >= 1 && p->type <= 4;
}

/* The quoted IP header; false when it isn't whole, or is a later fragment's. IPv6: no extension but a fragment header.
 */
static bool parse_quoted_ip(const struct packet *p, struct packet *ret)
{
	const uint32_t at = p->transport + ICMP_HEADER, room = p->end - at;
	const uint8_t *ip = p->bytes + at;

	*ret = (struct packet){ .family = p->family, .pod = p->pod, .direction = !p->direction };
	if (p->family == WEIR_IPV4) {
		if (room < 20 || ip[0] >> 4 != 4 || (ip[0] & 15) < 5 || model_u16(ip + 6) & 0x1fff)
			return false;
		memcpy(ret->source + 12, ip + 12, 4);
		memcpy(ret->destination + 12, ip + 16, 4);
		ret->protocol = ip[9];
		ret->transport = at + (ip[0] & 15) * 4;
		return true;
	}
	if (room < 40 || ip[0] >> 4 != 6)
		return false;
	memcpy(ret->source, ip + 8, 16);
	memcpy(ret->destination, ip + 24, 16);
	ret->protocol = ip[6];
	ret->transport = at + 40;
	if (ret->protocol != IPPROTO_FRAGMENT)
		return true;
	if (room < 48 || model_u16(ip + 42) >> 3)
		return false;
	ret->protocol = ip[40];
	ret->transport += 8;
	return true;
}

/* Of the transport header at least eight bytes are quoted. */
static bool parse_quoted_transport(const struct packet *p, struct packet *quoted)
{
	const uint8_t *at = p->bytes + quoted->transport;
	const bool icmp = model_is_icmp(p->family, quoted->protocol);

	quoted->ports = model_ports_of(quoted->protocol);
	if (!icmp && quoted->ports == WEIR_PORTS_NONE)
		return true;
	if (quoted->transport + 8 > p->end)
		return false;
	if (!icmp) {
		quoted->source_port = model_u16(at);
		quoted->destination_port = model_u16(at + 2);
	} else if (model_is_echo(p->family, at[0])) {
		quoted->source_port = quoted->destination_port = model_u16(at + 4);
	}
	return true;
}

/* Errors come from the packet's destination, or from a router on the way there, which no pod is. */
static bool may_speak(const struct packet *p, const struct flow_name *name)
{
	const uint8_t *remote = p->direction == WEIR_EGRESS ? p->destination : p->source;
	uint32_t ifindex;

	return !memcmp(remote, name->remote, 16) || model_identity(p->family, remote, &ifindex) < WEIR_IDENTITY_FIRST;
}

struct observed_flow *model_quoted_flow(struct model *m, const struct packet *p, enum weir_port_protocol *ret_ports)
{
	const uint8_t *local = p->direction == WEIR_EGRESS ? p->source : p->destination;
	struct observed_flow *of;
	struct flow_name name;
	struct packet quoted;

	if (!is_error(p) || !parse_quoted_ip(p, &quoted) || !parse_quoted_transport(p, &quoted))
		return NULL;
	model_name_flow(&quoted, &name);
	if (memcmp(local, name.local, 16))
		return NULL;
	of = model_find_any_flow(m, quoted.ports, &name);
	if (!of || !may_speak(p, &name))
		return NULL;
	*ret_ports = quoted.ports;
	return of;
}
