// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/compare.h"

#include <inttypes.h>
#include <string.h>

uint64_t compare_reasons[WEIR_REASON_MAX];

static struct model model;

static const char *const verdicts[WEIR_VERDICT_MAX] = { "none", "pass", "drop", "reject" };

static bool tell(FILE *out, const char *who, enum weir_verdict program, const struct judgement *judgement)
{
	if (out)
		fprintf(out, "  %s: %s, model: %s, reason %u%s\n", who, verdicts[program], verdicts[judgement->verdict],
			judgement->reason, judgement->xdp_drops ? ", by XDP too" : "");
	return true;
}

/* What tc does with a packet: it is gone, comes out as the answer to it, or goes on. */
static bool tc_differs(const struct step *step, const struct judgement *judgement, const struct engine_run *run,
		       FILE *out)
{
	const bool passes = judgement->verdict == WEIR_VERDICT_PASS;
	const uint8_t *frame = passes ? judgement->after : judgement->answer;
	const uint32_t length = passes ? step->length : judgement->answer_length;
	enum weir_verdict expected = judgement->verdict;

	if (expected == WEIR_VERDICT_REJECT && !judgement->answer_length)
		expected = WEIR_VERDICT_DROP;
	if (run->verdict != expected)
		return tell(out, "tc", run->verdict, judgement);
	if (expected == WEIR_VERDICT_DROP)
		return false;
	if (run->length == length && !memcmp(run->frame, frame, length))
		return false;
	if (!out)
		return true;
	fprintf(out, "  %s, program and model:\n  ", passes ? "what passes" : "the answer");
	for (unsigned i = 0; i < run->length; i++)
		fprintf(out, "%02x", run->frame[i]);
	fprintf(out, "\n  ");
	for (unsigned i = 0; i < length; i++)
		fprintf(out, "%02x", frame[i]);
	fprintf(out, "\n");
	return true;
}

/* Which XDP program would see it, and whether that drops; false: none. */
static bool find_xdp(const struct step *step, const struct judgement *judgement, enum engine_hook *ret_hook,
		     bool *ret_drops)
{
	const unsigned pod = step->argument & PACKET_SECOND ? 1 : 0;

	if (!(step->argument & PACKET_XDP))
		return false;
	if (step->argument & PACKET_OUT) {
		*ret_hook = ENGINE_XDP;
		*ret_drops = judgement->xdp_drops;
		return pod == 0;
	}
	*ret_hook = ENGINE_UPLINK;
	*ret_drops = judgement->xdp_drops && judgement->destination;
	/* By an uplink it comes to the pod whose address it has. */
	return !(step->argument & PACKET_HAIRPIN) &&
	       (!judgement->destination || judgement->destination == setting_ifindex(pod));
}

static bool packet_differs(const struct engine *engine, const struct step *step, FILE *out)
{
	static struct judgement judgement;
	static struct engine_run run;
	struct weir_event event;
	enum engine_hook hook;
	bool drops;

	if (!engine->takes(step))
		return false;
	model.linear = engine->linear(step);
	model_packet(&model, step, &judgement);
	compare_reasons[judgement.reason]++;
	if (find_xdp(step, &judgement, &hook, &drops)) {
		if (engine->run(step, hook, &run) < 0 || run.verdict != (drops ? WEIR_VERDICT_DROP : WEIR_VERDICT_PASS))
			return tell(out, "XDP", run.verdict, &judgement);
		if (drops) /* tc doesn't see it */
			return compare_event(engine, step, &judgement, true, out);
		if (engine->told(&event))
			return tell(out, "XDP tells of what it passes", run.verdict, &judgement);
	}
	if (engine->run(step, ENGINE_TC, &run) < 0)
		return tell(out, "tc, not run", WEIR_VERDICT_NONE, &judgement);
	return compare_event(engine, step, &judgement, false, out) || tc_differs(step, &judgement, &run, out);
}

bool compare_sequence(const struct engine *engine, const struct sequence *sequence, FILE *out)
{
	static struct observation observation;
	bool differs = false;

	model_reset(&model, engine->now, sequence_is_quiet(sequence));
	if (engine->reset(&model) < 0)
		return true;
	for (unsigned i = 0; i < sequence->n && !differs; i++) {
		const struct step *step = &sequence->steps[i];

		if (step->kind == STEP_PACKET) {
			differs = packet_differs(engine, step, out);
			continue;
		}
		model_event(&model, step);
		if (engine->event(step, &model) < 0)
			return true;
	}
	if (engine->observe(&observation) < 0)
		return true;
	return differs || observation_differs(&model.seen, &observation, out) > 0;
}

/* --- making it small --- */

static bool still_differs_without(const struct engine *engine, struct sequence *sequence, unsigned at, unsigned n)
{
	static struct sequence less;

	less = *sequence;
	sequence_remove(&less, at, n);
	if (!compare_sequence(engine, &less, NULL))
		return false;
	*sequence = less;
	return true;
}

static void shorten(const struct engine *engine, struct sequence *sequence, struct step *step)
{
	for (unsigned piece = step->length / 2; piece; piece /= 2) {
		while (step->length >= 14 + piece) {
			step->length -= piece;
			if (compare_sequence(engine, sequence, NULL))
				continue;
			step->length += piece;
			break;
		}
	}
}

void compare_shrink(const struct engine *engine, struct sequence *sequence)
{
	for (unsigned piece = sequence->n / 2; piece; piece /= 2) {
		for (unsigned at = 0; at + piece <= sequence->n;) {
			if (!still_differs_without(engine, sequence, at, piece))
				at++;
		}
	}
	for (unsigned i = 0; i < sequence->n; i++) {
		struct step *step = &sequence->steps[i];

		if (step->kind != STEP_PACKET)
			continue;
		if (step->argument & PACKET_XDP) {
			step->argument ^= PACKET_XDP;
			if (!compare_sequence(engine, sequence, NULL))
				step->argument ^= PACKET_XDP;
		}
		shorten(engine, sequence, step);
	}
}

static uint64_t hash(const uint8_t *bytes, size_t size)
{
	uint64_t h = 0xcbf29ce484222325ull; /* FNV-1a */

	for (size_t i = 0; i < size; i++)
		h = (h ^ bytes[i]) * 0x100000001b3ull;
	return h;
}

void compare_report(const struct engine *engine, struct sequence *sequence, const char *directory, FILE *out)
{
	static uint8_t bytes[SEQUENCE_BYTES_MAX];
	char path[4096];
	size_t size;
	FILE *file;

	compare_shrink(engine, sequence);
	fprintf(out, "the %s and the model disagree after %u steps:\n", engine->name, sequence->n);
	sequence_print(sequence, out);
	compare_sequence(engine, sequence, out);
	size = sequence_to_bytes(sequence, bytes, sizeof(bytes));
	snprintf(path, sizeof(path), "%s/found-%016" PRIx64, directory, hash(bytes, size));
	file = fopen(path, "wb");
	if (!file || fwrite(bytes, size, 1, file) != 1)
		fprintf(out, "it could not be written to %s\n", path);
	else
		fprintf(out, "written to %s\n", path);
	if (file)
		fclose(file);
}
