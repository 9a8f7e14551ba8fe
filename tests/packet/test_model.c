// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random sequences of packets through the loaded programs and through a plain
 * model of the same decisions: verdicts, reasons, answers, flows, fragments and
 * counters must be the same.
 *
 *   FUZZ_PACKETS=N  that many packets (200,000)
 *   WEIR_SEED=N     the first sequence's seed; the next ones' follow
 *   FUZZ_FOUND=DIR  where disagreements go (the working directory's tests/fuzz/corpus/packet)
 *   FILE...         these sequences instead of those of the corpus
 */
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fuzz/compare.h"
#include "fuzz/generate.h"

#define PACKETS_USUAL 200000u
#define STEPS	      64u
#define CORPUS	      "tests/fuzz/corpus/packet"

static uint64_t number_from(const char *variable, uint64_t usual)
{
	const char *text = getenv(variable);

	return text && *text ? strtoull(text, NULL, 0) : usual;
}

static void disagree(const struct engine *engine, struct sequence *sequence, uint64_t seed, uint64_t packets)
{
	print_message("# seed %" PRIu64 ", after %" PRIu64 " packets\n", seed, packets);
	fflush(stdout);
	compare_report(engine, sequence, getenv("FUZZ_FOUND") ?: CORPUS, stderr);
	fail_msg("programs and model disagree (run it again: WEIR_SEED=%" PRIu64 ")", seed);
}

static unsigned count_packets(const struct sequence *sequence)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sequence->n; i++)
		n += sequence->steps[i].kind == STEP_PACKET;
	return n;
}

/* Each reason that a packet can have was met, and often. */
static void assert_variety(uint64_t packets)
{
	static const uint8_t never[] = {
		WEIR_REASON_NONE,	WEIR_REASON_BASELINE_ALLOW, WEIR_REASON_NO_IMAGE,
		WEIR_REASON_ADMIN_DENY, WEIR_REASON_BASELINE_DENY,
	};
	static const struct {
		uint8_t number;
		const char *name;
	} reasons[] = {
#define REASON(number, symbol, name, verdict, text) { number, name },
		WEIR_REASONS(REASON)
#undef REASON
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		print_message("# %s: %" PRIu64 "\n", reasons[i].name, compare_reasons[reasons[i].number]);
		if (!memchr(never, reasons[i].number, sizeof(never)))
			assert_true(compare_reasons[reasons[i].number] >= packets / 20000);
	}
}

static void programs_and_model_agree_about_random_packets(void **state)
{
	const uint64_t packets = number_from("FUZZ_PACKETS", PACKETS_USUAL);
	const struct engine *engine = *state;
	uint64_t seed = number_from("WEIR_SEED", 1), n = 0;
	static struct sequence sequence;
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (; n < packets; seed++) {
		struct random r = random_from(seed);

		generate_sequence(&r, STEPS, &sequence);
		n += count_packets(&sequence);
		if (compare_sequence(engine, &sequence, NULL))
			disagree(engine, &sequence, seed, n);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_variety(n);
	print_message("# %" PRIu64 " packets, 0 disagreements, %.0f packets/s\n", n,
		      n / (to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) * 1e-9));
}

static bool file_differs(const struct engine *engine, const char *path)
{
	static uint8_t bytes[SEQUENCE_BYTES_MAX];
	static struct sequence sequence;
	FILE *in = fopen(path, "rb");

	if (!in)
		fail_msg("%s: %s", path, strerror(errno));
	sequence_from_bytes(bytes, fread(bytes, 1, sizeof(bytes), in), &sequence);
	fclose(in);
	if (!compare_sequence(engine, &sequence, NULL))
		return false;
	fprintf(stderr, "%s:\n", path);
	sequence_print(&sequence, stderr);
	compare_sequence(engine, &sequence, stderr);
	return true;
}

static char **files;

static void programs_and_model_agree_about_the_corpus(void **state)
{
	unsigned differ = 0;
	glob_t corpus;

	for (char **file = files; *file; file++)
		differ += file_differs(*state, *file);
	if (!*files) {
		assert_int_equal(glob(CORPUS "/*", 0, NULL, &corpus), 0);
		for (size_t i = 0; i < corpus.gl_pathc; i++)
			differ += file_differs(*state, corpus.gl_pathv[i]);
		globfree(&corpus);
	}
	assert_int_equal(differ, 0);
}

int main(int argc, char **argv)
{
	const struct engine *engine = NULL;
	const char *why;
	int r = fuzzed_open(&engine, &why);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(programs_and_model_agree_about_the_corpus, (void *)engine),
		cmocka_unit_test_prestate(programs_and_model_agree_about_random_packets, (void *)engine),
	};

	if (r == -EPERM || r == -EOPNOTSUPP) {
		printf("1..0 # SKIP packets can't be run: %s\n", why);
		return 0;
	}
	if (r < 0) {
		printf("Bail out! %s: %s\n", why, strerror(-r));
		return 1;
	}
	files = argv + 1;
	r = cmocka_run_group_tests_name("model", tests, NULL, NULL);
	fuzzed_close();
	return r;
}
