// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "policy/ports.h"

#define N_PORTS 65536u

/* The ranges of one protocol, and where the set of them that holds a port changes. */
struct sweep {
	struct ids ranges; /* by first port */
	struct ids cuts;
	struct ids active;
};

static int compare_first(const void *a, const void *b, void *data)
{
	const struct ruleset *rules = data;
	const struct port_range *x = &rules->ranges.items[*(const uint32_t *)a];
	const struct port_range *y = &rules->ranges.items[*(const uint32_t *)b];

	return x->first < y->first ? -1 : x->first > y->first;
}

static void sweep_start(struct sweep *sweep, const struct ruleset *rules, int protocol)
{
	vec_push(&sweep->cuts, 0);
	vec_push(&sweep->cuts, N_PORTS);
	for (uint32_t i = 0; i < rules->ranges.n; i++) {
		const struct port_range *range = &rules->ranges.items[i];

		if ((int)range->protocol != protocol)
			continue;
		vec_push(&sweep->ranges, i);
		vec_push(&sweep->cuts, range->first);
		vec_push(&sweep->cuts, range->last + 1u);
	}
	ids_sort(&sweep->cuts);
	if (sweep->ranges.n)
		qsort_r(sweep->ranges.items, sweep->ranges.n, sizeof(uint32_t), compare_first, (void *)rules);
}

static void sweep_end(struct sweep *sweep)
{
	vec_free(&sweep->ranges);
	vec_free(&sweep->cuts);
	vec_free(&sweep->active);
}

/* Moves on to the interval that begins at port. */
static void sweep_to(struct sweep *sweep, const struct ruleset *rules, uint32_t port, size_t *next)
{
	size_t n = 0;

	for (size_t i = 0; i < sweep->active.n; i++) {
		if (rules->ranges.items[sweep->active.items[i]].last >= port)
			sweep->active.items[n++] = sweep->active.items[i];
	}
	sweep->active.n = n;
	for (; *next < sweep->ranges.n; (*next)++) {
		if (rules->ranges.items[sweep->ranges.items[*next]].first > port)
			break;
		vec_push(&sweep->active, sweep->ranges.items[*next]);
	}
	ids_sort(&sweep->active);
}

static void classify(struct port_classes *ports, const struct ruleset *rules, int protocol, uint32_t *ret_classes)
{
	_cleanup_(sweep_end) struct sweep sweep = {};
	size_t next = 0;

	sweep_start(&sweep, rules, protocol);
	for (size_t i = 0; i + 1 < sweep.cuts.n; i++) {
		uint32_t class;

		sweep_to(&sweep, rules, sweep.cuts.items[i], &next);
		class = intern_ids(&ports->ranges, &sweep.active);
		for (uint32_t port = sweep.cuts.items[i]; port < sweep.cuts.items[i + 1]; port++)
			ret_classes[port] = class;
	}
}

void port_classes_build(struct port_classes *ports, const struct ruleset *rules, struct writer *writer)
{
	_cleanup_free_ uint32_t *classes = xcalloc(N_PORTS, sizeof(*classes));

	intern_ids(&ports->ranges, &(struct ids){}); /* WEIR_PORT_CLASS_NONE */
	for (int protocol = 0; protocol < WEIR_PORT_PROTOCOLS; protocol++) {
		uint32_t vec;

		classify(ports, rules, protocol, classes);
		vec = writer_vec(writer, WORDS_FINAL, classes, N_PORTS);
		writer_header(writer)->ports[protocol] = vec;
	}
	ports->n_ranges = rules->ranges.n;
	ports->of_range = xcalloc(ports->n_ranges + 1, sizeof(*ports->of_range));
	for (uint32_t i = 0; i < port_classes_count(ports); i++) {
		const struct ids ranges = interner_ids(&ports->ranges, i);

		for (size_t k = 0; k < ranges.n; k++)
			vec_push(&ports->of_range[ranges.items[k]], i);
	}
}

void port_classes_free(struct port_classes *ports)
{
	for (size_t i = 0; i < ports->n_ranges; i++)
		vec_free(&ports->of_range[i]);
	free(TAKE_PTR(ports->of_range));
	interner_free(&ports->ranges);
}
