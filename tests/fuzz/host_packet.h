/* SPDX-License-Identifier: BSD-2-Clause */
/* The packet that a program runs with, as its helpers see it: one at a time; and what they are asked. */
#ifndef WEIR_TESTS_FUZZ_HOST_PACKET_H
#define WEIR_TESTS_FUZZ_HOST_PACKET_H

#include "fuzz/host_programs.h"

extern struct host_calls host_count;

struct host_packet {
	uint8_t *linear; /* n_linear bytes, and not one more */
	uint32_t n_linear;
	uint8_t *bytes; /* all of it */
	uint32_t length;
};

void host_packet_open(struct host_packet *packet, const struct host_frame *frame);
/* Hands over what has become of it. */
void host_packet_close(struct host_packet *packet, struct host_frame *frame);

#endif
