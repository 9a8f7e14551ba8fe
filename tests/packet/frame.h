/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets as data: a spec names what is special about a packet, everything
 * else is as a sane sender would make it. Zero means "as it should be".
 */
#ifndef WEIR_TESTS_PACKET_FRAME_H
#define WEIR_TESTS_PACKET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/image.h"

#define FRAME_MAX	     70000
#define FRAME_EXTENSIONS_MAX 10
#define FRAME_ZERO	     0xffffu /* where zero itself is what the packet shall say */
#define FRAME_PORT_ZERO	     0x10000u

#define FRAME_TCP_FIN 0x01
#define FRAME_TCP_SYN 0x02
#define FRAME_TCP_RST 0x04
#define FRAME_TCP_ACK 0x10

struct frame_spec {
	uint16_t eth_proto; /* not IP: nothing but a payload follows */
	uint16_t tag_proto; /* 802.1Q unless given; only with tags */
	uint8_t tags;

	uint8_t version;
	uint8_t ihl;
	uint8_t options;	  /* IPv4: bytes of no-operation options, a multiple of four */
	uint16_t total;		  /* IPv4 total length, IPv6 payload length */
	uint16_t fragment_offset; /* in units of eight bytes; in IPv6 with a fragment header */
	bool more_fragments;
	uint8_t hop_limit;
	uint8_t n_extensions; /* IPv6 extension headers */
	uint8_t extensions[FRAME_EXTENSIONS_MAX];
	uint8_t extension_length; /* of the last one, in its own unit */

	uint8_t protocol; /* IPPROTO_*; TCP unless given */
	uint32_t port;	  /* that the connection was opened to */
	uint32_t client;  /* the opener's own */
	uint8_t tcp_flags;
	uint8_t doff;
	uint16_t udp_length;
	uint8_t icmp_type;
	uint16_t icmp_id;

	uint32_t payload; /* bytes */
	uint16_t padding; /* bytes after the IP packet */
	uint16_t cut;	  /* bytes taken off the end of the frame */
};

struct frame {
	uint8_t bytes[FRAME_MAX];
	uint32_t length;
};

/* The two ends, in network order: 4 or 16 bytes. */
struct frame_ends {
	enum weir_family family;
	const uint8_t *source;
	const uint8_t *destination;
	bool reply; /* from the end that was connected to: ports the other way round */
};

void frame_build(const struct frame_spec *spec, const struct frame_ends *ends, struct frame *ret);

#endif
