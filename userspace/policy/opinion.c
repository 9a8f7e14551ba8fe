// SPDX-License-Identifier: BSD-2-Clause
#include "policy/opinion.h"

#include "policy/words.h"

static const struct policy *policy_of(const struct ruleset *rules, uint32_t number)
{
	return &rules->policies.items[number].object->policy;
}

static const struct policy *policy_of_rule(const struct ruleset *rules, uint32_t number)
{
	return policy_of(rules, rules->rules.items[number].policy);
}

static bool pick(const struct ruleset *rules, const struct ids *from, enum rule_action action, struct ids *to)
{
	const size_t before = to->n;

	vec_for_each (number, from) {
		if (rules->rules.items[*number].source->action == action &&
		    policy_of_rule(rules, *number)->tier == TIER_NETWORK)
			vec_push(to, *number);
	}
	return to->n > before;
}

/* The first rule that matches, in the order of rules, which is that of precedence, decides or leaves it to others. */
static bool decide_in_order(const struct ruleset *rules, const struct ids *from, enum policy_tier tier,
			    struct opinion *opinion)
{
	static const struct {
		enum weir_reason allow, deny;
	} tiers[] = {
		[TIER_ADMIN] = { WEIR_REASON_ADMIN_ALLOW, WEIR_REASON_ADMIN_DENY },
		[TIER_BASELINE] = { WEIR_REASON_BASELINE_ALLOW, WEIR_REASON_BASELINE_DENY },
	};

	vec_for_each (number, from) {
		const enum rule_action action = rules->rules.items[*number].source->action;

		if (policy_of_rule(rules, *number)->tier != tier)
			continue;
		if (action == RULE_PASS)
			return false;
		opinion->reason = action == RULE_DENY ? tiers[tier].deny : tiers[tier].allow;
		vec_push(&opinion->said, *number);
		return true;
	}
	return false;
}

/* Deny beats Allow; the allows add up; Limit decides nothing but counts where something allows. */
static void decide_together(const struct ruleset *rules, const struct ids *policies, const struct ids *from,
			    struct opinion *opinion)
{
	if (pick(rules, from, RULE_DENY, &opinion->said)) {
		opinion->reason = WEIR_REASON_POLICY_DENY;
		vec_for_each (said, &opinion->said)
			opinion->rejects |= policy_of_rule(rules, *said)->on_deny == POLICY_REJECT;
	} else if (pick(rules, from, RULE_ALLOW, &opinion->said)) {
		opinion->reason = WEIR_REASON_POLICY_ALLOW;
		pick(rules, from, RULE_LIMIT, &opinion->said);
		ids_sort(&opinion->said);
	} else {
		opinion->reason = WEIR_REASON_POLICY_DEFAULT;
		vec_for_each (policy, policies) {
			vec_push(&opinion->said, *policy);
			opinion->rejects |= policy_of(rules, *policy)->on_deny == POLICY_REJECT;
		}
	}
}

static void decide(const struct ruleset *rules, const struct grounds *grounds, struct opinion *opinion)
{
	if (decide_in_order(rules, grounds->rules, TIER_ADMIN, opinion))
		return;
	if (grounds->policies->n)
		decide_together(rules, grounds->policies, grounds->rules, opinion);
	else if (!decide_in_order(rules, grounds->rules, TIER_BASELINE, opinion))
		opinion->reason = WEIR_REASON_NO_POLICY;
}

static void decide_enforced(const struct ruleset *rules, const struct grounds *grounds, struct opinion *opinion)
{
	struct ids policies = {}, enforced = {};

	vec_for_each (policy, grounds->policies) {
		if (policy_of(rules, *policy)->mode == POLICY_ENFORCE)
			vec_push(&policies, *policy);
	}
	vec_for_each (rule, grounds->rules) {
		if (!ruleset_is_audited(rules, *rule))
			vec_push(&enforced, *rule);
	}
	decide(rules, &(struct grounds){ &policies, &enforced }, opinion);
	vec_free(&policies);
	vec_free(&enforced);
}

void opinion_form(const struct ruleset *rules, const struct grounds *grounds, enum electorate electorate,
		  struct opinion *ret)
{
	if (electorate == OPINION_OF_ENFORCED && rules->audits)
		decide_enforced(rules, grounds, ret);
	else
		decide(rules, grounds, ret);
}

void opinion_free(struct opinion *opinion)
{
	vec_free(&opinion->said);
}

bool opinion_denies(const struct opinion *opinion)
{
	return reason_verdict(opinion->reason) != WEIR_VERDICT_PASS;
}

bool opinion_is_of_policies(const struct opinion *opinion)
{
	return opinion->reason == WEIR_REASON_POLICY_DEFAULT;
}

size_t opinion_limits(const struct ruleset *rules, const struct opinion *opinion, bool audited)
{
	size_t n = 0;

	for (size_t i = 0; opinion->reason == WEIR_REASON_POLICY_ALLOW && i < opinion->said.n; i++) {
		const uint32_t number = opinion->said.items[i];

		if (!audited || ruleset_is_audited(rules, number))
			n += rules->rules.items[number].source->limits.n;
	}
	return n;
}
