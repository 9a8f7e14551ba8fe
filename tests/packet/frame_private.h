/* SPDX-License-Identifier: BSD-2-Clause */
/* Of those who build frames only. */
#ifndef WEIR_TESTS_PACKET_FRAME_PRIVATE_H
#define WEIR_TESTS_PACKET_FRAME_PRIVATE_H

#include <netinet/in.h>
#include <string.h>

#include "packet/frame.h"

static inline void *frame_put(struct frame *frame, size_t size)
{
	void *at = frame->bytes + frame->length;

	frame->length += size;
	return at;
}

static inline void frame_put_bytes(struct frame *frame, const void *bytes, size_t size)
{
	memcpy(frame_put(frame, size), bytes, size);
}

static inline uint16_t frame_given(uint16_t value, uint16_t usual)
{
	return value == FRAME_ZERO ? 0 : value ? value : usual;
}

static inline uint8_t frame_transport(const struct frame_spec *spec)
{
	return spec->protocol ?: IPPROTO_TCP;
}

/* The address as text or, without one, as the bytes that are usual. */
void frame_address(enum weir_family family, const char *text, const uint8_t *usual, uint8_t *ret);
/* IP header and all that follows it. */
void frame_put_ip(struct frame *frame, const struct frame_spec *spec, const struct frame_ends *ends);
/* What follows the IP header. */
void frame_put_transport(struct frame *frame, const struct frame_spec *spec, const struct frame_ends *ends);

#endif
