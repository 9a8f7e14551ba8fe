// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/decisions.h"
#include "policy/limit.h"
#include "policy/refs.h"
#include "weir/maps.h"

static const struct {
	const char *name;
	enum weir_verdict verdict;
} reasons[] = {
#define REASON_ROW(number, symbol, text, verdict_, meaning) [number] = { text, WEIR_VERDICT_##verdict_ },
	WEIR_REASONS(REASON_ROW)
#undef REASON_ROW
};

static const char *const verdicts[WEIR_VERDICT_MAX] = {
	[WEIR_VERDICT_NONE] = "none",
	[WEIR_VERDICT_PASS] = "pass",
	[WEIR_VERDICT_DROP] = "drop",
	[WEIR_VERDICT_REJECT] = "reject",
};

/* A decision in the making. said: rules, or for a default deny the policies. */
struct draft {
	enum weir_direction direction;
	enum weir_reason reason;
	struct ids said;
};

static void draft_free(struct draft *draft)
{
	vec_free(&draft->said);
}

static bool said_by_policies(const struct draft *draft)
{
	return draft->reason == WEIR_REASON_POLICY_DEFAULT;
}

static void put_key(FILE *out, const struct ruleset *rules, const struct draft *draft)
{
	fprintf(out, "%s %s %s", direction_name(draft->direction), verdicts[reasons[draft->reason].verdict],
		reasons[draft->reason].name);
	vec_for_each (said, &draft->said) {
		fputc('\n', out);
		if (said_by_policies(draft))
			policy_key_write(out, rules->policies.items[*said].object);
		else
			rule_key_write(out, rules, *said);
	}
}

/* Names the decision for as long as its rules are called the same, across recompilations and restarts. */
static uint32_t number_counter(struct decisions *decisions, const struct draft *draft)
{
	char *key = NULL;
	size_t size;
	FILE *out = open_memstream(&key, &size);
	uint32_t number;

	put_key(out, decisions->rules, draft);
	fclose(out);
	number = numbering_get(decisions->numberings->counters, key, WEIR_COUNTER_OVERFLOW);
	free(key);
	return number;
}

static int add_limit(struct decisions *decisions, uint32_t number, uint32_t index, uint32_t *ret, struct error *error)
{
	const struct rule *rule = &decisions->rules->rules.items[number];
	const struct policy_limit limit = limit_effective(&rule->source->limits.items[index]);
	const uint32_t key[] = { number, index };
	_cleanup_free_ char *text = NULL;
	struct weir_image_limit record;
	int r;

	if (interner_find(&decisions->limit_keys, key, sizeof(key), ret))
		return 0;
	text = limit_key(decisions->rules, number, index);
	r = limit_parameters(&limit, &record, error);
	if (r < 0)
		return error_prefix(error, "%s", text);
	record.bucket = numbering_get(decisions->numberings->buckets, text, BUCKETS_MAX);
	if (record.bucket == BUCKETS_MAX)
		return error_set(error, -ENOSPC, "%s: all %u token buckets are taken", text, BUCKETS_MAX);
	*ret = intern(&decisions->limit_keys, key, sizeof(key));
	vec_push(&decisions->limit_records, record);
	vec_push(&decisions->limits, (struct limit_info){ .bucket = record.bucket,
							  .direction = rule->direction,
							  .rule = rule_ref_of(decisions->rules, number),
							  .limit = limit,
							  .index = index });
	return 0;
}

/* Every limit of every rule that lets the packet pass applies. */
static int add_limits(struct decisions *decisions, const struct draft *draft, struct decision *decision,
		      struct error *error)
{
	vec_for_each (said, &draft->said) {
		const struct rule *rule = &decisions->rules->rules.items[*said];

		for (uint32_t i = 0; i < rule->source->limits.n; i++) {
			_cleanup_free_ char *text = NULL;
			uint32_t number;
			int r;

			if (decision->n_limits == WEIR_DECISION_LIMITS) {
				text = limit_key(decisions->rules, *said, i);
				return error_set(error, -E2BIG,
						 "%s: more than %u limits apply to the same traffic (merge some rules)",
						 text, WEIR_DECISION_LIMITS);
			}
			r = add_limit(decisions, *said, i, &number, error);
			if (r < 0)
				return r;
			decision->limits[decision->n_limits++] = decisions->limit_records.items[number];
		}
	}
	return 0;
}

static int find_decision(struct decisions *decisions, const struct draft *draft, uint32_t *ret, struct error *error)
{
	struct ids key = {};
	struct decision decision = {
		.info = {
			.direction = draft->direction,
			.verdict = reasons[draft->reason].verdict,
			.reason = draft->reason,
		},
	};
	uint32_t number;
	int r = 0;

	vec_push(&key, draft->direction);
	vec_push(&key, draft->reason);
	vec_for_each (said, &draft->said)
		vec_push(&key, *said);
	number = intern_ids(&decisions->keys, &key);
	vec_free(&key);
	if (number == decisions->list.n) {
		if (draft->reason == WEIR_REASON_POLICY_ALLOW)
			r = add_limits(decisions, draft, &decision, error);
		if (r < 0)
			return r;
		decision.info.counter = number_counter(decisions, draft);
		vec_for_each (said, &draft->said)
			vec_push(&decision.info.rules, said_by_policies(draft) ? policy_ref_of(decisions->rules, *said)
									       : rule_ref_of(decisions->rules, *said));
		vec_push(&decisions->list, decision);
	}
	*ret = number;
	return 0;
}

uint32_t decisions_fixed(struct decisions *decisions, enum weir_direction direction, enum weir_reason reason)
{
	uint32_t number = 0;

	/* Without rules there is nothing that could fail. */
	find_decision(decisions, &(struct draft){ .direction = direction, .reason = reason }, &number, NULL);
	return number;
}

static enum policy_tier tier_of(const struct ruleset *rules, const struct rule *rule)
{
	return rules->policies.items[rule->policy].object->policy.tier;
}

static bool pick(const struct ruleset *rules, const struct ids *from, enum rule_action action, struct ids *to)
{
	const size_t before = to->n;

	vec_for_each (number, from) {
		const struct rule *rule = &rules->rules.items[*number];

		if (rule->source->action == action && tier_of(rules, rule) == TIER_NETWORK)
			vec_push(to, *number);
	}
	return to->n > before;
}

/* The first rule that matches, in the order of rules, which is that of precedence, decides or leaves it to others. */
static bool decide_in_order(const struct ruleset *rules, const struct ids *from, enum policy_tier tier,
			    struct draft *draft)
{
	static const struct {
		enum weir_reason allow, deny;
	} tiers[] = {
		[TIER_ADMIN] = { WEIR_REASON_ADMIN_ALLOW, WEIR_REASON_ADMIN_DENY },
		[TIER_BASELINE] = { WEIR_REASON_BASELINE_ALLOW, WEIR_REASON_BASELINE_DENY },
	};

	vec_for_each (number, from) {
		const struct rule *rule = &rules->rules.items[*number];

		if (tier_of(rules, rule) != tier)
			continue;
		if (rule->source->action == RULE_PASS)
			return false;
		draft->reason = rule->source->action == RULE_DENY ? tiers[tier].deny : tiers[tier].allow;
		vec_push(&draft->said, *number);
		return true;
	}
	return false;
}

/* Deny beats Allow; the allows add up; Limit decides nothing but counts where something allows. */
static void decide_together(const struct ruleset *rules, const struct ids *policies, const struct ids *from,
			    struct draft *draft)
{
	if (pick(rules, from, RULE_DENY, &draft->said)) {
		draft->reason = WEIR_REASON_POLICY_DENY;
	} else if (pick(rules, from, RULE_ALLOW, &draft->said)) {
		draft->reason = WEIR_REASON_POLICY_ALLOW;
		pick(rules, from, RULE_LIMIT, &draft->said);
		ids_sort(&draft->said);
	} else {
		draft->reason = WEIR_REASON_POLICY_DEFAULT;
		vec_for_each (policy, policies)
			vec_push(&draft->said, *policy);
	}
}

int decisions_merge(struct decisions *decisions, enum weir_direction direction, const struct ids *policies,
		    const struct ids *rules, uint32_t *ret, struct error *error)
{
	_cleanup_(draft_free) struct draft draft = { .direction = direction };

	if (!decide_in_order(decisions->rules, rules, TIER_ADMIN, &draft)) {
		if (policies->n)
			decide_together(decisions->rules, policies, rules, &draft);
		else if (!decide_in_order(decisions->rules, rules, TIER_BASELINE, &draft))
			draft.reason = WEIR_REASON_NO_POLICY;
	}
	return find_decision(decisions, &draft, ret, error);
}

static int compare_buckets(const void *a, const void *b)
{
	const struct limit_info *x = a, *y = b;

	return x->bucket < y->bucket ? -1 : x->bucket > y->bucket;
}

void decisions_write(struct decisions *decisions, struct writer *writer, struct compiled *compiled)
{
	_cleanup_free_ uint32_t *at = xcalloc(decisions->list.n + 1, sizeof(*at));
	size_t n = 0;
	uint32_t next;

	vec_for_each (decision, &decisions->list)
		n += WEIR_DECISION_WORDS + decision->n_limits * WEIR_LIMIT_WORDS;
	next = writer_reserve(writer, n);
	if (writer->full)
		return;
	writer_header(writer)->decisions = next;
	writer_header(writer)->n_decisions = (uint32_t)decisions->list.n;
	for (size_t i = 0; i < decisions->list.n; i++) {
		struct decision *decision = &decisions->list.items[i];
		const struct weir_image_decision record = {
			.verdict = (uint8_t)decision->info.verdict,
			.reason = (uint8_t)decision->info.reason,
			.n_limits = decision->n_limits,
			.counter = decision->info.counter,
		};

		at[i] = decision->info.at = next;
		memcpy(writer->words + next, &record, sizeof(record));
		next += WEIR_DECISION_WORDS;
		memcpy(writer->words + next, decision->limits, decision->n_limits * sizeof(*decision->limits));
		next += decision->n_limits * WEIR_LIMIT_WORDS;
		vec_push(&compiled->decisions, decision->info);
		decision->info = (struct decision_info){};
	}
	writer_place_decisions(writer, at);
	vec_for_each (limit, &decisions->limits)
		vec_push(&compiled->limits, *limit);
	decisions->limits.n = 0;
	if (compiled->limits.n)
		qsort(compiled->limits.items, compiled->limits.n, sizeof(*compiled->limits.items), compare_buckets);
}

void decisions_free(struct decisions *decisions)
{
	vec_for_each (decision, &decisions->list)
		decision_info_free(&decision->info);
	vec_for_each (limit, &decisions->limits)
		rule_ref_free(&limit->rule);
	vec_free(&decisions->list);
	vec_free(&decisions->limits);
	vec_free(&decisions->limit_records);
	interner_free(&decisions->keys);
	interner_free(&decisions->limit_keys);
}
