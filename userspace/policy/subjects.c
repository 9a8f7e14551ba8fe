// SPDX-License-Identifier: BSD-2-Clause
#include "policy/subjects.h"

#define SUBJECT_MARK 0x80000000u

static bool policy_names_port(const struct ruleset *rules, const struct selecting_policy *policy, uint32_t named)
{
	for (uint32_t i = policy->first_rule[WEIR_INGRESS]; i < policy->first_rule[WEIR_INGRESS + 1]; i++) {
		const struct ids *list = &rules->rules.items[i].named;

		if (ids_contain(list->items, list->n, named))
			return true;
	}
	return false;
}

static bool is_asked_for(const struct ruleset *rules, const struct identity *identity, uint32_t mark)
{
	const uint32_t named = rules->marks.items[mark].named;

	vec_for_each (policy, &identity->policies) {
		if (policy_names_port(rules, &rules->policies.items[*policy], named))
			return true;
	}
	return false;
}

void subjects_build(struct subjects *subjects, const struct ruleset *rules, struct identities *identities)
{
	struct ids key = {};

	intern_ids(&subjects->keys, &key);
	vec_push(&subjects->classes, (struct subject_class){});
	vec_for_each (identity, &identities->list) {
		key.n = 0;
		vec_for_each (policy, &identity->policies)
			vec_push(&key, *policy);
		vec_for_each (mark, &identity->marks) {
			if (is_asked_for(rules, identity, *mark))
				vec_push(&key, SUBJECT_MARK | *mark);
		}
		identity->subject = intern_ids(&subjects->keys, &key);
		if (identity->subject == subjects->classes.n)
			vec_push(&subjects->classes, (struct subject_class){ .example = identity });
	}
	vec_free(&key);
}

void subjects_free(struct subjects *subjects)
{
	interner_free(&subjects->keys);
	vec_free(&subjects->classes);
}
