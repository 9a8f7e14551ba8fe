/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens to two pods, step by step: packets that they send and are sent,
 * and what the agent does in between. As bytes, a sequence is what the corpus
 * holds and libFuzzer mutates: any bytes are a sequence.
 *
 *   for each step: its kind, its argument, length (little endian, two bytes;
 *   packets only), the packet
 */
#ifndef WEIR_TESTS_FUZZ_SEQUENCE_H
#define WEIR_TESTS_FUZZ_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SEQUENCE_STEPS	   96u
#define SEQUENCE_PACKET	   700u /* bytes */
#define SEQUENCE_BYTES_MAX (SEQUENCE_STEPS * (SEQUENCE_PACKET + 4))

enum step_kind {
	STEP_PACKET,	 /* argument: PACKET_* */
	STEP_GENERATION, /* the agent begins a new one: nothing has changed */
	STEP_POLICY,	 /* argument: enum setting_policy, and STEP_BEGUN */
	STEP_ENDPOINT,	 /* argument: ENDPOINT_*, and STEP_BEGUN */
	STEP_AGE,	 /* argument: ticks that pass */
	STEP_SWEEP,	 /* argument: which flow table, or SWEEP_RECOUNT */
	STEP_KINDS,
};

#define STEP_BEGUN 0x80u /* with a new generation; without, packets meet the change before it is announced */

#define SWEEP_RECOUNT 0x40u /* all tables, and the slots that flows hold are recounted */

#define PACKET_OUT	0x01u /* sent by the pod; else to it */
#define PACKET_SECOND	0x02u /* of the second pod */
#define PACKET_XDP	0x04u /* XDP sees it first */
#define PACKET_HAIRPIN	0x08u /* arrives by the interface that it goes to */
#define PACKET_ARGUMENT 0x0fu

#define ENDPOINT_SECOND	       0x01u
#define ENDPOINT_GONE	       0x02u
#define ENDPOINT_CHECK_MAC     0x04u
#define ENDPOINT_CHECK_ADDRESS 0x08u
#define ENDPOINT_MORE	       0x10u /* has a further address */
#define ENDPOINT_NO_IPV4       0x20u
#define ENDPOINT_NO_IPV6       0x40u
#define ENDPOINT_USUAL	       (ENDPOINT_CHECK_MAC | ENDPOINT_CHECK_ADDRESS)

struct step {
	uint8_t kind;
	uint8_t argument;
	uint16_t length;
	uint8_t bytes[SEQUENCE_PACKET];
};

struct sequence {
	unsigned n;
	struct step steps[SEQUENCE_STEPS];
};

/* Nobody is told of anything, so that what is refused again goes the short way; and each change is announced at once.
 */
static inline bool sequence_is_quiet(const struct sequence *sequence)
{
	return sequence->n && sequence->steps[0].kind == STEP_GENERATION;
}

void sequence_from_bytes(const uint8_t *bytes, size_t size, struct sequence *ret);
/* Returns the number of bytes written; at most size, whole steps only. */
size_t sequence_to_bytes(const struct sequence *sequence, uint8_t *bytes, size_t size);
void sequence_remove(struct sequence *sequence, unsigned at, unsigned n);
/* One line a step: what it is, and the packet as hex. */
void sequence_print(const struct sequence *sequence, FILE *out);

#endif
