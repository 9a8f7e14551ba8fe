// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/decisions.h"
#include "policy/limit.h"
#include "policy/refs.h"
#include "policy/words.h"
#include "weir/maps.h"

/* The two opinions of a cell, and what becomes of them. */
struct draft {
	enum weir_direction direction;
	struct opinion enforced, all; /* the latter is what people are told */
	uint8_t flags;
};

static void draft_free(struct draft *draft)
{
	opinion_free(&draft->enforced);
	opinion_free(&draft->all);
}

static void copy_opinion(const struct opinion *from, struct opinion *to)
{
	opinion_free(to);
	*to = (struct opinion){ .reason = from->reason, .rejects = from->rejects };
	vec_for_each (said, &from->said)
		vec_push(&to->said, *said);
}

/* What audited policies say of a denial makes no difference. */
static void fold(struct draft *draft)
{
	if (opinion_denies(&draft->enforced))
		copy_opinion(&draft->enforced, &draft->all);
	else if (opinion_denies(&draft->all))
		draft->flags |= WEIR_DECISION_AUDIT;
	if (draft->all.rejects)
		draft->flags |= WEIR_DECISION_REJECT;
}

static enum weir_verdict verdict_of(const struct draft *draft)
{
	return draft->flags & WEIR_DECISION_REJECT ? WEIR_VERDICT_REJECT : reason_verdict(draft->all.reason);
}

static void put_key(FILE *out, const struct ruleset *rules, const struct draft *draft)
{
	fprintf(out, "%s %s %s", direction_name(draft->direction), decision_word(verdict_of(draft), draft->flags),
		reason_name(draft->all.reason));
	vec_for_each (said, &draft->all.said) {
		fputc('\n', out);
		if (opinion_is_of_policies(&draft->all))
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
	FILE *out = xmemstream(&key, &size);
	uint32_t number;

	put_key(out, decisions->rules, draft);
	fclose(out);
	number = numbering_get(decisions->numberings->counters, key, WEIR_COUNTER_OVERFLOW);
	free(key);
	return number;
}

/* What a rule's policy makes of its limits. */
static uint16_t policy_flags(const struct ruleset *rules, uint32_t number, enum limit_unit unit)
{
	if (ruleset_is_audited(rules, number))
		return WEIR_LIMIT_AUDIT;
	if (unit != LIMIT_CONNECTIONS && unit != LIMIT_MAX_CONNECTIONS)
		return 0;
	return ruleset_rejects(rules, number) ? WEIR_LIMIT_REJECT : 0;
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
	record.flags |= policy_flags(decisions->rules, number, limit.unit);
	*ret = intern(&decisions->limit_keys, key, sizeof(key));
	vec_push(&decisions->limit_records, record);
	vec_push(&decisions->limits, (struct limit_info){ .bucket = record.bucket,
							  .direction = rule->direction,
							  .rule = rule_ref_of(decisions->rules, number),
							  .limit = limit,
							  .index = index,
							  .audit = record.flags & WEIR_LIMIT_AUDIT });
	return 0;
}

/* A flow's entry has room for so many slots. */
static bool has_room_for_caps(const struct decision *decision)
{
	unsigned n = 0;

	for (unsigned i = 0; i < decision->n_limits; i++)
		n += decision->limits[i].unit == WEIR_LIMIT_OPEN;
	return n <= WEIR_CAPS_MAX;
}

/* Every limit of the opinion's rules; with audited set, only those of audited policies. */
static int add_limits(struct decisions *decisions, const struct opinion *opinion, bool audited,
		      struct decision *decision, struct error *error)
{
	const struct ruleset *rules = decisions->rules;

	for (size_t k = 0; opinion->reason == WEIR_REASON_POLICY_ALLOW && k < opinion->said.n; k++) {
		const uint32_t rule = opinion->said.items[k];

		for (uint32_t i = 0; i < rules->rules.items[rule].source->limits.n; i++) {
			_cleanup_free_ char *text = NULL;
			uint32_t number;
			int r;

			if (audited && !ruleset_is_audited(rules, rule))
				break;
			if (decision->n_limits == WEIR_DECISION_LIMITS) {
				text = limit_key(rules, rule, i);
				return error_set(error, -E2BIG,
						 "%s: more than %u limits apply to the same traffic (merge some rules)",
						 text, WEIR_DECISION_LIMITS);
			}
			r = add_limit(decisions, rule, i, &number, error);
			if (r < 0)
				return r;
			decision->limits[decision->n_limits++] = decisions->limit_records.items[number];
			if (has_room_for_caps(decision))
				continue;
			text = limit_key(rules, rule, i);
			return error_set(
				error, -E2BIG,
				"%s: more than %u limits in maxConnections apply to the same traffic (merge some "
				"rules)",
				text, WEIR_CAPS_MAX);
		}
	}
	return 0;
}

static void add_to_key(struct ids *key, const struct opinion *opinion)
{
	vec_push(key, opinion->reason);
	vec_push(key, opinion->rejects);
	vec_push(key, (uint32_t)opinion->said.n);
	vec_for_each (said, &opinion->said)
		vec_push(key, *said);
}

static uint32_t intern_draft(struct decisions *decisions, const struct draft *draft)
{
	struct ids key = {};
	uint32_t number;

	vec_push(&key, draft->direction);
	add_to_key(&key, &draft->enforced);
	if (decisions->rules->audits)
		add_to_key(&key, &draft->all);
	number = intern_ids(&decisions->keys, &key);
	vec_free(&key);
	return number;
}

/* What enforced rules limit is limited whatever audited ones say. */
static int add_decision(struct decisions *decisions, struct draft *draft, struct error *error)
{
	struct decision decision = {
		.info = { .direction = draft->direction,
			  .verdict = verdict_of(draft),
			  .reason = draft->all.reason,
			  .flags = draft->flags },
	};
	int r;

	r = add_limits(decisions, &draft->enforced, false, &decision, error);
	if (r == 0)
		r = add_limits(decisions, &draft->all, true, &decision, error);
	if (r < 0)
		return r;
	decision.info.counter = number_counter(decisions, draft);
	vec_for_each (said, &draft->all.said)
		vec_push(&decision.info.rules, opinion_is_of_policies(&draft->all)
						       ? policy_ref_of(decisions->rules, *said)
						       : rule_ref_of(decisions->rules, *said));
	decision.enforced = draft->enforced;
	decision.all = draft->all;
	draft->enforced = draft->all = (struct opinion){};
	vec_push(&decisions->list, decision);
	return 0;
}

static int find_decision(struct decisions *decisions, struct draft *draft, uint32_t *ret, struct error *error)
{
	uint32_t number;
	int r = 0;

	fold(draft);
	number = intern_draft(decisions, draft);
	if (number == decisions->list.n)
		r = add_decision(decisions, draft, error);
	if (r == 0)
		*ret = number;
	return r;
}

uint32_t decisions_fixed(struct decisions *decisions, enum weir_direction direction, enum weir_reason reason)
{
	struct draft draft = { .direction = direction, .enforced.reason = reason, .all.reason = reason };
	uint32_t number = 0;

	/* Without rules there is nothing that could fail. */
	find_decision(decisions, &draft, &number, NULL);
	return number;
}

int decisions_merge(struct decisions *decisions, enum weir_direction direction, const struct grounds *grounds,
		    uint32_t *ret, struct error *error)
{
	_cleanup_(draft_free) struct draft draft = { .direction = direction };

	opinion_form(decisions->rules, grounds, OPINION_OF_ENFORCED, &draft.enforced);
	if (decisions->rules->audits)
		opinion_form(decisions->rules, grounds, OPINION_OF_ALL, &draft.all);
	else
		copy_opinion(&draft.enforced, &draft.all);
	return find_decision(decisions, &draft, ret, error);
}

int decisions_cross(struct decisions *decisions, uint32_t enforced, uint32_t all, uint32_t *ret, struct error *error)
{
	const struct decision *list = decisions->list.items;
	_cleanup_(draft_free) struct draft draft = { .direction = list[enforced].info.direction };

	copy_opinion(&list[enforced].enforced, &draft.enforced);
	copy_opinion(&list[all].all, &draft.all);
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
			.flags = decision->info.flags | weir_image_limit_flags(decision->limits, decision->n_limits),
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
	vec_for_each (decision, &decisions->list) {
		decision_info_free(&decision->info);
		opinion_free(&decision->enforced);
		opinion_free(&decision->all);
	}
	vec_for_each (limit, &decisions->limits)
		rule_ref_free(&limit->rule);
	vec_free(&decisions->list);
	vec_free(&decisions->limits);
	vec_free(&decisions->limit_records);
	interner_free(&decisions->keys);
	interner_free(&decisions->limit_keys);
}
