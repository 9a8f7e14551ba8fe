// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the policy's walk costs, by number of policies and of pods, and whether a
 * decision costs the same whatever the number of policies. Where there is nothing
 * to stand beside, the baseline is the target.
 *
 * compile_*: compile, verify with the agent's budget, and swap; the names with
 * colons are the cells of the matrix. flat: a TCP packet of no connection through
 * the loaded program, of ten thousand policies over ten. What a real agent makes
 * of it is agent.c's.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lib/measure.h"
#include "packet/cluster.h"
#include "packet/enforcer.h"
#include "policy/verify.h"

#define ROUNDS_MAX	 3
#define VERIFY_BUDGET_MS 250 /* the agent's */
#define VERIFY_SAMPLE_MS 100
#define REPEAT		 20000
#define RUNS		 20

struct cell {
	const char *name; /* in the table of results; NULL: in the matrix alone */
	struct cluster cluster;
	double target;
};

static const struct cell cells[] = {
	{ NULL, { 20, 10, 100 }, 0 },
	{ NULL, { 20, 100, 100 }, 0 },
	{ NULL, { 20, 1000, 100 }, 0 },
	{ NULL, { 20, 10000, 100 }, 0 },
	{ NULL, { 20, 10, 1000 }, 0 },
	{ NULL, { 20, 100, 1000 }, 0 },
	{ NULL, { 20, 1000, 1000 }, 0 },
	{ NULL, { 20, 10000, 1000 }, 0 },
	{ NULL, { 20, 10, 10000 }, 0 },
	{ NULL, { 20, 100, 10000 }, 0 },
	{ "control.compile_10k_pods", { 20, 1000, 10000 }, 1 },
	{ NULL, { 20, 10000, 10000 }, 0 },
	{ NULL, { 20, 10, 100000 }, 0 },
	{ "control.compile_100k_pods", { 20, 100, 100000 }, 2 },
	{ NULL, { 20, 1000, 100000 }, 0 },
	{ NULL, { 20, 10000, 100000 }, 0 },
};

static void report(const char *name, const char *unit, double value, const char *baseline, double base, double with)
{
	bench_report(&(struct bench_result){ name, unit, baseline, base, with, value });
}

static void report_cell(const struct cell *cell, const char *what, const char *unit, double value)
{
	_cleanup_free_ char *name = xasprintf("control.%s:%u:%u", what, cell->cluster.policies, cell->cluster.pods);

	report(name, unit, value, "policies", cell->cluster.policies, value);
}

static int load_cluster(struct enforcer_policy *policy, const struct cluster *cluster, struct numberings *numberings,
			struct error *error)
{
	_cleanup_free_ char *yaml = cluster_manifests(cluster);

	return yaml ? enforcer_policy_compile(policy, yaml, numberings, error) : -ENOMEM;
}

/* As the agent does it: compiled, verified with its budget, and swapped. */
static int compile_round(struct enforcer *enforcer, const struct cell *cell, struct enforcer_policy *policy,
			 struct numberings *numberings, struct error *error)
{
	const struct verify_options options = { .seed = 1,
						.budget_ms = VERIFY_BUDGET_MS,
						.sample_ms = VERIFY_SAMPLE_MS };
	struct verification verification = {};
	_cleanup_(compiled_freep) struct compiled *compiled = NULL;
	double begun = bench_now(), compiled_at, verified_at = 0, swapped_at;
	int r = compile(&policy->world, numberings, 1, WEIR_IMAGE_WORDS_MAX, &compiled, error);

	compiled_at = bench_now();
	r = r ?: verify(&policy->world, compiled, &options, &verification, error);
	verified_at = bench_now();
	r = r ?: enforcer_swap(enforcer, compiled, 1, error);
	swapped_at = bench_now();
	if (r < 0)
		return r;
	report_cell(cell, "compile", "ms", (compiled_at - begun) * 1e3);
	report_cell(cell, "verify", "ms", (verified_at - compiled_at) * 1e3);
	report_cell(cell, "swap", "ms", (swapped_at - verified_at) * 1e3);
	report_cell(cell, "enforced", "ms", (swapped_at - begun) * 1e3);
	if (cell->name)
		bench_report_target(cell->name, "s", swapped_at - begun, cell->target);
	return 0;
}

static int bench_cell(struct enforcer *enforcer, const struct cell *cell, long rounds, struct error *error)
{
	struct enforcer_policy policy = {};
	struct numberings numberings;
	_cleanup_free_ char *words = cell->name ? xasprintf("%s.words", cell->name) : NULL;
	int r;

	numberings_init(&numberings);
	r = load_cluster(&policy, &cell->cluster, &numberings, error);
	/* Capacity grows once; that is no round's. */
	if (r == 0)
		r = enforcer_swap(enforcer, policy.compiled, 1, error);
	for (long round = 0; r == 0 && round < rounds; round++)
		r = compile_round(enforcer, cell, &policy, &numberings, error);
	if (r == 0)
		report_cell(cell, "words", "words", policy.compiled->n_words);
	if (r == 0 && words)
		report(words, "words", policy.compiled->n_words, "pods", cell->cluster.pods, policy.compiled->n_words);
	enforcer_policy_free(&policy);
	numberings_free(&numberings);
	return r;
}

/* A reset from a pod that is let in to pod 0: decided each time, as it opens no connection. */
struct flat {
	struct enforcer enforcer;
	struct enforcer_policy policy;
	struct numberings numberings;
	struct frame frame;
};

static int flat_open(struct flat *flat, unsigned policies, struct error *error)
{
	const struct cluster cluster = { policies / CLUSTER_NAMESPACES ?: 1, policies, 10000 };
	const struct frame_spec reset = { .tcp_flags = FRAME_TCP_RST, .port = CLUSTER_PORT };
	uint8_t target[4], peer[4];
	const struct frame_ends ends = { WEIR_IPV4, peer, target, false };
	int r;

	cluster_address(0, target);
	cluster_address(cluster.kinds > 1 ? CLUSTER_NAMESPACES : 2 * CLUSTER_NAMESPACES, peer);
	frame_build(&reset, &ends, &flat->frame);
	numberings_init(&flat->numberings);
	r = enforcer_open(&flat->enforcer, 1u << 16, error)
		    ?: load_cluster(&flat->policy, &cluster, &flat->numberings, error);
	return r ?: enforcer_swap(&flat->enforcer, flat->policy.compiled, 1, error) ?:
		    enforcer_populate(&flat->enforcer, &flat->policy, "ns-0", "pod-0");
}

/* The least of several short runs: what else the machine does only ever adds to it. */
static int flat_run(struct flat *flat, uint32_t *ret_ns)
{
	enum weir_verdict verdict;
	uint32_t ns;
	int r = enforcer_run(&flat->enforcer, WEIR_INGRESS, &flat->frame, REPEAT, &verdict, &ns);

	if (r == 0 && verdict != WEIR_VERDICT_PASS)
		r = -EBADMSG;
	if (r == 0 && ns < *ret_ns)
		*ret_ns = ns;
	return r;
}

static int flat_round(struct flat *flats, size_t n, uint32_t *ret_ns)
{
	int r = 0;

	for (size_t i = 0; i < n; i++)
		ret_ns[i] = UINT32_MAX;
	for (unsigned run = 0; run < RUNS; run++) {
		for (size_t i = 0; r == 0 && i < n; i++)
			r = flat_run(&flats[i], &ret_ns[i]);
	}
	return r;
}

static void flat_close(struct flat *flat)
{
	enforcer_close(&flat->enforcer);
	enforcer_policy_free(&flat->policy);
	numberings_free(&flat->numberings);
}

static int bench_flat(long rounds, struct error *error)
{
	static const unsigned policies[] = { 10, 1000, 10000 };
	static const char *const names[] = { NULL, "policy.flat_1000", "policy.flat" };
	struct flat flats[ARRAY_SIZE(policies)] = {};
	uint32_t ns[ARRAY_SIZE(policies)];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(policies); i++)
		r = flat_open(&flats[i], policies[i], error);
	for (long round = 0; r == 0 && round < rounds; round++) {
		r = flat_round(flats, ARRAY_SIZE(policies), ns);
		for (size_t i = 1; r == 0 && i < ARRAY_SIZE(policies); i++)
			report(names[i], "ratio", (double)ns[i] / ns[0], "10 policies", ns[0], ns[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		flat_close(&flats[i]);
	return r;
}

int main(int argc, char **argv)
{
	const long rounds = bench_rounds(argc, argv, ROUNDS_MAX, 100);
	const long compiles = rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
	struct enforcer enforcer = {};
	struct error error = {};
	int r;

	if (!rounds)
		return 2;
	r = enforcer_open(&enforcer, 1u << 16, &error);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(cells); i++)
		r = bench_cell(&enforcer, &cells[i], compiles, &error);
	enforcer_close(&enforcer);
	r = r ?: bench_flat(rounds, &error);
	if (r < 0)
		fprintf(stderr, "bench control: %s: %s\n", strerror(-r), error.text);
	return r < 0;
}
