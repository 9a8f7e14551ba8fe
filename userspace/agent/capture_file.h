/* SPDX-License-Identifier: BSD-2-Clause */
/* What a capture writes, as pcapng: a section, interfaces as they are met, packets with comments, statistics. */
#ifndef WEIR_AGENT_CAPTURE_FILE_H
#define WEIR_AGENT_CAPTURE_FILE_H

#include "agent/core.h"
#include "observe/packet_comment.h"
#include "observe/pcapng.h"

/* What the end of the file takes for each interface, at most. */
#define CAPTURE_FILE_STATISTICS_MAX 160u

struct captured_interface {
	uint32_t ifindex;
	uint64_t packets;
};

struct capture_file {
	const struct agent *agent; /* that knows the names */
	uint32_t snaplen;
	int64_t clock; /* what is added to the monotonic clock's ns to make it the wall's */
	pcapng_bytes out;
	VEC(struct captured_interface) interfaces;
	struct rule_names rules;
	uint8_t mended[WEIR_CAPTURE_BYTES_MAX + 18]; /* a packet with the link header that it had */
};

void capture_file_begin(struct capture_file *file);
void capture_file_interface(struct capture_file *file, uint32_t ifindex);
void capture_file_packet(struct capture_file *file, const struct weir_captured *about, const uint8_t *bytes);
/* lost: packets that should be in it, and are not. */
void capture_file_end(struct capture_file *file, uint64_t begin, uint64_t end, uint64_t lost);
void capture_file_free(struct capture_file *file); /* what it holds */

#endif
