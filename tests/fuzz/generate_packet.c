// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/generate_packet.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };
enum { DATA, INIT, INIT_ACK, ABORT = 6, SHUTDOWN, SHUTDOWN_ACK, COOKIE_ECHO = 10, COOKIE_ACK, COMPLETE = 14 };

void generate_conversation(struct random *r, struct conversation *ret)
{
	static const uint8_t protocols[] = { IPPROTO_TCP,  IPPROTO_TCP, IPPROTO_TCP,  IPPROTO_TCP,
					     IPPROTO_UDP,  IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMPV6,
					     IPPROTO_ICMP, IPPROTO_GRE, IPPROTO_ESP,  IPPROTO_NONE };
	static const uint16_t ports[] = { 80, 8080, 443, 0, 67 };
	static const uint16_t clients[] = { 40000, 40000, 40001, 68, 0 };

	*ret = (struct conversation){
		.family = random_below(r, WEIR_FAMILIES),
		.pod = one_in(r, 4),
		.peer = random_below(r, SETTING_PEERS),
		.opener = random_below(r, WEIR_DIRECTIONS),
		.protocol = random_of(r, protocols),
		.port = random_of(r, ports),
		.client = random_of(r, clients),
		.next = { random_bits(r), one_in(r, 4) ? 0xfffffff0 : random_bits(r) },
	};
	if (ret->peer >= PEER_STRANGER && ret->peer < PEER_REGION && one_in(r, 2))
		ret->peer = PEER_FRIEND;
	if (ret->protocol == IPPROTO_ICMPV6 || ret->protocol == IPPROTO_ICMP)
		ret->protocol = (ret->family == WEIR_IPV4) ^ one_in(r, 8) ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

static void fill_ends(struct random *r, const struct conversation *c, enum weir_direction direction, struct shape *ret)
{
	const size_t size = c->family == WEIR_IPV4 ? 4 : 16;
	const uint8_t *pod = setting_pod(c->pod, c->family);
	const uint8_t *peer = c->peer == PEER_POD ? setting_pod(!c->pod, c->family) : setting_peer(c->peer, c->family);

	if (one_in(r, 40))
		pod = setting_more(c->pod, c->family);
	memcpy(direction == WEIR_EGRESS ? ret->source : ret->destination, pod, size);
	memcpy(direction == WEIR_EGRESS ? ret->destination : ret->source, peer, size);
	memcpy(ret->mac, setting_mac(c->pod), sizeof(ret->mac));
	ret->family = c->family;
	ret->hop_limit = 64;
	ret->protocol = c->protocol;
}

/* Mostly nothing; else the places where comparisons change their mind. */
static uint32_t jitter(struct random *r)
{
	static const uint32_t offsets[] = { 1, -1, 2, -2, 100, -100, 1 << 24, (1 << 24) + 1, (1 << 24) - 1, 1u << 31 };

	if (!one_in(r, 6))
		return 0;
	return one_in(r, 8) ? random_bits(r) : random_of(r, offsets);
}

static enum weir_direction whose_turn(struct random *r, const struct conversation *c)
{
	if (c->stage < 3 && !one_in(r, 8))
		return c->stage == 1 ? !c->opener : c->opener;
	return random_below(r, WEIR_DIRECTIONS);
}

static uint8_t tcp_flags(struct random *r, const struct conversation *c, enum weir_direction direction)
{
	static const uint8_t natural[] = { SYN, SYN | ACK, ACK };
	static const uint8_t others[] = { ACK, FIN | ACK, FIN | ACK, RST, RST | ACK, RST,      RST | ACK,
					  SYN, SYN | ACK, 0,	     FIN, SYN | RST, SYN | FIN };

	if (c->stage < 3 && direction == (c->stage == 1 ? !c->opener : c->opener) && !one_in(r, 8))
		return natural[c->stage];
	if (one_in(r, 30))
		return random_bits(r);
	return one_in(r, 2) ? ACK : random_of(r, others);
}

static void fill_tcp(struct random *r, struct conversation *c, enum weir_direction direction, struct shape *ret)
{
	const uint8_t flags = tcp_flags(r, c, direction);
	const unsigned options = one_in(r, 12) ? 4 : 0, payload = one_in(r, 3) ? random_below(r, 40) : 0;
	const uint32_t jump = jitter(r);
	uint32_t seq = c->next[direction] + jump;

	if (flags & SYN && c->stage < 2 && one_in(r, 4))
		seq--; /* again */
	put_u32(ret->transport + 4, seq);
	if (flags & ACK || one_in(r, 16))
		put_u32(ret->transport + 8, c->next[!direction] + jitter(r));
	ret->transport[12] = (5 + options / 4) << 4;
	ret->transport[13] = flags;
	ret->n_transport = 20 + options + payload;
	if (jump)
		return;
	if (!(flags & RST))
		c->next[direction] += payload + !!(flags & SYN) + !!(flags & FIN);
	if (c->stage < 3 && direction == (c->stage == 1 ? !c->opener : c->opener))
		c->stage++;
}

static void fill_sctp(struct random *r, struct conversation *c, enum weir_direction direction, struct shape *ret)
{
	static const uint8_t natural[] = { INIT, INIT_ACK, COOKIE_ECHO };
	static const uint8_t others[] = { DATA,		DATA,	  COOKIE_ACK, ABORT,	SHUTDOWN,
					  SHUTDOWN_ACK, COMPLETE, INIT,	      INIT_ACK, COOKIE_ECHO };
	const bool follows = c->stage < 3 && direction == (c->stage == 1 ? !c->opener : c->opener) && !one_in(r, 8);
	const uint8_t chunk = follows ? natural[c->stage] : random_of(r, others);
	uint32_t tag = one_in(r, 8) ? c->next[direction] : c->next[!direction];

	if (chunk == INIT || one_in(r, 20))
		tag = 0;
	put_u32(ret->transport + 4, tag);
	ret->transport[12] = chunk;
	ret->transport[13] = one_in(r, 4);
	put_u32(ret->transport + 16, c->next[direction] + (one_in(r, 10) ? jitter(r) : 0));
	ret->n_transport = one_in(r, 6) ? 16 + random_below(r, 8) : 32;
	c->stage += follows;
}

static void fill_icmp(struct random *r, const struct conversation *c, enum weir_direction direction, struct shape *ret)
{
	const uint8_t request = c->family == WEIR_IPV4 ? 8 : 128, reply = c->family == WEIR_IPV4 ? 0 : 129;

	ret->transport[0] = direction == c->opener ? request : reply;
	if (one_in(r, 6))
		ret->transport[0] = c->family == WEIR_IPV4 ? random_below(r, 20) : 126 + random_below(r, 20);
	if (one_in(r, 20))
		ret->transport[0] = random_bits(r);
	put_u16(ret->transport + 4, c->client);
	ret->n_transport = 8 + random_below(r, 3) * 8;
}

enum weir_direction generate_packet(struct random *r, struct conversation *c, struct shape *ret)
{
	const enum weir_direction direction = whose_turn(r, c);
	const bool from_opener = direction == c->opener;

	memset(ret, 0, sizeof(*ret));
	fill_ends(r, c, direction, ret);
	put_u16(ret->transport, from_opener ? c->client : c->port);
	put_u16(ret->transport + 2, from_opener ? c->port : c->client);
	switch (c->protocol) {
	case IPPROTO_TCP:
		fill_tcp(r, c, direction, ret);
		break;
	case IPPROTO_SCTP:
		fill_sctp(r, c, direction, ret);
		break;
	case IPPROTO_UDP:
		ret->n_transport = 8 + random_below(r, 48);
		put_u16(ret->transport + 4, one_in(r, 16) ? random_below(r, 64) : ret->n_transport);
		break;
	default:
		if (c->protocol == IPPROTO_ICMP || c->protocol == IPPROTO_ICMPV6)
			fill_icmp(r, c, direction, ret);
		else
			ret->n_transport = random_below(r, 32);
	}
	return direction;
}

enum weir_direction generate_error(struct random *r, struct conversation *c, struct shape *ret)
{
	struct conversation as_it_is = *c;
	struct shape quoted;
	uint8_t ip[SEQUENCE_PACKET];
	const enum weir_direction direction = !generate_packet(r, &as_it_is, &quoted);
	unsigned length;

	if (one_in(r, 10)) {
		quoted.cut = true;
		quoted.offset = one_in(r, 3);
		if (c->family == WEIR_IPV6)
			quoted.extensions[quoted.n_extensions++] = IPPROTO_FRAGMENT;
	}
	if (one_in(r, 10) && c->family == WEIR_IPV4)
		quoted.n_options = 4;
	length = build_ip(&quoted, ip);
	if (one_in(r, 3))
		length = random_below(r, length + 1);
	if (length > SHAPE_TRANSPORT - 8)
		length = SHAPE_TRANSPORT - 8;
	memset(ret, 0, sizeof(*ret));
	fill_ends(r, c, direction, ret);
	if (one_in(r, 2)) /* from a router */
		memcpy(direction == WEIR_EGRESS ? ret->destination : ret->source,
		       setting_peer(random_below(r, SETTING_PEERS), c->family), c->family == WEIR_IPV4 ? 4 : 16);
	ret->protocol = c->family == WEIR_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	ret->transport[0] = c->family == WEIR_IPV4 ? (one_in(r, 4) ? 11u + one_in(r, 2) : 3u) : 1 + random_below(r, 4);
	memcpy(ret->transport + 8, ip, length);
	ret->n_transport = 8 + length;
	return direction;
}

static void fill_arp(struct random *r, const struct conversation *c, struct shape *ret)
{
	static const uint8_t head[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	uint8_t *arp = ret->transport;

	memcpy(arp, head, sizeof(head));
	arp[7] += one_in(r, 2);
	memcpy(arp + 8, setting_mac(c->pod ^ one_in(r, 8)), 6);
	if (!one_in(r, 6))
		memcpy(arp + 14, one_in(r, 6) ? setting_more(c->pod, WEIR_IPV4) : setting_pod(c->pod, WEIR_IPV4), 4);
	if (one_in(r, 6))
		memcpy(arp + 14, setting_peer(c->peer, WEIR_IPV4), 4);
	memcpy(arp + 24, setting_peer(c->peer, WEIR_IPV4), 4);
	ret->n_transport = 28;
	ret->padding = one_in(r, 2) ? 18 : 0;
	ret->eth_proto = ETH_P_ARP;
}

static void link_local(const uint8_t *mac, uint8_t *ret)
{
	memcpy(ret, (uint8_t[8]){ 0xfe, 0x80 }, 8);
	memcpy(ret + 8, (uint8_t[8]){ mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] }, 8);
}

static void own_address(struct random *r, const struct conversation *c, uint8_t *ret)
{
	switch (random_below(r, 6)) {
	case 0:
		memset(ret, 0, 16);
		break;
	case 1:
		link_local(setting_mac(c->pod ^ one_in(r, 4)), ret);
		break;
	case 2:
		memcpy(ret, one_in(r, 2) ? setting_more(c->pod, WEIR_IPV6) : setting_peer(c->peer, WEIR_IPV6), 16);
		break;
	default:
		memcpy(ret, setting_pod(c->pod, WEIR_IPV6), 16);
	}
}

enum weir_direction generate_neighbour(struct random *r, const struct conversation *c, struct shape *ret)
{
	const enum weir_direction direction = one_in(r, 4) ? WEIR_INGRESS : WEIR_EGRESS;

	memset(ret, 0, sizeof(*ret));
	fill_ends(r, c, direction, ret);
	if (one_in(r, 3)) {
		fill_arp(r, c, ret);
		return direction;
	}
	ret->family = WEIR_IPV6;
	own_address(r, c, ret->source);
	memcpy(ret->destination, (uint8_t[16]){ 0xff, 2, [15] = 1 }, 16);
	ret->protocol = IPPROTO_ICMPV6;
	ret->hop_limit = one_in(r, 8) ? 64 : 255;
	ret->transport[0] = one_in(r, 3) ? 133 + random_below(r, 5) : 135u + one_in(r, 2);
	if (one_in(r, 4)) {
		ret->transport[0] = one_in(r, 2) ? 143 : 130 + random_below(r, 4);
		ret->hop_limit = one_in(r, 8) ? 64 : 1;
	}
	own_address(r, c, ret->transport + 8);
	ret->n_transport = one_in(r, 8) ? 8 + random_below(r, 17) : 32;
	return direction;
}
