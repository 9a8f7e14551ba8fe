// SPDX-License-Identifier: BSD-2-Clause
#include "base/mem.h"
#include "policy/supported.h"

static const char *unsupported_rule(const struct policy_rule *rule)
{
	if (rule->action == RULE_DENY && rule->limits.n)
		return "a limit on a Deny rule";
	return NULL;
}

static int refuse(const struct object *object, const char *rule, const char *what, struct error *error)
{
	_cleanup_free_ char *title = object_title(object);

	return error_set(error, -EOPNOTSUPP, "%s: rule %s: %s is not supported by this version", title, rule, what);
}

static int check_rules(const struct object *object, enum weir_direction direction, struct error *error)
{
	for (size_t i = 0; i < object->policy.rules[direction].n; i++) {
		const struct policy_rule *rule = &object->policy.rules[direction].items[i];
		const char *what = unsupported_rule(rule);
		_cleanup_free_ char *index = NULL;

		if (!what)
			continue;
		index = xasprintf("%zu", i);
		return refuse(object, rule->name ?: index, what, error);
	}
	return 0;
}

int check_supported(const struct world *world, struct error *error)
{
	vec_for_each (policy, &world->policies) {
		int r = check_rules(*policy, WEIR_INGRESS, error) ?: check_rules(*policy, WEIR_EGRESS, error);

		if (r < 0)
			return r;
	}
	return 0;
}
