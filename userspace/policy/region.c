// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every prefix that a policy names, as cidr or as except, gets the blocks of
 * the next shorter prefix around it, with those that begin here and without
 * those that end here. The longest prefix around an address says its region.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "policy/region.h"

struct prefix {
	struct cidr cidr;
	uint32_t block;
	bool is_except;
	uint32_t region; /* of what no longer prefix covers */
};

struct prefixes {
	struct prefix *items;
	size_t n, capacity;
};

static int compare_prefixes(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;

	return cidr_compare(&x->cidr, &y->cidr);
}

static bool is_empty(const struct policy_peer *block)
{
	vec_for_each (except, &block->except) {
		if (cidr_contains_cidr(except, &block->cidr))
			return true;
	}
	return false;
}

static void collect(struct prefixes *prefixes, const struct ruleset *rules)
{
	for (uint32_t i = 0; i < rules->blocks.n; i++) {
		const struct policy_peer *block = rules->blocks.items[i];

		if (is_empty(block))
			continue;
		vec_push(prefixes, (struct prefix){ .cidr = block->cidr, .block = i });
		vec_for_each (except, &block->except)
			vec_push(prefixes, (struct prefix){ .cidr = *except, .block = i, .is_except = true });
	}
	if (prefixes->n)
		qsort(prefixes->items, prefixes->n, sizeof(*prefixes->items), compare_prefixes);
}

/* The blocks around equal prefixes [first, end): the surrounding region's, less what ends, plus what begins. */
static uint32_t cut(struct regions *regions, uint32_t around, const struct prefix *first, const struct prefix *end)
{
	const struct ids outer = interner_ids(&regions->blocks, around);
	struct ids blocks = {}, ended = {};
	uint32_t region;

	for (const struct prefix *prefix = first; prefix < end; prefix++)
		vec_push(prefix->is_except ? &ended : &blocks, prefix->block);
	ids_sort(&ended);
	for (size_t i = 0; i < outer.n; i++) {
		if (!ids_contain(ended.items, ended.n, outer.items[i]))
			vec_push(&blocks, outer.items[i]);
	}
	ids_sort(&blocks);
	region = intern_ids(&regions->blocks, &blocks);
	vec_free(&blocks);
	vec_free(&ended);
	return region;
}

/* Sorted with the shorter first, the prefixes around one are the last ones seen that contain it. Leaves each once. */
static void find_regions(struct regions *regions, struct prefixes *prefixes)
{
	_cleanup_free_ size_t *around = xcalloc(prefixes->n + 1, sizeof(*around));
	size_t depth = 0, n = 0;

	for (size_t i = 0, end; i < prefixes->n; i = end) {
		struct prefix prefix = prefixes->items[i];

		for (end = i + 1; end < prefixes->n; end++) {
			if (cidr_compare(&prefixes->items[end].cidr, &prefix.cidr) != 0)
				break;
		}
		while (depth && !cidr_contains_cidr(&prefixes->items[around[depth - 1]].cidr, &prefix.cidr))
			depth--;
		prefix.region = cut(regions, depth ? prefixes->items[around[depth - 1]].region : 0, prefixes->items + i,
				    prefixes->items + end);
		around[depth++] = n;
		prefixes->items[n++] = prefix;
	}
	prefixes->n = n;
}

/* The trie word for the prefixes [first, end), which agree in the first `depth` bytes, within `around`. */
static uint32_t build_trie(struct writer *writer, const struct prefix *first, const struct prefix *end, unsigned depth,
			   uint32_t around)
{
	uint32_t node[WEIR_TRIE_NODE_WORDS];
	bool same = true;

	for (unsigned i = 0; i < WEIR_TRIE_NODE_WORDS; i++)
		node[i] = around;
	while (first < end) {
		const unsigned byte = first->cidr.addr.bytes[depth], bits = 8 * (depth + 1);
		const struct prefix *next = first + 1;

		if (first->cidr.length <= bits) {
			const unsigned n = 1u << (bits - first->cidr.length);

			for (unsigned i = 0; i < n; i++)
				node[byte + i] = WEIR_TRIE_LEAF | first->region;
		} else {
			while (next < end && next->cidr.addr.bytes[depth] == byte)
				next++;
			node[byte] = build_trie(writer, first, next, depth + 1, node[byte]);
		}
		first = next;
	}
	for (unsigned i = 1; i < WEIR_TRIE_NODE_WORDS && same; i++)
		same = node[i] == node[0];
	/* A node whose words are all one leaf decides nothing. */
	return same && (node[0] & WEIR_TRIE_LEAF) ? node[0] : writer_put(writer, node, WEIR_TRIE_NODE_WORDS);
}

void regions_build(struct regions *regions, const struct ruleset *rules, struct writer *writer)
{
	struct prefixes prefixes = {};
	const struct prefix *begin, *end;

	intern_ids(&regions->blocks, &(struct ids){});
	collect(&prefixes, rules);
	find_regions(regions, &prefixes);
	begin = prefixes.items;
	for (int family = 0; family < WEIR_FAMILIES; family++) {
		for (end = begin; end && end < prefixes.items + prefixes.n; end++) {
			if (end->cidr.addr.family != (enum weir_family)family)
				break;
		}
		writer_header(writer)->tries[family] = build_trie(writer, begin, end, 0, WEIR_TRIE_LEAF);
		begin = end;
	}
	vec_free(&prefixes);
}

void regions_free(struct regions *regions)
{
	interner_free(&regions->blocks);
}
