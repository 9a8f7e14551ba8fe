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
	account->caps = limit->limit.unit == LIMIT_MAX_CONNECTIONS;
	vec_push(&account->labels, rule_labels(&limit->rule, "limit", limit_name(limit->limit.unit)));
}

/* Lines of a title, beside those of the rules. */
#define AUDIT "audit"
#define CAPS  "caps"

static char *join(const struct ledger_account *account)
{
	char *text = NULL;
	size_t size;
	FILE *out = xmemstream(&text, &size);

	if (account->audit)
		fputs(AUDIT "\n", out);
	if (account->caps)
		fputs(CAPS "\n", out);
	vec_for_each (labels, &account->labels)
		fprintf(out, "%s%s", labels == account->labels.items ? "" : "\n", *labels);
	fclose(out);
	return text;
}

static void remember(struct numbering *numbering, uint32_t number, const struct ledger_account *account)
{
	_cleanup_free_ char *title = NULL;

	if (numbering_title(numbering, number) || !account->labels.n)
		return;
	title = join(account);
	numbering_set_title(numbering, number, title);
}

void ledger_learn(struct ledger *ledger, const struct compiled *compiled, struct numberings *numbers)
{
	vec_for_each (decision, &compiled->decisions) {
		learn_counter(ledger, decision);
		remember(numbers->counters, decision->counter, &ledger->counters.items[decision->counter]);
	}
	vec_for_each (limit, &compiled->limits) {
		learn_bucket(ledger, limit);
		remember(numbers->buckets, limit->bucket, &ledger->buckets.items[limit->bucket]);
	}
}

static void recall(ledger_accounts *accounts, const struct numbering *numbering)
{
	for (uint32_t number = 0; number < numbering_end(numbering); number++) {
		const char *title = numbering_title(numbering, number);
		struct ledger_account *account = title && *title ? new_account(accounts, number) : NULL;

		for (const char *at = title, *end; account && at; at = end ? end + 1 : NULL) {
			const size_t length = strcspn(at, "\n");

			end = at[length] ? at + length : NULL;
			if (length == strlen(AUDIT) && strncmp(at, AUDIT, length) == 0)
				account->audit = true;
			else if (length == strlen(CAPS) && strncmp(at, CAPS, length) == 0)
				account->caps = true;
			else
				vec_push(&account->labels, xstrndup(at, length));
		}
	}
}

void ledger_recall(struct ledger *ledger, const struct numberings *numbers)
{
	recall(&ledger->counters, numbers->counters);
	recall(&ledger->buckets, numbers->buckets);
}

static void account_free(struct ledger_account *account)
{
	vec_for_each (labels, &account->labels)
		free(*labels);
	vec_free(&account->labels);
	account->audit = account->caps = false;
}

void ledger_forget_counter(struct ledger *ledger, uint32_t counter)
{
	if (counter < ledger->counters.n)
		account_free(&ledger->counters.items[counter]);
}

void ledger_forget_bucket(struct ledger *ledger, uint32_t bucket, const struct weir_charged *charged)
{
	struct ledger_account *account = bucket < ledger->buckets.n ? &ledger->buckets.items[bucket] : NULL;

	if (!account)
		return;
	vec_for_each (labels, &account->labels) {
		vec_push(&ledger->dropped, (struct ledger_carried){ .labels = xstrdup(*labels),
								    .packets = charged->dropped_packets,
								    .passed = charged->passed_packets,
								    .marked = charged->marked_packets,
								    .paced = charged->paced_packets,
								    .audit = account->audit });
	}
	account_free(account);
	ledger->changes++;
}

static void free_carries(ledger_carries *carried)
{
	vec_for_each (one, carried)
		free(one->labels);
	vec_free(carried);
}

void ledger_forget_carried(struct ledger *ledger)
{
	free_carries(&ledger->counted);
	free_carries(&ledger->dropped);
	vec_for_each (one, &ledger->pairs)
		pair_carried_free(one);
	vec_free(&ledger->pairs);
	vec_free(&ledger->leaving);
}

static void free_accounts(ledger_accounts *accounts)
{
	vec_for_each (account, accounts)
		account_free(account);
	vec_free(accounts);
}

void ledger_free(struct ledger *ledger)
{
	free_accounts(&ledger->counters);
	free_accounts(&ledger->buckets);
	ledger_forget_carried(ledger);
}
