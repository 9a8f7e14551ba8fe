/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cleanup.h"
#include "object/policy_parts.h"
#include "object/tier_parts.h"

#define NETWORKS_MAX 25u

bool tier_exactly_one(const struct field *mapping)
{
	size_t n = 0;

	for (const struct node *node = mapping->node->first; node; node = node->next)
		n += !node_is_null(node);
	if (n != 1)
		field_error(mapping, n ? "must have only one of its fields" : "must have one of its fields");
	return n == 1;
}

void tier_check_length(const struct field *list, size_t max)
{
	if (list->node->type != NODE_SEQUENCE)
		return;
	if (list->node->n == 0)
		field_error(list, "must not be empty");
	else if (list->node->n > max)
		field_error(list, "must have at most %zu items, not %zu", max, list->node->n);
}

static void read_namespaces(const struct field *field, void *target)
{
	struct policy_peer *peer = target;

	peer->has_namespace_selector = true;
	read_selector(field, &peer->namespaces);
}

static void read_pod_labels(const struct field *field, void *target)
{
	struct policy_peer *peer = target;

	peer->has_pod_selector = true;
	read_selector(field, &peer->pods);
}

static const struct member pods_members[] = {
	{ "namespaceSelector", read_namespaces },
	{ "podSelector", read_pod_labels },
};

static void read_pods(const struct field *field, void *target)
{
	struct policy_peer *peer = target;
	struct field member;

	if (!field_read_members(field, pods_members, ARRAY_SIZE(pods_members), MEMBERS_STRICT, peer))
		return;
	if (!field_member(field, "podSelector", &member))
		field_missing(field, "podSelector", "is missing ({} means every pod)");
	peer->has_namespace_selector = true;
}

static void read_pods_v1alpha1(const struct field *field, void *target)
{
	struct field member;

	read_pods(field, target);
	if (field->node->type == NODE_MAPPING && !field_member(field, "namespaceSelector", &member))
		field_missing(field, "namespaceSelector", "is missing ({} means every namespace)");
}

static void read_nodes(const struct field *field, void *target)
{
	struct policy_peer *peer = target;

	peer->is_node = true;
	read_selector(field, &peer->nodes);
}

/* Needs a name server's answers to be enforced; to leave it out would open or close something else. */
static void refuse_domain_names(const struct field *field, void *target)
{
	field_key_error(field, "domain names are not enforced by this version of weir: use networks");
}

static const struct member from_v1alpha1_members[] = {
	{ "namespaces", read_namespaces },
	{ "pods", read_pods_v1alpha1 },
};

static const struct member from_v1alpha2_members[] = {
	{ "namespaces", read_namespaces },
	{ "pods", read_pods },
};

static const struct member to_v1alpha1_members[] = {
	{ "namespaces", read_namespaces }, { "pods", read_pods_v1alpha1 },	   { "nodes", read_nodes },
	{ "networks", field_ignore },	   { "domainNames", refuse_domain_names },
};

static const struct member to_v1alpha2_members[] = {
	{ "namespaces", read_namespaces },
	{ "pods", read_pods },
	{ "nodes", read_nodes },
	{ "networks", field_ignore },
	{ "domainNames", refuse_domain_names },
};

static bool stands_before(const struct node *list, const struct node *item)
{
	for (const struct node *node = list->first; node != item; node = node->next) {
		if (node->type == NODE_SCALAR && strcmp(node->text, item->text) == 0)
			return true;
	}
	return false;
}

static void read_networks(const struct field *networks, struct policy_rule *rule)
{
	size_t index = 0;

	if (!field_is_sequence(networks))
		return;
	tier_check_length(networks, NETWORKS_MAX);
	for (const struct node *node = networks->node->first; node; node = node->next) {
		struct field item = { .report = networks->report, .parent = networks, .node = node, .index = index++ };
		struct policy_peer peer = { .is_cidr = true };
		size_t errors = item.report->n_errors;

		read_cidr(&item, &peer);
		if (item.report->n_errors > errors)
			continue;
		if (stands_before(networks->node, node))
			field_error(&item, "is in the list already");
		else
			vec_push(&rule->peers, peer);
	}
}

static void read_peer(const struct field *field, struct policy_rule *rule, const struct member *members, size_t n)
{
	struct policy_peer peer = {};
	struct field networks;

	if (!field_read_members(field, members, n, MEMBERS_STRICT, &peer))
		return;
	tier_exactly_one(field);
	if (field_member(field, "networks", &networks))
		read_networks(&networks, rule);
	if (peer.has_namespace_selector || peer.is_node)
		vec_push(&rule->peers, peer);
}

#define PEER_READERS(name, max)                                                       \
	static void read_##name##_peer(const struct field *field, void *target)       \
	{                                                                             \
		read_peer(field, target, name##_members, ARRAY_SIZE(name##_members)); \
	}                                                                             \
                                                                                      \
	void read_tier_##name(const struct field *field, void *target)                \
	{                                                                             \
		tier_check_length(field, max);                                        \
		field_read_items(field, read_##name##_peer, target);                  \
	}

PEER_READERS(from_v1alpha1, TIER_LIST_V1ALPHA1)
PEER_READERS(from_v1alpha2, TIER_LIST_V1ALPHA2)
PEER_READERS(to_v1alpha1, TIER_LIST_V1ALPHA1)
PEER_READERS(to_v1alpha2, TIER_LIST_V1ALPHA2)

/* A subject is written as an ingress peer is. */
static void read_subject(const struct field *field, struct policy *policy, const struct member *members, size_t n)
{
	struct policy_peer peer = {};

	if (!field_read_members(field, members, n, MEMBERS_STRICT, &peer))
		return;
	tier_exactly_one(field);
	policy->namespaces = peer.namespaces;
	policy->subjects = peer.pods;
}

void read_tier_subject_v1alpha1(const struct field *field, void *target)
{
	read_subject(field, target, from_v1alpha1_members, ARRAY_SIZE(from_v1alpha1_members));
}

void read_tier_subject_v1alpha2(const struct field *field, void *target)
{
	read_subject(field, target, from_v1alpha2_members, ARRAY_SIZE(from_v1alpha2_members));
}
