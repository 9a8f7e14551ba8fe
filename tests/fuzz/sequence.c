// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/sequence.h"

#include <string.h>

#define HEAD	    2u
#define PACKET_HEAD 4u
#define PACKET_MIN  14u /* what an interface takes for a frame */

static size_t step_size(const struct step *step)
{
	return step->kind == STEP_PACKET ? PACKET_HEAD + step->length : HEAD;
}

/* Returns the number of bytes taken; 0: there is no step left. */
static size_t step_from_bytes(const uint8_t *bytes, size_t size, struct step *ret)
{
	size_t length;

	if (size < HEAD)
		return 0;
	*ret = (struct step){ .kind = bytes[0] % STEP_KINDS, .argument = bytes[1] };
	if (ret->kind != STEP_PACKET)
		return HEAD;
	ret->argument &= PACKET_ARGUMENT;
	if (size < PACKET_HEAD + PACKET_MIN)
		return 0;
	length = bytes[2] | bytes[3] << 8;
	if (length < PACKET_MIN)
		length = PACKET_MIN;
	if (length > size - PACKET_HEAD)
		length = size - PACKET_HEAD;
	if (length > SEQUENCE_PACKET)
		length = SEQUENCE_PACKET;
	ret->length = length;
	memcpy(ret->bytes, bytes + PACKET_HEAD, length);
	return PACKET_HEAD + length;
}

void sequence_from_bytes(const uint8_t *bytes, size_t size, struct sequence *ret)
{
	size_t taken;

	ret->n = 0;
	while (ret->n < SEQUENCE_STEPS && (taken = step_from_bytes(bytes, size, &ret->steps[ret->n]))) {
		bytes += taken;
		size -= taken;
		ret->n++;
	}
}

size_t sequence_to_bytes(const struct sequence *sequence, uint8_t *bytes, size_t size)
{
	size_t used = 0;

	for (unsigned i = 0; i < sequence->n && used + step_size(&sequence->steps[i]) <= size; i++) {
		const struct step *step = &sequence->steps[i];

		bytes[used] = step->kind;
		bytes[used + 1] = step->argument;
		if (step->kind == STEP_PACKET) {
			bytes[used + 2] = step->length & 0xff;
			bytes[used + 3] = step->length >> 8;
			memcpy(bytes + used + PACKET_HEAD, step->bytes, step->length);
		}
		used += step_size(step);
	}
	return used;
}

void sequence_remove(struct sequence *sequence, unsigned at, unsigned n)
{
	memmove(&sequence->steps[at], &sequence->steps[at + n], (sequence->n - at - n) * sizeof(sequence->steps[0]));
	sequence->n -= n;
}

static void print_packet(const struct step *step, FILE *out)
{
	fprintf(out, "packet %s pod %d%s%s, %u bytes:", step->argument & PACKET_OUT ? "from" : "to",
		step->argument & PACKET_SECOND ? 2 : 1, step->argument & PACKET_XDP ? ", XDP first" : "",
		step->argument & PACKET_HAIRPIN ? ", by the pod's own interface" : "", step->length);
	for (unsigned i = 0; i < step->length; i++)
		fprintf(out, "%s%02x", i % 4 == 2 ? " " : "", step->bytes[i]);
	fputc('\n', out);
}

static void print_endpoint(uint8_t argument, FILE *out)
{
	fprintf(out, "pod %d:%s%s%s%s%s%s", argument & ENDPOINT_SECOND ? 2 : 1,
		argument & ENDPOINT_GONE ? " is not known" : "", argument & ENDPOINT_CHECK_MAC ? " check-mac" : "",
		argument & ENDPOINT_CHECK_ADDRESS ? " check-address" : "",
		argument & ENDPOINT_MORE ? " more-addresses" : "", argument & ENDPOINT_NO_IPV4 ? " no-ipv4" : "",
		argument & ENDPOINT_NO_IPV6 ? " no-ipv6" : "");
}

void sequence_print(const struct sequence *sequence, FILE *out)
{
	for (unsigned i = 0; i < sequence->n; i++) {
		const struct step *step = &sequence->steps[i];

		fprintf(out, "%2u ", i);
		if (step->kind == STEP_PACKET) {
			print_packet(step, out);
			continue;
		}
		if (step->kind == STEP_ENDPOINT)
			print_endpoint(step->argument, out);
		else if (step->kind == STEP_POLICY)
			fprintf(out, "policy %u", step->argument & ~STEP_BEGUN);
		else if (step->kind == STEP_AGE)
			fprintf(out, "%u ticks pass", step->argument);
		else if (step->kind == STEP_SWEEP)
			fprintf(out, "sweep of table %u", step->argument);
		if (step->kind == STEP_GENERATION || step->argument & STEP_BEGUN)
			fprintf(out, "%s",
				step->kind == STEP_AGE || step->kind == STEP_SWEEP ? "" : ", a new generation");
		fputc('\n', out);
	}
}
