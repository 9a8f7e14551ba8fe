/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/kinds.h"
#include "object/policy_parts.h"

static const struct member ingress_members[] = {
	{ "from", read_peers },
	{ "ports", read_ports },
};

static const struct member egress_members[] = {
	{ "to", read_peers },
	{ "ports", read_ports },
};

static void read_ingress_rule(const struct field *field, void *target)
{
	read_rule(field, target, WEIR_INGRESS, ingress_members, ARRAY_SIZE(ingress_members));
}

static void read_egress_rule(const struct field *field, void *target)
{
	read_rule(field, target, WEIR_EGRESS, egress_members, ARRAY_SIZE(egress_members));
}

static void read_ingress(const struct field *field, void *target)
{
	field_read_items(field, read_ingress_rule, target);
}

static void read_egress(const struct field *field, void *target)
{
	field_read_items(field, read_egress_rule, target);
}

static const struct member spec_members[] = {
	{ "podSelector", read_pod_selector },
	{ "policyTypes", read_policy_types },
	{ "ingress", read_ingress },
	{ "egress", read_egress },
};

static void read_spec(const struct field *field, void *target)
{
	if (field_read_members(field, spec_members, ARRAY_SIZE(spec_members), MEMBERS_STRICT, target))
		finish_policy_types(field, target);
}

static const struct member document_members[] = {
	{ "apiVersion", field_ignore }, { "kind", field_ignore },   { "metadata", field_ignore },
	{ "spec", read_spec },		{ "status", field_ignore },
};

void network_policy_read(const struct field *document, struct object *object)
{
	struct field spec;

	field_read_members(document, document_members, ARRAY_SIZE(document_members), MEMBERS_STRICT, &object->policy);
	/* As the API server has it, a policy without a spec isolates the namespace's pods from everybody. */
	if (!field_member(document, "spec", &spec))
		object->policy.isolates[WEIR_INGRESS] = true;
}
