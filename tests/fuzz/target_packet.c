// SPDX-License-Identifier: BSD-2-Clause
/*
 * libFuzzer's target: bytes are a sequence (sequence.h), which the programs'
 * source, compiled with sanitizers, and the model must agree about. Mutations
 * know what a sequence is made of.
 *
 *   FUZZ_FOUND=DIR  where a disagreement goes, made small (the working directory)
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/compare.h"
#include "fuzz/generate.h"

#define NEW_STEPS 8u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t most);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct engine *engine;
	static struct sequence sequence;

	if (!engine)
		engine = host_engine();
	sequence_from_bytes(bytes, size, &sequence);
	if (!compare_sequence(engine, &sequence, NULL))
		return 0;
	compare_report(engine, &sequence, getenv("FUZZ_FOUND") ?: ".", stderr);
	abort();
}

static void insert(struct sequence *sequence, unsigned at, const struct step *steps, unsigned n)
{
	if (n > SEQUENCE_STEPS - sequence->n)
		n = SEQUENCE_STEPS - sequence->n;
	memmove(&sequence->steps[at + n], &sequence->steps[at], (sequence->n - at) * sizeof(*steps));
	memcpy(&sequence->steps[at], steps, n * sizeof(*steps));
	sequence->n += n;
}

static void mutate_packet(struct random *r, struct sequence *sequence)
{
	struct step *step = &sequence->steps[random_below(r, sequence->n)];

	if (step->kind == STEP_PACKET && !one_in(r, 4))
		step->length = LLVMFuzzerMutate(step->bytes, step->length, SEQUENCE_PACKET);
	else
		step->argument ^= 1 << random_below(r, 8);
}

static void mutate(struct random *r, struct sequence *sequence)
{
	static struct sequence other;
	static struct step step;
	const unsigned at = random_below(r, sequence->n + 1);

	if (!sequence->n || one_in(r, 3)) {
		generate_sequence(r, 1 + random_below(r, NEW_STEPS), &other);
		insert(sequence, at, other.steps, other.n);
	} else if (one_in(r, 4)) {
		sequence_remove(sequence, random_below(r, sequence->n), 1);
	} else if (one_in(r, 4)) {
		step = sequence->steps[random_below(r, sequence->n)];
		insert(sequence, at, &step, 1);
	} else {
		mutate_packet(r, sequence);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed)
{
	static struct sequence sequence;
	struct random r = random_from(seed);

	if (one_in(&r, 4))
		return LLVMFuzzerMutate(bytes, size, most);
	sequence_from_bytes(bytes, size, &sequence);
	mutate(&r, &sequence);
	return sequence_to_bytes(&sequence, bytes, most);
}
