// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a rejected packet is answered with: TCP by the reset of a closed port
 * (RFC 9293 section 3.10.7.1), the others by ICMP "administratively prohibited"
 * (RFC 1812 section 5.2.7.1, RFC 4443 section 3.1) with as much of the packet
 * as a header and eight bytes are.
 */
#include <netinet/in.h>
#include <string.h>

#include "fuzz/model_packet.h"

#define HOPS	  64
#define QUOTE4	  68u
#define QUOTE6	  88u
#define TCP_BYTES 20u

static bool is_one_host(const struct packet *p, const uint8_t *addr)
{
	static const uint8_t nobody[16];

	if (!memcmp(addr, nobody, sizeof(nobody)))
		return false;
	return p->family == WEIR_IPV4 ? addr[12] < 224 : addr[0] != 0xff;
}

/* RFC 1122 section 3.2.2: no error about an error, a later fragment, or what is not between two hosts. */
static bool may_be_answered(const struct model *m, const struct packet *p)
{
	if (p->later || !is_one_host(p, p->source) || !is_one_host(p, p->destination))
		return false;
	if (p->ports == WEIR_PORTS_TCP && p->flags & BIT_RST)
		return false;
	if (model_is_icmp(p->family, p->protocol) && p->type != (p->family == WEIR_IPV4 ? 8 : 128))
		return false;
	return m->known[p->pod] && m->answers[p->pod] < SETTING_ANSWERS;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* RFC 1071, of an even number of bytes. */
static uint32_t sum(const uint8_t *bytes, uint32_t length)
{
	uint32_t s = 0;

	for (uint32_t i = 0; i < length; i += 2)
		s += model_u16(bytes + i);
	return s;
}

static uint16_t checksum(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s;
}

/* Returns the sum of the pseudo header. */
static uint32_t put_ip(const struct packet *p, uint8_t *ip, uint8_t protocol, uint32_t length)
{
	if (p->family == WEIR_IPV4) {
		ip[0] = 0x45;
		put16(ip + 2, 20 + length);
		put16(ip + 6, 0x4000);
		ip[8] = HOPS;
		ip[9] = protocol;
		memcpy(ip + 12, p->destination + 12, 4);
		memcpy(ip + 16, p->source + 12, 4);
		put16(ip + 10, checksum(sum(ip, 20)));
		return sum(ip + 12, 8) + protocol + length;
	}
	ip[0] = 0x60;
	put16(ip + 4, length);
	ip[6] = protocol;
	ip[7] = HOPS;
	memcpy(ip + 8, p->destination, 16);
	memcpy(ip + 24, p->source, 16);
	return sum(ip + 8, 32) + protocol + length;
}

static void put_reset(const struct packet *p, uint8_t *tcp)
{
	const uint32_t after = p->seq + p->payload + (p->flags & BIT_SYN ? 1 : 0) + (p->flags & BIT_FIN ? 1 : 0);

	put16(tcp, p->destination_port);
	put16(tcp + 2, p->source_port);
	tcp[12] = 5 << 4;
	tcp[13] = BIT_RST;
	if (p->flags & BIT_ACK) {
		put32(tcp + 4, p->ack);
	} else {
		put32(tcp + 8, after);
		tcp[13] |= BIT_ACK;
	}
}

void model_answer(struct model *m, const struct packet *p, struct judgement *ret)
{
	const bool four = p->family == WEIR_IPV4;
	const bool reset = p->ports == WEIR_PORTS_TCP && (four || p->direct);
	const uint32_t most = four ? QUOTE4 : QUOTE6, whole = (p->end - p->network) / 4 * 4;
	const uint32_t quoted = whole < most ? whole : most;
	const uint32_t length = reset ? TCP_BYTES : 8 + quoted;
	uint8_t *ip = ret->answer + p->network, *body = ip + (four ? 20 : 40);
	uint32_t pseudo;

	if (!may_be_answered(m, p)) {
		m->seen.tallies[WEIR_TALLY_UNANSWERED]++;
		return;
	}
	m->answers[p->pod]++;
	m->seen.tallies[WEIR_TALLY_ANSWERED]++;
	memcpy(ret->answer, p->bytes, p->network);
	memcpy(ret->answer, p->bytes + 6, 6);
	memcpy(ret->answer + 6, p->bytes, 6);
	pseudo = put_ip(p, ip, reset ? IPPROTO_TCP : four ? IPPROTO_ICMP : IPPROTO_ICMPV6, length);
	if (reset) {
		put_reset(p, body);
		put16(body + 16, checksum(pseudo + sum(body, length)));
	} else {
		body[0] = four ? 3 : 1;
		body[1] = four ? 13 : 1;
		memcpy(body + 8, p->bytes + p->network, quoted);
		put16(body + 2, checksum((four ? 0 : pseudo) + sum(body, length)));
	}
	ret->answer_length = body + length - ret->answer;
}
