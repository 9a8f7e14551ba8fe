// SPDX-License-Identifier: BSD-2-Clause
#include "observe/pairs.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "policy/workload.h"

const char *pair_verdict_name(enum pair_verdict verdict)
{
	static const char *const names[PAIR_VERDICTS] = { "allowed", "denied", "limited", "audited" };

	return names[verdict];
}

const char *pair_verdict_metric(enum pair_verdict verdict)
{
	static const char *const names[PAIR_VERDICTS] = { "pass", "drop", "limit", "audit" };

	return names[verdict];
}

/* The key says "ingress pass policy-allow", and then whose rules had a say. */
bool pair_verdict_of_counter(const struct numberings *numbers, uint32_t counter, enum pair_verdict *ret)
{
	static const struct {
		const char *word;
		enum pair_verdict verdict;
	} words[] = {
		{ " pass ", PAIR_ALLOWED },
		{ " drop ", PAIR_DENIED },
		{ " reject ", PAIR_DENIED },
		{ " audit ", PAIR_AUDITED },
	};
	const char *key = numbering_key(numbers->counters, counter);
	const char *word = key ? strchr(key, ' ') : NULL;

	for (size_t i = 0; word && i < ARRAY_SIZE(words); i++) {
		if (strncmp(word, words[i].word, strlen(words[i].word)) != 0)
			continue;
		*ret = words[i].verdict;
		return true;
	}
	return false;
}

bool pair_verdict_of(const struct numberings *numbers, uint64_t tag, enum pair_verdict *ret)
{
	if (!(tag & WEIR_PAIR_USED) || tag & WEIR_PAIR_ONWARD)
		return false;
	if (weir_pair_counter(tag) != WEIR_PAIR_LIMITED)
		return pair_verdict_of_counter(numbers, weir_pair_counter(tag), ret);
	*ret = PAIR_LIMITED;
	return true;
}

void account_add(struct weir_account *sum, const struct weir_account *counted)
{
	sum->packets += counted->packets;
	sum->bytes += counted->bytes;
	sum->connections += counted->connections;
}

void pair_carried_free(struct pair_carried *carried)
{
	free(TAKE_PTR(carried->source));
	free(TAKE_PTR(carried->destination));
}

/* --- the pairs that have names --- */

struct named {
	struct pair pair;
	UT_hash_handle hh;
	char key[];
};

struct summing {
	const struct numberings *numbers;
	struct named *named;
	size_t most;
	struct pairs *pairs;
};

/* NULL: there are as many as may be. */
static struct named *find_or_add(struct summing *summing, const char *source, const char *destination)
{
	_cleanup_free_ char *key = xasprintf("%s\n%s", source, destination);
	struct named *named;

	HASH_FIND_STR(summing->named, key, named);
	if (named || HASH_COUNT(summing->named) >= summing->most)
		return named;
	named = xcalloc(1, sizeof(*named) + strlen(key) + 1);
	strcpy(named->key, key);
	named->pair = (struct pair){ .source = source, .destination = destination };
	HASH_ADD_STR(summing->named, key, named);
	return named;
}

/* Rows that had a name go first, so that none of them loses it to a newer one. */
static void sum_rows(struct summing *summing, struct datapath_accounts *accounts, enum pair_series series)
{
	const struct numbering *identities = summing->numbers->identities;

	vec_for_each (row, &accounts->pairs) {
		enum pair_verdict verdict;
		struct named *named = NULL;

		if (row->series != series || !pair_verdict_of(summing->numbers, row->tag, &verdict))
			continue;
		if (series != PAIR_OTHER)
			named = find_or_add(summing, workload_of(identities, weir_pair_source(row->tag)),
					    workload_of(identities, weir_pair_destination(row->tag)));
		row->series = named ? PAIR_NAMED : PAIR_OTHER;
		account_add(named ? &named->pair.by[verdict] : &summing->pairs->other[verdict], &row->counted);
	}
}

/* It had its name before what is new. */
static void sum_carried(struct summing *summing, const pair_carries *carried)
{
	vec_for_each (one, carried) {
		struct named *named = one->source ? find_or_add(summing, one->source, one->destination) : NULL;

		account_add(named ? &named->pair.by[one->verdict] : &summing->pairs->other[one->verdict],
			    &one->counted);
	}
}

static void sum_decisions(const struct summing *summing, const struct datapath_accounts *accounts)
{
	enum pair_verdict verdict;

	account_add(&summing->pairs->other[PAIR_LIMITED], &accounts->limited);
	for (uint32_t i = 0; i < accounts->n_decisions; i++) {
		if (pair_verdict_of_counter(summing->numbers, i, &verdict))
			account_add(&summing->pairs->other[verdict], &accounts->decisions[i]);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return strcmp(x->source, y->source) ?: strcmp(x->destination, y->destination);
}

static void hand_over(struct summing *summing)
{
	struct named *named, *next;

	HASH_ITER (hh, summing->named, named, next) {
		vec_push(&summing->pairs->list, named->pair);
		HASH_DEL(summing->named, named);
		free(named);
	}
	if (summing->pairs->list.n)
		qsort(summing->pairs->list.items, summing->pairs->list.n, sizeof(struct pair), by_name);
}

void pairs_sum(struct datapath_accounts *accounts, const struct numberings *numbers, const pair_carries *carried,
	       size_t most, struct pairs *ret)
{
	struct summing summing = { .numbers = numbers, .most = most, .pairs = ret };

	*ret = (struct pairs){};
	sum_rows(&summing, accounts, PAIR_OTHER);
	sum_rows(&summing, accounts, PAIR_NAMED);
	sum_carried(&summing, carried);
	sum_rows(&summing, accounts, PAIR_UNDECIDED);
	sum_decisions(&summing, accounts);
	hand_over(&summing);
}

void pairs_free(struct pairs *pairs)
{
	vec_free(&pairs->list);
}
