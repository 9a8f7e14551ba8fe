// SPDX-License-Identifier: BSD-2-Clause
#include "observe/ledger.h"

#include "base/mem.h"
#include "observe/names.h"
#include "observe/series.h"
#include "policy/words.h"
#include "weir/maps.h"

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

#define free_accounts(accounts)                                 \
	do {                                                    \
		vec_for_each (account, accounts) {              \
			vec_for_each (labels, &account->labels) \
				free(*labels);                  \
			vec_free(&account->labels);             \
		}                                               \
		vec_free(accounts);                             \
	} while (0)

void ledger_free(struct ledger *ledger)
{
	free_accounts(&ledger->counters);
	free_accounts(&ledger->buckets);
}
