// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>

#include "base/mem.h"
#include "object/names.h"
#include "policy/refs.h"

struct rule_ref policy_ref_of(const struct ruleset *rules, uint32_t policy)
{
	const struct object *object = rules->policies.items[policy].object;

	return (struct rule_ref){
		.kind = object->kind,
		.namespace = xstrdup(object->namespace),
		.policy = xstrdup(object->name),
	};
}

struct rule_ref rule_ref_of(const struct ruleset *rules, uint32_t number)
{
	const struct rule *rule = &rules->rules.items[number];
	struct rule_ref ref = policy_ref_of(rules, rule->policy);

	ref.rule = rule->source->name ? xstrdup(rule->source->name) : xasprintf("%u", rule->index);
	return ref;
}

void rule_ref_free(struct rule_ref *rule)
{
	free(TAKE_PTR(rule->namespace));
	free(TAKE_PTR(rule->policy));
	free(TAKE_PTR(rule->rule));
}

void decision_info_free(struct decision_info *info)
{
	vec_for_each (rule, &info->rules)
		rule_ref_free(rule);
	vec_free(&info->rules);
}

char *rule_ref_format(const struct rule_ref *rule, bool with_rule)
{
	const bool named = with_rule && rule->rule;

	return xasprintf("%s %s%s%s%s%s", kind_info(rule->kind)->kind, rule->namespace ?: "",
			 rule->namespace ? "/" : "", rule->policy, named ? " rule " : "", named ? rule->rule : "");
}

const char *direction_name(enum weir_direction direction)
{
	return direction == WEIR_INGRESS ? "ingress" : "egress";
}

void policy_key_write(FILE *out, const struct object *policy)
{
	fprintf(out, "%s %s%s%s", kind_info(policy->kind)->kind, policy->namespace ?: "", policy->namespace ? "/" : "",
		policy->name);
}

static void rule_name_write(FILE *out, const struct rule *rule)
{
	/* Those of the admin and baseline tiers may be called anything. */
	if (rule->source->name && !name_check_label(rule->source->name))
		fprintf(out, " %s", rule->source->name);
	else
		fprintf(out, " [%u]", rule->index);
}

void rule_key_write(FILE *out, const struct ruleset *rules, uint32_t number)
{
	const struct rule *rule = &rules->rules.items[number];

	policy_key_write(out, rules->policies.items[rule->policy].object);
	rule_name_write(out, rule);
}

char *limit_key(const struct ruleset *rules, uint32_t number, uint32_t index)
{
	const struct rule *rule = &rules->rules.items[number];
	char *key = NULL;
	size_t size;
	FILE *out = xmemstream(&key, &size);

	policy_key_write(out, rules->policies.items[rule->policy].object);
	fprintf(out, " %s", direction_name(rule->direction));
	rule_name_write(out, rule);
	/* What only counts and what drops are two limits, each with a bucket of its own. */
	fprintf(out, " limit %u%s", index, ruleset_is_audited(rules, number) ? " audit" : "");
	fclose(out);
	return key;
}
