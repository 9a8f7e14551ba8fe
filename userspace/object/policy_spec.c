/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/policy_parts.h"

#include <stdlib.h>

static const char *const type_names[] = {
	[WEIR_INGRESS] = "Ingress",
	[WEIR_EGRESS] = "Egress",
};

void read_pod_selector(const struct field *field, void *target)
{
	read_selector(field, &((struct policy *)target)->subjects);
}

static void read_policy_type(const struct field *field, void *target)
{
	int direction = field_word(field, type_names, ARRAY_SIZE(type_names));

	if (direction >= 0)
		((struct policy *)target)->isolates[direction] = true;
}

void read_policy_types(const struct field *field, void *target)
{
	field_read_items(field, read_policy_type, target);
}

struct policy_rule *read_rule(const struct field *field, struct policy *policy, enum weir_direction direction,
			      const struct member *members, size_t n)
{
	struct policy_rule *rule =
		vec_push(&policy->rules[direction], (struct policy_rule){ .line = field->node->line });

	return field_read_members(field, members, n, MEMBERS_STRICT, rule) ? rule : NULL;
}

void finish_policy_types(const struct field *spec, struct policy *policy)
{
	static const char *const lists[] = { [WEIR_INGRESS] = "ingress", [WEIR_EGRESS] = "egress" };
	struct field rules;

	if (!policy->isolates[WEIR_INGRESS] && !policy->isolates[WEIR_EGRESS]) {
		policy->isolates[WEIR_INGRESS] = true;
		policy->isolates[WEIR_EGRESS] = policy->rules[WEIR_EGRESS].n > 0;
	}
	for (enum weir_direction direction = 0; direction < WEIR_DIRECTIONS; direction++) {
		if (!policy->isolates[direction] && policy->rules[direction].n > 0 &&
		    field_member(spec, lists[direction], &rules))
			field_warning(&rules, "has no effect: policyTypes does not name %s", type_names[direction]);
	}
}
