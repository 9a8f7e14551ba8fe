// SPDX-License-Identifier: BSD-2-Clause
#include "observe/rulebook.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/interned.h"
#include "base/mem.h"
#include "observe/names.h"

static struct rulebook_page *page_of(rulebook_pages *pages, uint32_t number)
{
	while (pages->n <= number)
		vec_push(pages, (struct rulebook_page){});
	return &pages->items[number];
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_of(const struct event_policy *known, const struct rule_ref *rule)
{
	return same_text(known->kind, kind_info(rule->kind)->kind) && same_text(known->namespace, rule->namespace) &&
	       same_text(known->policy, rule->policy) && same_text(known->rule, rule->rule);
}

static struct event_policy policy_of(const struct rule_ref *rule)
{
	return (struct event_policy){
		.kind = interned(kind_info(rule->kind)->kind),
		.namespace = interned(rule->namespace),
		.policy = interned(rule->policy),
		.rule = interned(rule->rule),
	};
}

static struct event_policy policy_ref(const struct event_policy *policy)
{
	interned_ref(policy->kind);
	interned_ref(policy->namespace);
	interned_ref(policy->policy);
	interned_ref(policy->rule);
	return *policy;
}

static void policy_unref(const struct event_policy *policy)
{
	interned_unref(policy->kind);
	interned_unref(policy->namespace);
	interned_unref(policy->policy);
	interned_unref(policy->rule);
}

static void clear(struct rulebook_page *page)
{
	vec_for_each (rule, &page->rules)
		policy_unref(rule);
	vec_free(&page->rules);
	interned_unref(page->limit);
	page->limit = NULL;
}

static void learn_rules(struct rulebook_page *page, const struct rule_ref *rules, size_t n)
{
	bool same = page->rules.n == n;

	for (size_t i = 0; same && i < n; i++)
		same = is_of(&page->rules.items[i], &rules[i]);
	if (same)
		return;
	clear(page);
	for (size_t i = 0; i < n; i++)
		vec_push(&page->rules, policy_of(&rules[i]));
}

static void learn_limit(struct rulebook_page *page, const struct limit_info *info)
{
	_cleanup_free_ char *text =
		xasprintf("%.12g %s", (double)info->limit.rate_milli / 1000, limit_name(info->limit.unit));

	learn_rules(page, &info->rule, 1);
	if (same_text(page->limit, text))
		return;
	interned_unref(page->limit);
	page->limit = interned(text);
}

void rulebook_learn(struct rulebook *book, const struct compiled *compiled)
{
	vec_for_each (decision, &compiled->decisions) {
		/* Of those that share it nobody knows which one it was. */
		if (decision->counter != WEIR_COUNTER_OVERFLOW)
			learn_rules(page_of(&book->counters, decision->counter), decision->rules.items,
				    decision->rules.n);
	}
	vec_for_each (limit, &compiled->limits)
		learn_limit(page_of(&book->buckets, limit->bucket), limit);
}

static void free_pages(rulebook_pages *pages)
{
	vec_for_each (page, pages)
		clear(page);
	vec_free(pages);
}

void rulebook_free(struct rulebook *book)
{
	free_pages(&book->counters);
	free_pages(&book->buckets);
}

static const struct rulebook_page *find(const rulebook_pages *pages, uint32_t number)
{
	return number < pages->n ? &pages->items[number] : NULL;
}

static void name(const struct rulebook_page *page, struct event *event)
{
	if (!page || event->n_policies)
		return;
	event->n_policies = page->rules.n < UINT16_MAX ? page->rules.n : UINT16_MAX;
	event->policies = xcalloc(event->n_policies + 1u, sizeof(*event->policies));
	for (size_t i = 0; i < event->n_policies; i++)
		event->policies[i] = policy_ref(&page->rules.items[i]);
	interned_ref(page->limit);
	event->limit = page->limit;
}

void rulebook_name_counter(const struct rulebook *book, uint32_t counter, struct event *event)
{
	name(find(&book->counters, counter), event);
}

void rulebook_name_bucket(const struct rulebook *book, uint32_t bucket, struct event *event)
{
	name(find(&book->buckets, bucket), event);
}
