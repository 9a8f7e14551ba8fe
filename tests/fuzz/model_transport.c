// SPDX-License-Identifier: BSD-2-Clause
/* Transport headers: RFC 9293, RFC 768, RFC 9260, RFC 792, RFC 4443. */
#include <netinet/in.h>
#include <string.h>

#include "fuzz/model_packet.h"

bool model_is_icmp(enum weir_family family, uint8_t protocol)
{
	return protocol == (family == WEIR_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

bool model_is_echo(enum weir_family family, uint8_t type)
{
	return family == WEIR_IPV4 ? type == 8 || type == 0 : type == 128 || type == 129;
}

enum weir_port_protocol model_ports_of(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return WEIR_PORTS_TCP;
	case IPPROTO_UDP:
		return WEIR_PORTS_UDP;
	case IPPROTO_SCTP:
		return WEIR_PORTS_SCTP;
	}
	return WEIR_PORTS_NONE;
}

/* RFC 1858, RFC 7112: a first fragment holds all the headers. */
static enum weir_reason too_short(const struct packet *p)
{
	return p->fragment ? WEIR_REASON_FRAGMENT_TINY : WEIR_REASON_BAD_TRANSPORT;
}

/* Some state of RFC 9293 sends it: SYN alone or with ACK, or else ACK or RST; FIN may come with either of these. */
static bool is_possible(uint8_t flags)
{
	if (flags & BIT_SYN)
		return !(flags & (BIT_FIN | BIT_RST));
	return flags & (BIT_ACK | BIT_RST);
}

static enum weir_reason parse_tcp(struct packet *p, const uint8_t *tcp, uint32_t room)
{
	uint32_t header;

	if (room < 20)
		return too_short(p);
	header = (tcp[12] >> 4) * 4;
	if (header > room)
		return too_short(p);
	p->flags = tcp[13];
	if (header < 20 || !is_possible(p->flags))
		return WEIR_REASON_BAD_TRANSPORT;
	p->seq = model_u32(tcp + 4);
	p->ack = model_u32(tcp + 8);
	p->opening = p->flags & BIT_SYN && !(p->flags & BIT_ACK);
	p->payload = room - header;
	return WEIR_REASON_NONE;
}

/* The length is that of the whole datagram, of which a fragment holds a part. */
static enum weir_reason parse_udp(struct packet *p, const uint8_t *udp, uint32_t room)
{
	if (room < 8)
		return too_short(p);
	if (model_u16(udp + 4) < 8 || (model_u16(udp + 4) > room && !p->fragment))
		return WEIR_REASON_BAD_TRANSPORT;
	return WEIR_REASON_NONE;
}

/* The common header and one chunk's; INIT and INIT ACK have their tag behind that. */
static enum weir_reason parse_sctp(struct packet *p, const uint8_t *sctp, uint32_t room)
{
	if (room < 16)
		return too_short(p);
	memcpy(&p->tag, sctp + 4, 4);
	p->type = sctp[12];
	p->flags = sctp[13];
	if (room >= 20)
		memcpy(&p->initiate_tag, sctp + 16, 4);
	p->opening = p->type == CHUNK_INIT;
	return WEIR_REASON_NONE;
}

static enum weir_reason parse_icmp(struct packet *p, const uint8_t *icmp, uint32_t room)
{
	p->plain = p->plain && room >= 8 && model_is_echo(p->family, icmp[0]);
	if (room < 8)
		return too_short(p);
	p->type = icmp[0];
	if (model_is_echo(p->family, p->type))
		p->source_port = p->destination_port = model_u16(icmp + 4);
	return WEIR_REASON_NONE;
}

enum weir_reason model_parse_transport(struct packet *p)
{
	const uint8_t *at = p->bytes + p->transport;
	const uint32_t room = p->end - p->transport;
	enum weir_reason fault;

	if (model_is_icmp(p->family, p->protocol))
		return parse_icmp(p, at, room);
	p->ports = model_ports_of(p->protocol);
	switch (p->ports) {
	case WEIR_PORTS_TCP:
		fault = parse_tcp(p, at, room);
		break;
	case WEIR_PORTS_UDP:
		fault = parse_udp(p, at, room);
		break;
	case WEIR_PORTS_SCTP:
		fault = parse_sctp(p, at, room);
		break;
	default:
		p->plain = false;
		return WEIR_REASON_NONE;
	}
	if (fault)
		return fault;
	p->source_port = model_u16(at);
	p->destination_port = model_u16(at + 2);
	return WEIR_REASON_NONE;
}
