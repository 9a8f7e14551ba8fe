/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random clusters and questions, until two answers differ: WEIR_SEED=N repeats
 * one cluster, WEIR_CLUSTERS=N asks for another number of them. A case that
 * fails is made small before it is told.
 */
#ifndef WEIR_TESTS_DIFFERENTIAL_H
#define WEIR_TESTS_DIFFERENTIAL_H

#include <inttypes.h>
#include <netinet/in.h>

#include "differential/compare.h"
#include "differential/random_cluster.h"
#include "differential/shrink.h"

#define RANDOM_PODS	 14u
#define RANDOM_NODE_ADDR "192.0.2.1"

struct differential {
	/* Each cluster is put in force, where there is anything to do for that, and gets so many questions. */
	void (*enforce)(const struct fixture *f, void *data);
	bool (*ask)(struct random *r, const struct fixture *f, struct question *question); /* false: has none */
	bool (*differs)(const struct fixture *f, const struct question *question, void *data, FILE *story);
	void *data;
	unsigned questions;
	uint64_t clusters; /* unless the environment says otherwise */
	uint64_t asked;
};

static inline const struct policy_port *random_policy_port(struct random *r, const struct world *world)
{
	const struct object *policy =
		world->policies.n ? world->policies.items[pick(r, (uint32_t)world->policies.n)] : NULL;
	const struct policy_rule *rule = NULL;
	const uint32_t direction = pick(r, WEIR_DIRECTIONS);

	if (policy && policy->policy.rules[direction].n)
		rule = &policy->policy.rules[direction].items[pick(r, (uint32_t)policy->policy.rules[direction].n)];
	return rule && rule->ports.n ? &rule->ports.items[pick(r, (uint32_t)rule->ports.n)] : NULL;
}

/* Some port, or one at, or beside, an edge of what a rule names. */
static inline void random_service(struct random *r, const struct world *world, struct question *question)
{
	const struct policy_port *port = random_policy_port(r, world);

	question->port = (uint16_t)(PICK(r, random_ports) + pick(r, 2));
	if (!port || port->any_port || port->name || one_in(r, 3))
		return;
	question->port = (uint16_t)((one_in(r, 2) ? port->port : port->end_port) + pick(r, 3) - 1);
	if (!one_in(r, 4))
		question->protocol = port->protocol;
}

static inline const struct addr *random_pod_addr(struct random *r, const struct world *world, enum weir_family family)
{
	const struct object *pod = world->pods.n ? world->pods.items[pick(r, (uint32_t)world->pods.n)] : NULL;

	return pod ? addr_of_family(pod, family) : NULL;
}

/* Of a smaller case: whether it is one at all, and the ends of the question are there. */
static inline bool differential_load(struct fixture *f, const char *yaml, const struct question *question)
{
	const struct eval_names names = { question->from, question->to };
	struct eval_end from, to;
	struct error error = {};
	struct addr node;

	*f = (struct fixture){};
	numberings_init(&f->numberings);
	if (manifest_parse("case", yaml, strlen(yaml), 0, &f->objects, &f->diags) < 0)
		return false;
	assert_int_equal(addr_parse(RANDOM_NODE_ADDR, &node), 0);
	vec_push(&f->world.node_addrs, node);
	world_add(&f->world, &f->objects, &f->diags);
	world_finish(&f->world, &f->diags);
	return eval_end_parse(&f->world, names.from, NULL, &from, &error) == 0 &&
	       eval_end_parse(&f->world, names.to, NULL, &to, &error) == 0 &&
	       compile(&f->world, &f->numberings, 1, IMAGE_WORDS, &f->compiled, &error) == 0;
}

struct differential_case {
	const struct differential *test;
	const struct question *question;
	FILE *story;
};

static inline bool differential_repeat(const char *yaml, const void *data)
{
	const struct differential_case *one = data;
	struct fixture f;
	bool differs = false;

	if (differential_load(&f, yaml, one->question)) {
		if (one->test->enforce)
			one->test->enforce(&f, one->test->data);
		differs = one->test->differs(&f, one->question, one->test->data, one->story);
	}
	fixture_free(&f);
	return differs;
}

static inline void differential_fail(const struct differential *test, uint64_t seed, const char *yaml,
				     const struct question *question)
{
	struct differential_case one = { .test = test, .question = question };
	_cleanup_free_ char *small = shrink(yaml, differential_repeat, &one, NULL);
	_cleanup_free_ char *story = NULL;
	size_t size;

	one.story = open_memstream(&story, &size);
	differential_repeat(small, &one);
	fclose(one.story);
	fprintf(stderr, "%s", small);
	fail_msg("WEIR_SEED=%" PRIu64 ": the manifests above (made small), %s", seed, story);
}

static inline void differential_cluster(struct differential *test, uint64_t seed)
{
	struct random r = { .state = seed };
	_cleanup_free_ char *yaml = random_cluster(&r, RANDOM_PODS);
	struct fixture f;

	fixture_read(&f, yaml, RANDOM_NODE_ADDR);
	fixture_compile(&f, 1);
	if (test->enforce)
		test->enforce(&f, test->data);
	for (unsigned i = 0; i < test->questions; i++) {
		struct question question = { .number = i };

		if (!test->ask(&r, &f, &question))
			continue;
		test->asked++;
		if (test->differs(&f, &question, test->data, NULL))
			differential_fail(test, seed, yaml, &question);
	}
	fixture_free(&f);
}

static inline void differential_run(struct differential *test)
{
	const char *seed = getenv("WEIR_SEED"), *clusters = getenv("WEIR_CLUSTERS");
	const uint64_t n = clusters ? strtoull(clusters, NULL, 10) : test->clusters;

	if (seed) {
		differential_cluster(test, strtoull(seed, NULL, 10));
		return;
	}
	for (uint64_t i = 1; i <= n; i++)
		differential_cluster(test, i);
	print_message("# %" PRIu64 " probes of %" PRIu64 " clusters\n", test->asked, n);
}

#endif
