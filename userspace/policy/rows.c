// SPDX-License-Identifier: BSD-2-Clause
/*
 * A row is built from the rules of the policies that select its subject. Each
 * rule visits only the peer classes that it names, and, in a column, only the
 * port classes that it names; what no rule visits shares one column, or one
 * decision.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "policy/rows.h"
#include "policy/services.h"

#define NO_MARK UINT32_MAX

/* A rule as it reads for one row, its named ports resolved: by the subject for ingress, by the peer for egress. */
struct clause {
	uint32_t rule;
	uint32_t mark; /* that the peer must have, or NO_MARK */
	bool any_port;
	struct ids ranges;
};

/* Lists by class of which few are ever in use. */
struct buckets {
	struct ids *of;
	size_t n;
	struct ids used;
};

struct row {
	const struct rows *rows;
	enum weir_direction direction;
	bool judged;	     /* somebody has a say in it */
	struct ids policies; /* of the network tier, that isolate the direction */
	VEC(struct clause) clauses;
	struct ids for_everybody; /* clauses, ascending */
	struct buckets by_peer;	  /* clauses, ascending */
	struct buckets by_port;	  /* rules, ascending */
	struct interner column_keys;
	struct ids columns; /* offsets, by number of key */
	uint32_t *cells;
};

static void buckets_open(struct buckets *buckets, size_t n)
{
	buckets->of = xcalloc(n, sizeof(*buckets->of));
	buckets->n = n;
}

static void buckets_add(struct buckets *buckets, uint32_t class, uint32_t id)
{
	struct ids *ids = &buckets->of[class];

	if (!ids->n)
		vec_push(&buckets->used, class);
	if (!ids->n || ids->items[ids->n - 1] != id)
		vec_push(ids, id);
}

static void buckets_clear(struct buckets *buckets)
{
	vec_for_each (class, &buckets->used)
		buckets->of[*class].n = 0;
	buckets->used.n = 0;
}

static void buckets_free(struct buckets *buckets)
{
	for (size_t i = 0; i < buckets->n; i++)
		vec_free(&buckets->of[i]);
	free(TAKE_PTR(buckets->of));
	vec_free(&buckets->used);
}

static void add_clause(struct row *row, uint32_t rule, uint32_t mark, const struct ids *ranges)
{
	struct clause *clause = vec_push(&row->clauses, (struct clause){ .rule = rule, .mark = mark });

	clause->any_port = row->rows->rules->rules.items[rule].any_port;
	vec_for_each (range, ranges)
		vec_push(&clause->ranges, *range);
}

/* The ranges that a list of marks gives a rule's named ports. */
static void resolve(const struct ruleset *rules, const struct rule *rule, const struct ids *marks, struct ids *ranges)
{
	vec_for_each (mark, marks) {
		if (ids_contain(rule->named.items, rule->named.n, rules->marks.items[*mark].named))
			vec_push(ranges, rules->marks.items[*mark].range);
	}
	ids_sort(ranges);
}

static void add_rule(struct row *row, const struct identity *subject, uint32_t number)
{
	const struct ruleset *rules = row->rows->rules;
	const struct rule *rule = &rules->rules.items[number];
	struct ids ranges = {};

	vec_for_each (range, &rule->ranges)
		vec_push(&ranges, *range);
	if (rule->named.n && row->direction == WEIR_INGRESS)
		resolve(rules, rule, &subject->marks, &ranges);
	if (rule->any_port || ranges.n)
		add_clause(row, number, NO_MARK, &ranges);
	for (uint32_t mark = 0; rule->named.n && row->direction == WEIR_EGRESS && mark < rules->marks.n; mark++) {
		ranges.n = 0;
		resolve(rules, rule, &(struct ids){ .items = &mark, .n = 1 }, &ranges);
		if (ranges.n)
			add_clause(row, number, mark, &ranges);
	}
	vec_free(&ranges);
}

static void collect_clauses(struct row *row, const struct identity *subject)
{
	const struct ruleset *rules = row->rows->rules;

	vec_for_each (number, &subject->policies) {
		const struct selecting_policy *policy = &rules->policies.items[*number];

		if (policy->object->policy.isolates[row->direction])
			vec_push(&row->policies, *number);
		row->judged |= policy->object->policy.isolates[row->direction];
		for (uint32_t i = policy->first_rule[row->direction]; i < policy->first_rule[row->direction + 1]; i++) {
			row->judged = true;
			add_rule(row, subject, i);
		}
	}
}

static void visit_peers(struct row *row, uint32_t number, const struct ids *classes)
{
	const struct clause *clause = &row->clauses.items[number];

	vec_for_each (class, classes) {
		if (clause->mark == NO_MARK || peers_have_mark(row->rows->peers, *class, clause->mark))
			buckets_add(&row->by_peer, *class, number);
	}
}

static void visit_everybody(struct row *row, uint32_t number)
{
	const struct peers *peers = row->rows->peers;
	const uint32_t mark = row->clauses.items[number].mark;

	if (mark == NO_MARK)
		vec_push(&row->for_everybody, number);
	for (uint32_t i = 0; mark != NO_MARK && i < peers->classes.n; i++) {
		if (peers_have_mark(peers, i, mark))
			buckets_add(&row->by_peer, i, number);
	}
}

static void place_clauses(struct row *row)
{
	const struct peers *peers = row->rows->peers;

	for (uint32_t i = 0; i < row->clauses.n; i++) {
		const struct rule *rule = &row->rows->rules->rules.items[row->clauses.items[i].rule];

		if (rule->any_peer)
			visit_everybody(row, i);
		vec_for_each (term, &rule->terms)
			visit_peers(row, i, &peers->of_term[*term]);
		vec_for_each (block, &rule->blocks)
			visit_peers(row, i, &peers->of_block[*block]);
	}
}

static int merge(struct row *row, const struct ids *rules, uint32_t *ret, struct error *error)
{
	const struct grounds grounds = { &row->policies, rules };

	return decisions_merge(row->rows->decisions, row->direction, &grounds, ret, error);
}

/* Clauses that match the peer -> rules, for every port and by port class. */
static void place_rules(struct row *row, const struct ids *clauses, struct ids *for_every_port)
{
	vec_for_each (number, clauses) {
		const struct clause *clause = &row->clauses.items[*number];

		if (clause->any_port)
			vec_push(for_every_port, clause->rule);
		vec_for_each (range, &clause->ranges) {
			vec_for_each (class, &row->rows->ports->of_range[*range])
				buckets_add(&row->by_port, *class, clause->rule);
		}
	}
}

static int fill_cells(struct row *row, const struct ids *for_every_port, struct error *error)
{
	uint32_t elsewhere;
	int r;

	r = merge(row, for_every_port, &elsewhere, error);
	for (uint32_t i = 0; r == 0 && i < port_classes_count(row->rows->ports); i++)
		row->cells[i] = elsewhere;
	for (size_t i = 0; r == 0 && i < row->by_port.used.n; i++) {
		const uint32_t class = row->by_port.used.items[i];
		struct ids *rules = &row->by_port.of[class];

		vec_for_each (rule, for_every_port)
			vec_push(rules, *rule);
		ids_sort(rules);
		r = merge(row, rules, &row->cells[class], error);
	}
	return r;
}

static int find_column(struct row *row, const struct ids *clauses, uint32_t *ret, struct error *error)
{
	const uint32_t number = intern_ids(&row->column_keys, clauses);
	struct ids for_every_port = {};
	int r;

	if (number == row->columns.n) {
		place_rules(row, clauses, &for_every_port);
		r = fill_cells(row, &for_every_port, error);
		vec_free(&for_every_port);
		buckets_clear(&row->by_port);
		if (r < 0)
			return r;
		vec_push(&row->columns, writer_vec(row->rows->writer, WORDS_DECISIONS, row->cells,
						   port_classes_count(row->rows->ports)));
	}
	*ret = row->columns.items[number];
	return 0;
}

/* A column that says the same for every port. */
static uint32_t fixed_column(struct row *row, enum weir_reason reason)
{
	const uint32_t decision = decisions_fixed(row->rows->decisions, row->direction, reason);
	const uint32_t n = port_classes_count(row->rows->ports);

	for (uint32_t i = 0; i < n; i++)
		row->cells[i] = decision;
	return writer_vec(row->rows->writer, WORDS_DECISIONS, row->cells, n);
}

static int fill_services(struct row *row, uint32_t *columns, struct error *error)
{
	const struct rows *rows = row->rows;
	struct services_row services = {
		.peers = rows->peers,
		.decisions = rows->decisions,
		.writer = rows->writer,
		.columns = columns,
		.cells = row->cells,
		.n_ports = port_classes_count(rows->ports),
	};
	const struct ids no_rules = {};

	return merge(row, &no_rules, &services.nobody, error) ?: services_fill(&services, error);
}

static int fill_judged(struct row *row, uint32_t *columns, struct error *error)
{
	const struct peers *peers = row->rows->peers;
	uint32_t elsewhere;
	int r;

	place_clauses(row);
	r = find_column(row, &row->for_everybody, &elsewhere, error);
	for (size_t i = 0; r == 0 && i < peers->classes.n; i++)
		columns[i] = elsewhere;
	for (size_t i = 0; r == 0 && i < row->by_peer.used.n; i++) {
		const uint32_t class = row->by_peer.used.items[i];
		struct ids *clauses = &row->by_peer.of[class];

		vec_for_each (clause, &row->for_everybody)
			vec_push(clauses, *clause);
		ids_sort(clauses);
		r = find_column(row, clauses, &columns[class], error);
	}
	if (r == 0 && row->direction == WEIR_EGRESS)
		return fill_services(row, columns, error);
	if (r < 0)
		return r;
	/* What comes from the pod's own node (the kubelet's probes) always passes. */
	elsewhere = fixed_column(row, WEIR_REASON_NODE);
	for (size_t i = 0; i < peers->classes.n; i++) {
		if (peers->classes.items[i].is_node)
			columns[i] = elsewhere;
	}
	return 0;
}

static void row_clear(struct row *row)
{
	vec_for_each (clause, &row->clauses)
		vec_free(&clause->ranges);
	row->judged = false;
	row->clauses.n = row->policies.n = row->for_everybody.n = row->columns.n = 0;
	buckets_clear(&row->by_peer);
	interner_free(&row->column_keys);
}

static int build_row(struct row *row, const struct identity *subject, uint32_t *columns, struct error *error)
{
	const size_t n = row->rows->peers->classes.n;
	int r = 0;

	row_clear(row);
	if (subject)
		collect_clauses(row, subject);
	if (row->judged) {
		r = fill_judged(row, columns, error);
	} else {
		const uint32_t open = fixed_column(row, WEIR_REASON_NO_POLICY);

		for (size_t i = 0; i < n; i++)
			columns[i] = open;
	}
	return r;
}

static void row_free(struct row *row)
{
	row_clear(row);
	vec_free(&row->clauses);
	vec_free(&row->policies);
	vec_free(&row->for_everybody);
	vec_free(&row->columns);
	buckets_free(&row->by_peer);
	buckets_free(&row->by_port);
	free(TAKE_PTR(row->cells));
}

int rows_build(const struct rows *rows, struct error *error)
{
	const size_t n = rows->subjects->classes.n, n_peers = rows->peers->classes.n;
	_cleanup_(row_free) struct row row = { .rows = rows };
	_cleanup_free_ uint32_t *columns = xcalloc(n_peers, sizeof(*columns));
	_cleanup_free_ uint32_t *vecs = xcalloc(n * WEIR_DIRECTIONS, sizeof(*vecs));
	uint32_t at;

	buckets_open(&row.by_peer, n_peers);
	buckets_open(&row.by_port, port_classes_count(rows->ports));
	row.cells = xcalloc(port_classes_count(rows->ports), sizeof(*row.cells));
	for (size_t i = 0; i < n * WEIR_DIRECTIONS; i++) {
		int r;

		row.direction = i % WEIR_DIRECTIONS;
		r = build_row(&row, rows->subjects->classes.items[i / WEIR_DIRECTIONS].example, columns, error);
		if (r < 0)
			return r;
		vecs[i] = writer_vec(rows->writer, WORDS_FINAL, columns, n_peers);
	}
	at = writer_put(rows->writer, vecs, n * WEIR_DIRECTIONS);
	writer_header(rows->writer)->rows = at;
	return 0;
}
