/* SPDX-License-Identifier: BSD-2-Clause */
/* Random questions about a random cluster that can be packets, and the packets. */
#ifndef WEIR_TESTS_PACKET_RANDOM_PACKETS_H
#define WEIR_TESTS_PACKET_RANDOM_PACKETS_H

#include "differential/differential.h"
#include "packet/frame.h"

#define RANDOM_PACKETS_MAX 300u /* in a cluster */

/* Beyond all ports that policies are likely to be about. */
#define RANDOM_FIRST_CLIENT 20000u
#define RANDOM_OTHERS_EACH  16u
#define RANDOM_OTHERS_FIRST 80u
#define RANDOM_OTHERS_END   130u

/*
 * Each sixteenth question is about a protocol without ports, a different one
 * each time: no other can have made its flow. None is an extension header's.
 */
static inline uint8_t random_protocol(struct random *r, enum weir_family family, unsigned number)
{
	static const uint8_t with_ports[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

	_Static_assert(RANDOM_PACKETS_MAX / RANDOM_OTHERS_EACH < RANDOM_OTHERS_END - RANDOM_OTHERS_FIRST,
		       "there are enough protocols");
	if (number % RANDOM_OTHERS_EACH == 0)
		return (uint8_t)(RANDOM_OTHERS_FIRST + number / RANDOM_OTHERS_EACH);
	if (!one_in(r, 12))
		return PICK(r, with_ports);
	return family == WEIR_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

static inline void random_text(struct random *r, const struct fixture *f, enum weir_family family, char text[static 64])
{
	const struct addr *addr = one_in(r, 4) ? NULL : random_pod_addr(r, &f->world, family);

	if (addr)
		addr_format(addr, text);
	else if (family == WEIR_IPV6)
		random_addr6(r, text);
	else
		random_addr4(r, text);
}

/* Addresses, as packets have no names. Without a pod at either end there is nothing to ask. */
static inline bool random_packet(struct random *r, const struct fixture *f, struct question *question)
{
	const enum weir_family family = one_in(r, 3) ? WEIR_IPV6 : WEIR_IPV4;
	const struct object *from, *to;

	for (unsigned tries = 0; tries < 16; tries++) {
		random_text(r, f, family, question->from);
		random_text(r, f, family, question->to);
		from = naive_end(&f->world, question->from).pod;
		to = naive_end(&f->world, question->to).pod;
		if (from == to)
			continue;
		question->protocol = random_protocol(r, family, question->number);
		random_service(r, &f->world, question);
		return true;
	}
	return false;
}

/* What is no business of policy: tags, options, extension headers, payload. */
static inline void random_dress(struct frame_spec *packet, enum weir_family family, unsigned number)
{
	static const uint8_t extensions[] = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_AH };
	struct random r = { .state = number };

	packet->tags = one_in(&r, 4) ? (uint8_t)(1 + pick(&r, 2)) : 0;
	packet->payload = pick(&r, 64);
	if (!one_in(&r, 4))
		return;
	if (family == WEIR_IPV4) {
		packet->options = (uint8_t)(4 * (1 + pick(&r, 10)));
		return;
	}
	for (unsigned i = pick(&r, 3); i < ARRAY_SIZE(extensions); i++)
		packet->extensions[packet->n_extensions++] = extensions[i];
}

/* The first packet of the connection, or an answer to it. */
static inline void question_frame(const struct question *question, bool reply, struct frame *ret)
{
	const bool six = question->protocol == IPPROTO_ICMPV6;
	struct frame_spec packet = {
		.protocol = question->protocol,
		.port = question->port ?: FRAME_PORT_ZERO,
		.client = RANDOM_FIRST_CLIENT + question->number,
		.tcp_flags = FRAME_TCP_SYN | (reply ? FRAME_TCP_ACK : 0),
		.icmp_type = six ? (reply ? 129 : 128) : (reply ? 0 : 8),
		.icmp_id = (uint16_t)question->number,
	};
	struct addr from, to;

	assert_int_equal(addr_parse(question->from, &from), 0);
	assert_int_equal(addr_parse(question->to, &to), 0);
	random_dress(&packet, from.family, question->number);
	frame_build(&packet,
		    &(struct frame_ends){ from.family, reply ? to.bytes : from.bytes, reply ? from.bytes : to.bytes,
					  reply },
		    ret);
}

#endif
