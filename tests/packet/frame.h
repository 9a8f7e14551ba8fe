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

#define FRAME_SOURCE_MAC         \
	{                        \
		2, 0, 0, 0, 0, 2 \
	}
#define FRAME_OTHER_MAC          \
	{                        \
		2, 0, 0, 0, 0, 9 \
	}

#define FRAME_TCP_FIN 0x01
#define FRAME_TCP_SYN 0x02
#define FRAME_TCP_RST 0x04
#define FRAME_TCP_PSH 0x08
#define FRAME_TCP_ACK 0x10
#define FRAME_TCP_URG 0x20

/* Where both ends of a connection begin to count. */
#define FRAME_ISN_OPENER  1000u
#define FRAME_ISN_REPLIER 5000u
/* What both ends of an SCTP association ask to be called. */
#define FRAME_TAG_OPENER  0xaaaa0001u
#define FRAME_TAG_REPLIER 0xbbbb0002u

enum frame_sctp {
	FRAME_SCTP_DATA, /* unless another chunk is given */
	FRAME_SCTP_INIT = 1,
	FRAME_SCTP_INIT_ACK = 2,
	FRAME_SCTP_HEARTBEAT = 4,
	FRAME_SCTP_ABORT = 6,
	FRAME_SCTP_SHUTDOWN = 7,
	FRAME_SCTP_SHUTDOWN_ACK = 8,
	FRAME_SCTP_COOKIE_ECHO = 10,
	FRAME_SCTP_COOKIE_ACK = 11,
	FRAME_SCTP_SHUTDOWN_COMPLETE = 14,
};

struct frame_spec {
	bool other_mac;	    /* Ethernet: from a MAC address that is not the sender's */
	uint16_t eth_proto; /* not IP: ARP where it says so and there is no payload, else nothing but a payload */
	uint16_t tag_proto; /* 802.1Q unless given; only with tags */
	uint8_t tags;

	/* ARP: of Ethernet and IPv4, a request unless told otherwise */
	uint16_t arp_hardware, arp_protocol, arp_operation;
	uint8_t arp_hardware_length, arp_protocol_length;
	bool arp_other_mac;	/* the MAC address that it says is the sender's */
	const char *arp_sender; /* the sender's own unless given */
	const char *arp_target;

	const char *source, *destination; /* the two ends' unless given */
	uint8_t version;
	uint8_t ihl;
	uint8_t options;	  /* IPv4: bytes, a multiple of four */
	const char *option_bytes; /* no-operation options unless given */
	uint16_t total;		  /* IPv4 total length, IPv6 payload length */
	uint32_t id;		  /* of a fragmented packet */
	uint16_t fragment_offset; /* in units of eight bytes */
	bool more_fragments;
	bool in_one_piece; /* IPv6: has a fragment header all the same */
	uint8_t hop_limit;
	uint8_t traffic_class; /* ECN is its last two bits */
	uint8_t n_extensions;  /* IPv6 extension headers; a fragment header is added to them where needed */
	uint8_t extensions[FRAME_EXTENSIONS_MAX];
	uint8_t extension_length; /* of the last one, in its own unit */
	uint8_t segments_left;	  /* of routing headers */

	uint8_t protocol; /* IPPROTO_*; TCP unless given */
	uint32_t port;	  /* that the connection was opened to */
	uint32_t client;  /* the opener's own */

	uint16_t tcp_flags; /* ACK unless given */
	uint32_t isn;	    /* added to both ends' first sequence numbers: another connection */
	uint32_t seq, ack;  /* beyond the first ones; 1, and 0 in a SYN, unless given. SCTP: the tags themselves */
	uint8_t doff;
	uint16_t udp_length;
	uint8_t sctp_chunk; /* enum frame_sctp */
	uint8_t sctp_flags;

	uint8_t icmp_type;
	uint8_t icmp_code;
	uint16_t icmp_id;
	bool neighbour;			 /* with a target, as solicitations and advertisements have one */
	const char *target;		 /* the sender's own address unless given */
	const struct frame_spec *quotes; /* what the other end had sent, and this error is about */
	uint16_t quoted;		 /* bytes of it; all unless given */

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
