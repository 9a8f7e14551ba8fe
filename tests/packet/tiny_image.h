/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy image written by hand, so that the packet tests stand on the
 * format alone and not on the compiler.
 */
#ifndef WEIR_TESTS_PACKET_TINY_IMAGE_H
#define WEIR_TESTS_PACKET_TINY_IMAGE_H

#include <stdint.h>

#include "weir/image.h"

#define TINY_WORDS	  32768u
#define TINY_SUBJECTS	  2u
#define TINY_PEERS	  32u
#define TINY_PORT_CLASSES 4u
#define TINY_REGIONS	  2u
#define TINY_IDENTITIES	  64u

struct tiny_image {
	uint32_t words[TINY_WORDS];
	uint32_t used;
};

/* One cell's decision, or several: every direction and port class for which the mask has a bit. */
struct tiny_rule {
	uint8_t subject;
	uint8_t peer;
	uint8_t directions;   /* bits 1 << enum weir_direction */
	uint8_t port_classes; /* bits 1 << port class */
};
#define TINY_BOTH_WAYS 0x3
#define TINY_ALL_PORTS 0xf

/* All cells are fallback's; all identities subject 0 and peer 0; all ports class 0; all addresses region 0. */
void tiny_image_start(struct tiny_image *image, uint32_t revision, const struct weir_image_decision *fallback);
/* Returns the record's offset. n_limits is taken from the decision. */
uint32_t tiny_image_decision(struct tiny_image *image, const struct weir_image_decision *decision,
			     const struct weir_image_limit *limits);
void tiny_image_rule(struct tiny_image *image, const struct tiny_rule *rule, uint32_t decision);
void tiny_image_identity(struct tiny_image *image, uint32_t identity, uint32_t subject, uint32_t peer);
/* An identity whose peer class is by_region[region of its address]. */
void tiny_image_by_region(struct tiny_image *image, uint32_t identity, const uint32_t by_region[TINY_REGIONS]);
/* Addresses that begin with these bytes are region 1. */
void tiny_image_region(struct tiny_image *image, enum weir_family family, const uint8_t *prefix, unsigned bytes);
/* Ports first..last of every protocol are of the class. */
void tiny_image_ports(struct tiny_image *image, uint16_t first, uint16_t last, uint32_t port_class);

#endif
