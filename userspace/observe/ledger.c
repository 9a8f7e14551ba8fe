// SPDX-License-Identifier: BSD-2-Clause
#include "observe/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "observe/names.h"
#include "observe/series.h"
#include "policy/words.h"

/* The account of a number; NULL when it has been learnt already. */
#define new_account(accounts, number)                                         \
	({                                                                    \
		while ((accounts)->n <= (number))                             \
			vec_push(accounts, (struct ledger_account){});        \
		struct ledger_account *_account = &(accounts)->items[number]; \
		_account->labels.n ? NULL : _account;                         \
	})

static char *rule_labels(const struct rule_ref *rule, const char *last_name, const char *last_value)
{
	const struct series_label labels[] = {
		{ "kind", kind_info(rule->kind)->kind },
		{ "namespace", rule->namespace },
		{ "policy", rule->policy },
		{ "rule", rule->rule },
		{ last_name, last_value },
	};

	return series_labels(labels, ARRAY_SIZE(labels));
}

/* What could get no number of its own is counted under one. */
static char *overflow_labels(const char *last_name)
{
	const struct series_label labels[] = {
		{ "kind", "overflow" }, { "namespace", "" }, { "policy", "" }, { "rule", "" }, { last_name, "" },
	};

	return series_labels(labels, ARRAY_SIZE(labels));
}

static void learn_counter(struct ledger *ledger, const struct decision_info *decision)
{
	struct ledger_account *account = new_account(&ledger->counters, decision->counter);

	if (!account)
		return;
	if (decision->counter == WEIR_COUNTER_OVERFLOW) {
		vec_push(&account->labels, overflow_labels("verdict"));
		return;
	}
	vec_for_each (rule, &decision->rules)
		vec_push(&account->labels,
			 rule_labels(rule, "verdict", decision_word(decision->verdict, decision->flags)));
}

static void learn_bucket(struct ledger *ledger, const struct limit_info *limit)
{
	struct ledger_account *account = new_account(&ledger->buckets, limit->bucket);

	if (!account)
		return;
	account->audit = limit->audit;
	vec_push(&account->labels, rule_labels(&limit->rule, "limit", limit_name(limit->limit.unit)));
}

void ledger_learn(struct ledger *ledger, const struct compiled *compiled)
{
	vec_for_each (decision, &compiled->decisions)
		learn_counter(ledger, decision);
	vec_for_each (limit, &compiled->limits)
		learn_bucket(ledger, limit);
}

static void account_free(struct ledger_account *account)
{
	vec_for_each (labels, &account->labels)
		free(*labels);
	vec_free(&account->labels);
}

/* The labels go over to what is carried. */
static void forget(ledger_accounts *accounts, uint32_t number, const struct ledger_carried *counted,
		   ledger_carries *carried)
{
	struct ledger_account *account = number < accounts->n ? &accounts->items[number] : NULL;

	if (!account)
		return;
	vec_for_each (labels, &account->labels) {
		struct ledger_carried *one = vec_push(carried, *counted);

		one->labels = *labels;
		one->audit = account->audit;
	}
	vec_free(&account->labels);
	account->audit = false;
}

void ledger_forget_counter(struct ledger *ledger, uint32_t counter, uint64_t packets)
{
	forget(&ledger->counters, counter, &(struct ledger_carried){ .packets = packets }, &ledger->counted);
}

void ledger_forget_bucket(struct ledger *ledger, uint32_t bucket, const struct weir_charged *charged)
{
	const struct ledger_carried counted = { .packets = charged->dropped_packets,
						.passed = charged->passed_packets,
						.marked = charged->marked_packets,
						.paced = charged->paced_packets };

	forget(&ledger->buckets, bucket, &counted, &ledger->dropped);
}

static int compare_carried(const void *a, const void *b)
{
	const struct ledger_carried *x = a, *y = b;

	return strcmp(x->labels, y->labels) ?: (int)x->audit - (int)y->audit;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void trim(const ledger_accounts *accounts, ledger_carries *carried)
{
	VEC(const char *) live = {};
	size_t n = 0;

	if (!carried->n)
		return;
	vec_for_each (account, accounts) {
		vec_for_each (labels, &account->labels)
			vec_push(&live, *labels);
	}
	if (live.n)
		qsort(live.items, live.n, sizeof(*live.items), compare_texts);
	qsort(carried->items, carried->n, sizeof(*carried->items), compare_carried);
	for (size_t i = 0; i < carried->n; i++) {
		struct ledger_carried *one = &carried->items[i];

		if (n && compare_carried(&carried->items[n - 1], one) == 0) {
			carried->items[n - 1].packets += one->packets;
			carried->items[n - 1].passed += one->passed;
			carried->items[n - 1].marked += one->marked;
			carried->items[n - 1].paced += one->paced;
			free(one->labels);
		} else if (live.n && bsearch(&one->labels, live.items, live.n, sizeof(*live.items), compare_texts)) {
			carried->items[n++] = *one;
		} else {
			free(one->labels);
		}
	}
	carried->n = n;
	vec_free(&live);
}

void ledger_trim(struct ledger *ledger)
{
	trim(&ledger->counters, &ledger->counted);
	trim(&ledger->buckets, &ledger->dropped);
}

static void free_all(ledger_accounts *accounts, ledger_carries *carried)
{
	vec_for_each (account, accounts)
		account_free(account);
	vec_for_each (one, carried)
		free(one->labels);
	vec_free(accounts);
	vec_free(carried);
}

void ledger_free(struct ledger *ledger)
{
	free_all(&ledger->counters, &ledger->counted);
	free_all(&ledger->buckets, &ledger->dropped);
}
