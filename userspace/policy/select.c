// SPDX-License-Identifier: BSD-2-Clause
/*
 * Each distinct term is matched once, and only against the identities that can
 * match: those that carry a label that the selector requires by value, or
 * those of the namespaces in question, whichever are fewer.
 */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "policy/select.h"

/* "key\0value" -> the identities that carry the label. */
struct label_index {
	struct interner labels;
	VEC(struct ids) identities;
};

/* Answers of one distinct namespace selector, by index of namespace. */
struct namespace_set {
	bool *matches;
	size_t n_identities;
};

struct selection {
	struct ruleset *rules;
	struct identities *identities;
	struct label_index index;
	struct interner selectors;
	VEC(struct namespace_set) sets;
};

static char *label_key(const char *key, const char *value, size_t *ret_size)
{
	const size_t key_size = strlen(key) + 1;
	char *text = xcalloc(1, key_size + strlen(value) + 1);

	strcpy(text, key);
	strcpy(text + key_size, value);
	*ret_size = key_size + strlen(value);
	return text;
}

static void index_labels(struct label_index *index, const struct identities *identities)
{
	for (uint32_t i = 0; i < identities->list.n; i++) {
		if (identities->list.items[i].pod->kind != KIND_POD)
			continue;
		vec_for_each (label, &identities->list.items[i].pod->labels.list) {
			size_t size;
			_cleanup_free_ char *key = label_key(label->key, label->value, &size);
			const uint32_t number = intern(&index->labels, key, size);

			if (number == index->identities.n)
				vec_push(&index->identities, (struct ids){});
			vec_push(&index->identities.items[number], i);
		}
	}
}

static const struct ids *find_label(const struct label_index *index, const char *label, const char *value)
{
	static const struct ids nobody;
	size_t size;
	_cleanup_free_ char *key = label_key(label, value, &size);
	uint32_t number;

	return interner_find(&index->labels, key, size, &number) ? &index->identities.items[number] : &nobody;
}

/* The In requirement that the fewest identities meet, and how many; NULL and SIZE_MAX when the selector has none. */
static const struct selector_requirement *rarest(const struct label_index *index, const struct selector *selector,
						 size_t *ret_n)
{
	const struct selector_requirement *best = NULL;

	*ret_n = SIZE_MAX;
	vec_for_each (requirement, &selector->requirements) {
		size_t n = 0;

		if (SELECTOR_IN != requirement->operator)
			continue;
		vec_for_each (value, &requirement->values)
			n += find_label(index, requirement->key, *value)->n;
		if (n < *ret_n) {
			best = requirement;
			*ret_n = n;
		}
	}
	return best;
}

static void add_to_set(struct namespace_set *set, const struct identities *identities, uint32_t namespace)
{
	set->matches[namespace] = true;
	set->n_identities += identities->namespaces.items[namespace].identities.n;
}

/* Namespaces that a term means. Equal ones share a set. */
static const struct namespace_set *find_set(struct selection *selection, const struct term *term)
{
	const struct identities *identities = selection->identities;
	_cleanup_free_ char *selector = term->namespaces ? selector_format(term->namespaces) : NULL;
	_cleanup_free_ char *key = xasprintf("%c%s", selector ? 's' : 'n', selector ?: term->namespace);
	const uint32_t number = intern(&selection->selectors, key, strlen(key));
	struct namespace_set set = {};
	uint32_t own;

	if (number < selection->sets.n)
		return &selection->sets.items[number];
	set.matches = xcalloc(identities->namespaces.n + 1, sizeof(*set.matches));
	if (!selector && interner_find(&identities->namespace_keys, term->namespace, strlen(term->namespace), &own))
		add_to_set(&set, identities, own);
	for (uint32_t i = 0; selector && i < identities->namespaces.n; i++) {
		if (selector_matches(term->namespaces, identities->namespaces.items[i].labels))
			add_to_set(&set, identities, i);
	}
	return vec_push(&selection->sets, set);
}

static void try_all(struct selection *selection, struct term *term, const struct namespace_set *set,
		    const struct ids *candidates)
{
	vec_for_each (candidate, candidates) {
		const struct identity *identity = &selection->identities->list.items[*candidate];

		if (set->matches[identity->namespace] && selector_matches(term->pods, &identity->pod->labels))
			vec_push(&term->matches, *candidate);
	}
}

static void match_term(struct selection *selection, struct term *term)
{
	const struct namespace_set *set = find_set(selection, term);
	size_t n;
	const struct selector_requirement *requirement = rarest(&selection->index, term->pods, &n);

	if (n < set->n_identities) {
		vec_for_each (value, &requirement->values)
			try_all(selection, term, set, find_label(&selection->index, requirement->key, *value));
	} else {
		for (size_t i = 0; i < selection->identities->namespaces.n; i++) {
			if (set->matches[i])
				try_all(selection, term, set, &selection->identities->namespaces.items[i].identities);
		}
	}
	ids_sort(&term->matches);
}

static void match_nodes(struct identities *identities, uint32_t number, struct term *term)
{
	vec_for_each (self, &identities->this_node) {
		if (selector_matches(term->nodes, &(*self)->labels))
			vec_push(&identities->this_node_terms, number);
	}
	ids_sort(&identities->this_node_terms);
	vec_for_each (candidate, &identities->nodes) {
		if (selector_matches(term->nodes, &identities->list.items[*candidate].pod->labels))
			vec_push(&term->matches, *candidate);
	}
}

static void mark_ports(struct ruleset *rules, struct identities *identities)
{
	vec_for_each (identity, &identities->list) {
		if (identity->pod->kind != KIND_POD)
			continue;
		vec_for_each (port, &identity->pod->pod.ports) {
			uint32_t mark;

			if (ruleset_mark(rules, port, &mark))
				vec_push(&identity->marks, mark);
		}
		ids_sort(&identity->marks);
	}
}

static void selection_free(struct selection *selection)
{
	vec_for_each (ids, &selection->index.identities)
		vec_free(ids);
	vec_free(&selection->index.identities);
	interner_free(&selection->index.labels);
	vec_for_each (set, &selection->sets)
		free(set->matches);
	vec_free(&selection->sets);
	interner_free(&selection->selectors);
}

void select_identities(struct ruleset *rules, struct identities *identities)
{
	_cleanup_(selection_free) struct selection selection = { .rules = rules, .identities = identities };

	index_labels(&selection.index, identities);
	for (uint32_t i = 0; i < rules->terms.n; i++) {
		struct term *term = &rules->terms.items[i];

		if (term->nodes)
			match_nodes(identities, i, term);
		else
			match_term(&selection, term);
		for (size_t k = 0; term->is_peer && k < term->matches.n; k++)
			vec_push(&identities->list.items[term->matches.items[k]].terms, i);
	}
	for (uint32_t i = 0; i < rules->policies.n; i++) {
		vec_for_each (match, &rules->terms.items[rules->policies.items[i].term].matches)
			vec_push(&identities->list.items[*match].policies, i);
	}
	mark_ports(rules, identities);
}
