// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "policy/peers.h"

static uint32_t find_class(struct peers *peers, uint32_t labels, uint32_t region, bool is_node)
{
	const struct peer_class class = { .labels = labels, .region = region, .is_node = is_node };
	const uint32_t number = intern(&peers->keys, &class, sizeof(class));

	if (number == peers->classes.n)
		vec_push(&peers->classes, class);
	return number;
}

/* Only marks that some egress rule can ask for: those of ingress rules tell subjects apart, not peers. */
static uint32_t find_labels(struct peers *peers, const struct ruleset *rules, const struct identity *identity)
{
	struct ids list = {};
	uint32_t number;

	vec_for_each (term, &identity->terms)
		vec_push(&list, *term);
	vec_for_each (mark, &identity->marks) {
		if (rules->named_ports.items[rules->marks.items[*mark].named].used[WEIR_EGRESS])
			vec_push(&list, PEER_MARK | *mark);
	}
	number = intern_ids(&peers->labels, &list);
	vec_free(&list);
	return number;
}

/*
 * The peer word for somebody whose addresses are in the given regions. A table
 * by region says what matters only for these; the rest of it is filled with a
 * class that exists anyway.
 */
static uint32_t peer_word(struct peers *peers, uint32_t labels, const struct ids *in, uint32_t n_regions,
			  struct writer *writer)
{
	const uint32_t first = find_class(peers, labels, in->items[0], false);
	_cleanup_free_ uint32_t *table = NULL;

	if (in->n == 1)
		return first;
	table = xcalloc(n_regions, sizeof(*table));
	for (uint32_t region = 0; region < n_regions; region++)
		table[region] = first;
	vec_for_each (region, in)
		table[*region] = find_class(peers, labels, *region, false);
	return WEIR_PEER_BY_REGION | writer_put(writer, table, n_regions);
}

static uint32_t anywhere(struct peers *peers, const struct ids *terms, bool is_node, uint32_t n_regions,
			 struct writer *writer)
{
	const uint32_t labels = intern_ids(&peers->labels, terms);
	_cleanup_free_ uint32_t *table = xcalloc(n_regions, sizeof(*table));

	for (uint32_t region = 0; region < n_regions; region++)
		table[region] = find_class(peers, labels, region, is_node);
	return n_regions == 1 ? table[0] : WEIR_PEER_BY_REGION | writer_put(writer, table, n_regions);
}

/* Somebody without an address in a family can't be met there: then any class will do, and the other family's exists. */
static void find_identity_words(struct peers *peers, const struct ruleset *rules, struct identity *identity,
				uint32_t n_regions, struct writer *writer)
{
	const uint32_t labels = find_labels(peers, rules, identity);
	const struct ids *in = identity->regions;

	for (int family = 0; family < WEIR_FAMILIES; family++) {
		const struct ids *here = in[family].n ? &in[family] : &in[!family];

		identity->peer[family] = peer_word(peers, labels, here, n_regions, writer);
	}
}

static void invert(struct peers *peers, const struct ruleset *rules, const struct regions *regions)
{
	peers->n_terms = rules->terms.n;
	peers->n_blocks = rules->blocks.n;
	peers->of_term = xcalloc(peers->n_terms + 1, sizeof(*peers->of_term));
	peers->of_block = xcalloc(peers->n_blocks + 1, sizeof(*peers->of_block));
	for (uint32_t i = 0; i < peers->classes.n; i++) {
		const struct ids labels = interner_ids(&peers->labels, peers->classes.items[i].labels);
		const struct ids blocks = interner_ids(&regions->blocks, peers->classes.items[i].region);

		for (size_t k = 0; k < labels.n && !(labels.items[k] & PEER_MARK); k++)
			vec_push(&peers->of_term[labels.items[k]], i);
		for (size_t k = 0; k < blocks.n; k++)
			vec_push(&peers->of_block[blocks.items[k]], i);
	}
}

void peers_build(struct peers *peers, const struct ruleset *rules, const struct regions *regions,
		 struct identities *identities, struct writer *writer)
{
	const uint32_t n_regions = regions_count(regions);
	const struct ids nothing = {};

	peers->world = anywhere(peers, &nothing, false, n_regions, writer);
	peers->node = anywhere(peers, &identities->this_node_terms, true, n_regions, writer);
	vec_for_each (identity, &identities->list)
		find_identity_words(peers, rules, identity, n_regions, writer);
	invert(peers, rules, regions);
}

void peers_free(struct peers *peers)
{
	for (size_t i = 0; i < peers->n_terms; i++)
		vec_free(&peers->of_term[i]);
	for (size_t i = 0; i < peers->n_blocks; i++)
		vec_free(&peers->of_block[i]);
	free(TAKE_PTR(peers->of_term));
	free(TAKE_PTR(peers->of_block));
	vec_free(&peers->classes);
	interner_free(&peers->labels);
	interner_free(&peers->keys);
}

bool peers_have_mark(const struct peers *peers, uint32_t class, uint32_t mark)
{
	const struct ids labels = interner_ids(&peers->labels, peers->classes.items[class].labels);

	return ids_contain(labels.items, labels.n, PEER_MARK | mark);
}
