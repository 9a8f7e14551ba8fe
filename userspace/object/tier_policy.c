/* SPDX-License-Identifier: BSD-2-Clause */
/* AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy: who is decided on before and after the rest. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "object/kinds.h"
#include "object/names.h"
#include "object/policy_parts.h"
#include "object/tier_parts.h"

#define PRIORITY_MAX 1000

static void read_rule_name(const struct field *field, void *target)
{
	char *name = field_checked(field, name_check_text);

	if (name && *name)
		((struct policy_rule *)target)->name = name;
	else
		free(name);
}

static void read_action(const struct field *field, struct policy_rule *rule, const char *const *words, size_t n)
{
	static const enum rule_action actions[] = { RULE_ALLOW, RULE_DENY, RULE_PASS };
	int at = field_word(field, words, n);

	if (at >= 0)
		rule->action = actions[at];
}

static const char *const v1alpha1_actions[] = { "Allow", "Deny", "Pass" };
static const char *const v1alpha2_actions[] = { "Accept", "Deny", "Pass" };

static void read_admin_action(const struct field *field, void *target)
{
	read_action(field, target, v1alpha1_actions, 3);
}

/* Behind the baseline there is no tier to pass to. */
static void read_baseline_action(const struct field *field, void *target)
{
	read_action(field, target, v1alpha1_actions, 2);
}

static void read_cluster_action(const struct field *field, void *target)
{
	read_action(field, target, v1alpha2_actions, 3);
}

#define RULE_MEMBERS(action, peers, read_peer_list, ports, read_port_list)                   \
	{                                                                                    \
		{ "name", read_rule_name }, { "action", action }, { peers, read_peer_list }, \
			{ ports, read_port_list },                                           \
	}

#define N_RULE_MEMBERS 4u

static const struct member admin_members[WEIR_DIRECTIONS][N_RULE_MEMBERS] = {
	[WEIR_INGRESS] = RULE_MEMBERS(read_admin_action, "from", read_tier_from_v1alpha1, "ports", read_tier_ports),
	[WEIR_EGRESS] = RULE_MEMBERS(read_admin_action, "to", read_tier_to_v1alpha1, "ports", read_tier_ports),
};

static const struct member baseline_members[WEIR_DIRECTIONS][N_RULE_MEMBERS] = {
	[WEIR_INGRESS] = RULE_MEMBERS(read_baseline_action, "from", read_tier_from_v1alpha1, "ports", read_tier_ports),
	[WEIR_EGRESS] = RULE_MEMBERS(read_baseline_action, "to", read_tier_to_v1alpha1, "ports", read_tier_ports),
};

static const struct member cluster_members[WEIR_DIRECTIONS][N_RULE_MEMBERS] = {
	[WEIR_INGRESS] =
		RULE_MEMBERS(read_cluster_action, "from", read_tier_from_v1alpha2, "protocols", read_tier_protocols),
	[WEIR_EGRESS] =
		RULE_MEMBERS(read_cluster_action, "to", read_tier_to_v1alpha2, "protocols", read_tier_protocols),
};

/* Only pods have names for their ports; as a peer of egress there may be somebody else. */
static void check_named_ports(const struct field *field, const struct policy_rule *rule)
{
	bool only_pods = true, named = false;

	vec_for_each (peer, &rule->peers)
		only_pods &= !peer->is_cidr && !peer->is_node;
	vec_for_each (port, &rule->ports)
		named |= port->name != NULL;
	if (named && !only_pods)
		field_error(field, "a named port can't be used with networks or nodes, which have none");
}

static void read_directed_rule(const struct field *field, struct policy *policy, enum weir_direction direction,
			       const struct member (*members)[N_RULE_MEMBERS])
{
	const char *peers = direction == WEIR_INGRESS ? "from" : "to";
	const struct policy_rule *rule = read_rule(field, policy, direction, members[direction], N_RULE_MEMBERS);
	struct field member;

	if (!rule)
		return;
	if (!field_member(field, "action", &member))
		field_missing(field, "action", "is missing");
	if (!field_member(field, peers, &member))
		field_missing(field, peers, "is missing: name at least one peer");
	check_named_ports(field, rule);
}

#define RULE_READERS(kind, max)                                                         \
	static void read_##kind##_ingress_rule(const struct field *field, void *target) \
	{                                                                               \
		read_directed_rule(field, target, WEIR_INGRESS, kind##_members);        \
	}                                                                               \
                                                                                        \
	static void read_##kind##_egress_rule(const struct field *field, void *target)  \
	{                                                                               \
		read_directed_rule(field, target, WEIR_EGRESS, kind##_members);         \
	}                                                                               \
                                                                                        \
	static void read_##kind##_ingress(const struct field *field, void *target)      \
	{                                                                               \
		check_rules(field, max);                                                \
		field_read_items(field, read_##kind##_ingress_rule, target);            \
	}                                                                               \
                                                                                        \
	static void read_##kind##_egress(const struct field *field, void *target)       \
	{                                                                               \
		check_rules(field, max);                                                \
		field_read_items(field, read_##kind##_egress_rule, target);             \
	}

static void check_rules(const struct field *rules, size_t max)
{
	if (rules->node->type == NODE_SEQUENCE && rules->node->n > 0)
		tier_check_length(rules, max);
}

RULE_READERS(admin, TIER_LIST_V1ALPHA1)
RULE_READERS(baseline, TIER_LIST_V1ALPHA1)
RULE_READERS(cluster, TIER_LIST_V1ALPHA2)

static void read_priority(const struct field *field, void *target)
{
	int64_t priority;

	if (field_integer(field, 0, PRIORITY_MAX, &priority))
		((struct policy *)target)->priority = (unsigned)priority;
}

static void read_tier(const struct field *field, void *target)
{
	static const char *const names[] = { "Admin", "Baseline" };
	int at = field_word(field, names, ARRAY_SIZE(names));

	if (at >= 0)
		((struct policy *)target)->tier = at ? TIER_BASELINE : TIER_ADMIN;
}

static const struct member admin_spec[] = {
	{ "priority", read_priority },
	{ "subject", read_tier_subject_v1alpha1 },
	{ "ingress", read_admin_ingress },
	{ "egress", read_admin_egress },
};

static const struct member baseline_spec[] = {
	{ "subject", read_tier_subject_v1alpha1 },
	{ "ingress", read_baseline_ingress },
	{ "egress", read_baseline_egress },
};

static const struct member cluster_spec[] = {
	{ "tier", read_tier },
	{ "priority", read_priority },
	{ "subject", read_tier_subject_v1alpha2 },
	{ "ingress", read_cluster_ingress },
	{ "egress", read_cluster_egress },
};

static const struct member document_members[] = {
	{ "apiVersion", field_ignore }, { "kind", field_ignore },   { "metadata", field_ignore },
	{ "spec", field_ignore },	{ "status", field_ignore },
};

/* Each of the spec's fields but the rules must be there. */
static void read_document(const struct field *document, struct policy *policy, const struct member *members, size_t n)
{
	struct field spec, member;

	policy->has_namespace_selector = true;
	if (!field_read_members(document, document_members, ARRAY_SIZE(document_members), MEMBERS_STRICT, policy))
		return;
	if (!field_member(document, "spec", &spec)) {
		field_missing(document, "spec", "is missing");
		return;
	}
	if (!field_read_members(&spec, members, n, MEMBERS_STRICT, policy))
		return;
	for (size_t i = 0; i < n - WEIR_DIRECTIONS; i++) {
		if (!field_member(&spec, members[i].name, &member))
			field_missing(&spec, members[i].name, "is missing");
	}
}

void admin_network_policy_read(const struct field *document, struct object *object)
{
	object->policy.tier = TIER_ADMIN;
	read_document(document, &object->policy, admin_spec, ARRAY_SIZE(admin_spec));
}

void baseline_admin_network_policy_read(const struct field *document, struct object *object)
{
	struct field metadata, name;

	object->policy.tier = TIER_BASELINE;
	object->policy.priority = POLICY_PRIORITY_LAST;
	read_document(document, &object->policy, baseline_spec, ARRAY_SIZE(baseline_spec));
	if (object->name && strcmp(object->name, "default") != 0 && field_member(document, "metadata", &metadata) &&
	    field_member(&metadata, "name", &name))
		field_error(&name, QUOTE " must be default: a cluster has one BaselineAdminNetworkPolicy",
			    QUOTED(object->name));
}

void cluster_network_policy_read(const struct field *document, struct object *object)
{
	object->policy.tier = TIER_ADMIN;
	read_document(document, &object->policy, cluster_spec, ARRAY_SIZE(cluster_spec));
}
