/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captured packets in the order of their times. Each CPU hands over its own,
 * so that one look at all of them finds late packets of the first beside
 * later ones of the last.
 */
#ifndef WEIR_AGENT_CAPTURE_ORDER_H
#define WEIR_AGENT_CAPTURE_ORDER_H

#include <stdint.h>

#include "base/vec.h"
#include "weir/capture.h"

struct ordered_packet {
	struct weir_captured about;
	size_t at; /* of its bytes */
};

struct capture_order {
	VEC(struct ordered_packet) packets;
	VEC(uint8_t) bytes;
};

typedef void (*capture_order_sink)(void *data, const struct weir_captured *about, const uint8_t *bytes);

void capture_order_add(struct capture_order *order, const struct weir_captured *about, const uint8_t *bytes);
/* Hands on what is not later than that, in order, and keeps the rest. */
void capture_order_take(struct capture_order *order, uint64_t until, capture_order_sink sink, void *data);
void capture_order_free(struct capture_order *order); /* what it holds */

#endif
