/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "object/kinds.h"
#include "object/names.h"
#include "object/policy_limit.h"
#include "object/policy_parts.h"

static void read_rule_name(const struct field *field, void *target)
{
	((struct policy_rule *)target)->name = field_checked(field, name_check_label);
}

static void read_action(const struct field *field, void *target)
{
	static const char *const names[] = {
		[RULE_ALLOW] = "Allow",
		[RULE_DENY] = "Deny",
		[RULE_LIMIT] = "Limit",
	};
	int action = field_word(field, names, ARRAY_SIZE(names));

	if (action >= 0)
		((struct policy_rule *)target)->action = (enum rule_action)action;
}

static const struct member ingress_members[] = {
	{ "name", read_rule_name }, { "action", read_action },	       { "from", read_peers },
	{ "ports", read_ports },    { "limits", read_ingress_limits },
};

static const struct member egress_members[] = {
	{ "name", read_rule_name }, { "action", read_action },	      { "to", read_peers },
	{ "ports", read_ports },    { "limits", read_egress_limits },
};

/* Limits and counters of a rule are found again by its name, so two can't share one. */
static void check_name(const struct field *field, const struct policy *policy, enum weir_direction direction)
{
	const struct policy_rule *rules = policy->rules[direction].items;
	size_t last = policy->rules[direction].n - 1;

	for (size_t i = 0; i < last && rules[last].name; i++) {
		if (rules[i].name && strcmp(rules[i].name, rules[last].name) == 0) {
			field_error(field, "another rule is named " QUOTE " too (on line %d)", QUOTED(rules[i].name),
				    rules[i].line);
			return;
		}
	}
}

static void check_limits(const struct field *field, const struct policy_rule *rule)
{
	struct field limits;
	bool has_limits =
		field_member(field, "limits", &limits) && (limits.node->type != NODE_SEQUENCE || limits.node->n > 0);

	if (rule->action == RULE_LIMIT && !has_limits)
		field_missing(field, "limits", "is missing: a rule with action Limit needs at least one");
	else if (rule->action == RULE_DENY && has_limits)
		field_key_error(&limits, "must be absent from a rule with action Deny: nothing passes it");
}

static void read_directed_rule(const struct field *field, struct policy *policy, enum weir_direction direction)
{
	const struct policy_rule *rule;

	if (direction == WEIR_INGRESS)
		rule = read_rule(field, policy, direction, ingress_members, ARRAY_SIZE(ingress_members));
	else
		rule = read_rule(field, policy, direction, egress_members, ARRAY_SIZE(egress_members));
	if (rule) {
		check_name(field, policy, direction);
		check_limits(field, rule);
	}
}

static void read_ingress_rule(const struct field *field, void *target)
{
	read_directed_rule(field, target, WEIR_INGRESS);
}

static void read_egress_rule(const struct field *field, void *target)
{
	read_directed_rule(field, target, WEIR_EGRESS);
}

static void read_ingress(const struct field *field, void *target)
{
	field_read_items(field, read_ingress_rule, target);
}

static void read_egress(const struct field *field, void *target)
{
	field_read_items(field, read_egress_rule, target);
}

static void read_mode(const struct field *field, void *target)
{
	static const char *const names[] = { [POLICY_ENFORCE] = "Enforce", [POLICY_AUDIT] = "Audit" };
	int mode = field_word(field, names, ARRAY_SIZE(names));

	if (mode >= 0)
		((struct policy *)target)->mode = (enum policy_mode)mode;
}

static void read_on_deny(const struct field *field, void *target)
{
	static const char *const names[] = { [POLICY_DROP] = "Drop", [POLICY_REJECT] = "Reject" };
	int on_deny = field_word(field, names, ARRAY_SIZE(names));

	if (on_deny >= 0)
		((struct policy *)target)->on_deny = (enum policy_on_deny)on_deny;
}

static const struct member spec_members[] = {
	{ "podSelector", read_pod_selector }, { "mode", read_mode },	   { "onDeny", read_on_deny },
	{ "policyTypes", read_policy_types }, { "ingress", read_ingress }, { "egress", read_egress },
};

static void read_namespaces(const struct field *field, void *target)
{
	read_selector(field, &((struct policy *)target)->namespaces);
}

static const struct member cluster_spec_members[] = {
	{ "namespaceSelector", read_namespaces },
	{ "podSelector", read_pod_selector },
	{ "mode", read_mode },
	{ "onDeny", read_on_deny },
	{ "policyTypes", read_policy_types },
	{ "ingress", read_ingress },
	{ "egress", read_egress },
};

/* A cluster-wide policy has no namespace of its own: what names none means all. */
static void widen(struct policy *policy)
{
	policy->has_namespace_selector = true;
	for (enum weir_direction direction = 0; direction < WEIR_DIRECTIONS; direction++) {
		vec_for_each (rule, &policy->rules[direction]) {
			vec_for_each (peer, &rule->peers)
				peer->has_namespace_selector |= !peer->is_cidr;
		}
	}
}

static void read_cluster_spec(const struct field *field, void *target)
{
	if (field_read_members(field, cluster_spec_members, ARRAY_SIZE(cluster_spec_members), MEMBERS_STRICT, target))
		finish_policy_types(field, target);
	widen(target);
}

static void read_spec(const struct field *field, void *target)
{
	if (field_read_members(field, spec_members, ARRAY_SIZE(spec_members), MEMBERS_STRICT, target))
		finish_policy_types(field, target);
}

static const struct member document_members[] = {
	{ "apiVersion", field_ignore }, { "kind", field_ignore },   { "metadata", field_ignore },
	{ "spec", read_spec },		{ "status", field_ignore },
};

static const struct member cluster_document_members[] = {
	{ "apiVersion", field_ignore }, { "kind", field_ignore },   { "metadata", field_ignore },
	{ "spec", read_cluster_spec },	{ "status", field_ignore },
};

static void read_policy(const struct field *document, const struct member *members, size_t n, struct policy *policy)
{
	struct field spec;

	if (field_read_members(document, members, n, MEMBERS_STRICT, policy) && !field_member(document, "spec", &spec))
		field_missing(document, "spec", "is missing");
}

void traffic_policy_read(const struct field *document, struct object *object)
{
	read_policy(document, document_members, ARRAY_SIZE(document_members), &object->policy);
}

void cluster_traffic_policy_read(const struct field *document, struct object *object)
{
	read_policy(document, cluster_document_members, ARRAY_SIZE(cluster_document_members), &object->policy);
}
