/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pcapng capture file format (draft-ietf-opsawg-pcapng), as far as a live
 * capture on Ethernet needs it: one section, its interfaces, packets, and
 * statistics at the end. Each function appends one whole block, in this
 * machine's byte order; a file may end after any of them.
 *
 * No packaged library writes it that could be linked here: libpcap only reads
 * it, libwiretap's interface is Wireshark's own and changes with it.
 */
#ifndef WEIR_OBSERVE_PCAPNG_H
#define WEIR_OBSERVE_PCAPNG_H

#include <stdint.h>

#include "base/vec.h"

typedef VEC(uint8_t) pcapng_bytes;

/* Times are in ns since 1970; texts may be NULL, and are cut at 64 KiB. */

struct pcapng_section {
	const char *hardware, *os, *application;
};

struct pcapng_interface {
	const char *name, *description;
	uint32_t snaplen;
};

enum pcapng_direction {
	PCAPNG_INBOUND = 1, /* of the interface */
	PCAPNG_OUTBOUND = 2,
};

enum pcapng_verdict {
	PCAPNG_NO_VERDICT,
	PCAPNG_TC = 1, /* what a tc program has returned */
	PCAPNG_XDP = 2,
};

struct pcapng_packet {
	uint32_t interface; /* by order of appearance, from 0 */
	uint64_t time;
	const uint8_t *bytes;
	uint32_t captured; /* bytes */
	uint32_t length;   /* as it was */
	enum pcapng_direction direction;
	enum pcapng_verdict verdict_of;
	int64_t verdict;
	const char *comment;
};

struct pcapng_statistics {
	uint32_t interface;
	uint64_t begin, end;
	uint64_t received; /* packets that are in the file */
	uint64_t dropped;  /* packets that should be, and are not */
	const char *comment;
};

void pcapng_section(pcapng_bytes *out, const struct pcapng_section *section);
void pcapng_interface(pcapng_bytes *out, const struct pcapng_interface *interface);
void pcapng_packet(pcapng_bytes *out, const struct pcapng_packet *packet);
void pcapng_statistics(pcapng_bytes *out, const struct pcapng_statistics *statistics);

/*
 * For who reads such a stream in pieces: the block at the beginning of n bytes.
 * Its length, 0 while more bytes are needed to tell, -EPROTO when it is none.
 */
#define PCAPNG_BLOCK_INTERFACE	1u
#define PCAPNG_BLOCK_STATISTICS 5u
#define PCAPNG_BLOCK_PACKET	6u
int64_t pcapng_block(const uint8_t *bytes, size_t n, uint32_t *ret_type);
/* The dropped of a whole statistics block; 0 when it doesn't say. */
uint64_t pcapng_dropped(const uint8_t *block, size_t n);

#endif
