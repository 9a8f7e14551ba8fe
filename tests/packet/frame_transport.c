// SPDX-License-Identifier: BSD-2-Clause
/* Transport headers of frames. */
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "packet/frame_private.h"

#define DEFAULT_PORT   80
#define DEFAULT_CLIENT 40000
#define SCTP_HEADER    12
#define SCTP_CHUNK     4
#define SCTP_INIT_REST 16 /* INIT and INIT ACK: tag, window, streams, sequence number */

static uint16_t given_port(uint32_t value, uint16_t usual)
{
	return value == FRAME_PORT_ZERO ? 0 : value ? (uint16_t)value : usual;
}

static void put_ports(struct frame *frame, const struct frame_spec *spec, bool reply)
{
	uint16_t port = htons(given_port(spec->port, DEFAULT_PORT));
	uint16_t client = htons(given_port(spec->client, DEFAULT_CLIENT));

	frame_put_bytes(frame, reply ? &port : &client, sizeof(port));
	frame_put_bytes(frame, reply ? &client : &port, sizeof(port));
}

static uint32_t first_sequence(const struct frame_spec *spec, bool reply)
{
	return spec->isn + (reply ? FRAME_ISN_REPLIER : FRAME_ISN_OPENER);
}

static void put_tcp(struct frame *frame, const struct frame_spec *spec, bool reply)
{
	const uint16_t flags = frame_given(spec->tcp_flags, FRAME_TCP_ACK);
	const uint32_t seq = spec->seq ?: !(flags & FRAME_TCP_SYN);
	struct tcphdr tcp = {
		.seq = htonl(first_sequence(spec, reply) + seq),
		.ack_seq = flags & FRAME_TCP_ACK ? htonl(first_sequence(spec, !reply) + (spec->ack ?: 1)) : 0,
		.doff = frame_given(spec->doff, sizeof(tcp) / 4),
		.window = htons(0xffff),
	};

	((uint8_t *)&tcp)[13] = flags;
	put_ports(frame, spec, reply);
	frame_put_bytes(frame, (uint8_t *)&tcp + 4, sizeof(tcp) - 4);
}

static void put_udp(struct frame *frame, const struct frame_spec *spec, bool reply)
{
	uint16_t rest[2] = { htons(frame_given(spec->udp_length, sizeof(struct udphdr) + spec->payload)) };

	put_ports(frame, spec, reply);
	frame_put_bytes(frame, rest, sizeof(rest));
}

/* An INIT can't know the tag that the other end will ask for yet. */
static void put_sctp(struct frame *frame, const struct frame_spec *spec, bool reply)
{
	const bool init = spec->sctp_chunk == FRAME_SCTP_INIT, ack = spec->sctp_chunk == FRAME_SCTP_INIT_ACK;
	const uint32_t own = reply ? FRAME_TAG_REPLIER : FRAME_TAG_OPENER;
	const uint32_t other = reply ? FRAME_TAG_OPENER : FRAME_TAG_REPLIER;
	const uint16_t length = SCTP_CHUNK + (init || ack ? SCTP_INIT_REST : spec->payload);
	uint32_t header[2] = { htonl(init ? spec->ack : spec->ack ?: other) };
	uint8_t chunk[SCTP_CHUNK] = { spec->sctp_chunk, spec->sctp_flags, length >> 8, length & 0xff };
	uint32_t rest[SCTP_INIT_REST / 4] = { htonl(spec->seq ?: own) };

	put_ports(frame, spec, reply);
	frame_put_bytes(frame, header, sizeof(header));
	frame_put_bytes(frame, chunk, sizeof(chunk));
	if (init || ack)
		frame_put_bytes(frame, rest, sizeof(rest));
}

/* The IP packet that the other end had sent. */
static void put_quoted(struct frame *frame, const struct frame_spec *spec, const struct frame_ends *ends)
{
	const struct frame_ends back = { ends->family, ends->destination, ends->source, !ends->reply };
	const uint32_t start = frame->length;

	frame_put_ip(frame, spec->quotes, &back);
	if (spec->quoted && start + spec->quoted < frame->length)
		frame->length = start + spec->quoted;
}

static void put_icmp(struct frame *frame, const struct frame_spec *spec, const struct frame_ends *ends)
{
	uint8_t icmp[8] = {
		[0] = spec->icmp_type, [1] = spec->icmp_code, [4] = spec->icmp_id >> 8, [5] = spec->icmp_id & 0xff
	};
	uint8_t target[16] = { 0 };

	frame_put_bytes(frame, icmp, sizeof(icmp));
	if (spec->neighbour) {
		frame_address(ends->family, spec->target, ends->source, target);
		frame_put_bytes(frame, target, sizeof(target));
	}
	if (spec->quotes)
		put_quoted(frame, spec, ends);
}

void frame_put_transport(struct frame *frame, const struct frame_spec *spec, const struct frame_ends *ends)
{
	if (!spec->fragment_offset) {
		switch (frame_transport(spec)) {
		case IPPROTO_TCP:
			put_tcp(frame, spec, ends->reply);
			break;
		case IPPROTO_UDP:
			put_udp(frame, spec, ends->reply);
			break;
		case IPPROTO_SCTP:
			put_sctp(frame, spec, ends->reply);
			break;
		case IPPROTO_ICMP:
		case IPPROTO_ICMPV6:
			put_icmp(frame, spec, ends);
			break;
		}
	}
	memset(frame_put(frame, spec->payload), 'x', spec->payload);
}
