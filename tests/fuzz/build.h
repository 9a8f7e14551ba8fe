/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets from a shape that says what each header holds, be it possible or not. */
#ifndef WEIR_TESTS_FUZZ_BUILD_H
#define WEIR_TESTS_FUZZ_BUILD_H

#include <stdbool.h>

#include "fuzz/sequence.h"
#include "weir/image.h"

#define SHAPE_EXTENSIONS 12u /* nine, and two by which it is cut */
#define SHAPE_OPTIONS	 40u
#define SHAPE_TRANSPORT	 256u

struct shape {
	enum weir_family family;
	uint16_t eth_proto; /* not IP: the transport bytes follow */
	uint8_t mac[6];	    /* of the sender */
	uint8_t tags;
	uint16_t tag_proto;

	uint8_t source[16], destination[16]; /* IPv4 in the first four bytes */
	uint8_t traffic_class;
	uint8_t hop_limit;
	uint8_t n_options;
	uint8_t options[SHAPE_OPTIONS];
	uint8_t n_extensions;
	uint8_t extensions[SHAPE_EXTENSIONS];
	uint8_t segments_left;

	bool cut; /* a fragment */
	uint16_t offset;
	bool more;
	uint16_t id;

	uint8_t protocol;
	uint16_t n_transport;
	uint8_t transport[SHAPE_TRANSPORT];
	uint8_t padding;
};

/* The IP packet alone, as an error quotes it. Returns its length. */
unsigned build_ip(const struct shape *shape, uint8_t *ret);
void build_packet(const struct shape *shape, struct step *ret);

static inline void put_u16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static inline void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, value >> 16);
	put_u16(at + 2, value & 0xffff);
}

#endif
