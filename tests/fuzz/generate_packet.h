/* SPDX-License-Identifier: BSD-2-Clause */
/* A conversation between a pod and somebody, and its next packet. */
#ifndef WEIR_TESTS_FUZZ_GENERATE_PACKET_H
#define WEIR_TESTS_FUZZ_GENERATE_PACKET_H

#include "fuzz/build.h"
#include "fuzz/random.h"
#include "fuzz/setting.h"

struct conversation {
	enum weir_family family;
	unsigned pod;
	enum setting_peer peer;
	enum weir_direction opener;
	uint8_t protocol;
	uint16_t port, client; /* that is opened to; the opener's own */
	unsigned stage;	       /* of the handshake */
	uint32_t next[2];      /* TCP: sequence numbers; SCTP: tags; by the direction in which they are sent */
};

void generate_conversation(struct random *r, struct conversation *ret);
/* Its next packet, or one that could be mistaken for it. Returns the direction. */
enum weir_direction generate_packet(struct random *r, struct conversation *c, struct shape *ret);
/* An ICMP error about a packet of it. */
enum weir_direction generate_error(struct random *r, struct conversation *c, struct shape *ret);
/* ARP or neighbour discovery. */
enum weir_direction generate_neighbour(struct random *r, const struct conversation *c, struct shape *ret);

#endif
