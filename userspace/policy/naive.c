// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/naive.h"

static bool has_bit(const struct addr *addr, unsigned bit)
{
	return addr->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

static bool in_cidr(const struct cidr *cidr, const struct addr *addr)
{
	if (cidr->addr.family != addr->family)
		return false;
	for (unsigned bit = 0; bit < cidr->length; bit++) {
		if (has_bit(&cidr->addr, bit) != has_bit(addr, bit))
			return false;
	}
	return true;
}

static const char *label(const struct labels *labels, const char *key)
{
	vec_for_each (one, &labels->list) {
		if (strcmp(one->key, key) == 0)
			return one->value;
	}
	return NULL;
}

static bool holds(const struct selector_requirement *requirement, const struct labels *labels)
{
	const char *value = label(labels, requirement->key);
	bool listed = false;

	vec_for_each (one, &requirement->values)
		listed |= value && strcmp(*one, value) == 0;
	switch (requirement->operator) {
	case SELECTOR_IN:
		return listed;
	case SELECTOR_NOT_IN:
		return !listed;
	case SELECTOR_EXISTS:
		return value;
	case SELECTOR_DOES_NOT_EXIST:
		return !value;
	}
	return false;
}

static bool selects(const struct selector *selector, const struct labels *labels)
{
	vec_for_each (requirement, &selector->requirements) {
		if (!holds(requirement, labels))
			return false;
	}
	return true;
}

static bool selects_namespace(const struct world *world, const struct selector *selector, const char *name)
{
	struct labels scratch = {};
	const bool yes = selects(selector, world_namespace_labels(world, name, &scratch));

	labels_free(&scratch);
	return yes;
}

/* Not one that stands for its node. */
static bool is_ordinary(const struct object *pod)
{
	return pod && !pod->pod.host_network;
}

static bool block_holds(const struct policy_peer *peer, const struct naive_end *end)
{
	if (!end->has_addr || !in_cidr(&peer->cidr, &end->addr))
		return false;
	vec_for_each (except, &peer->except) {
		if (in_cidr(except, &end->addr))
			return false;
	}
	return true;
}

static bool has_addr(const struct object *node, const struct addr *addr)
{
	vec_for_each (own, &node->node.addrs) {
		if (addr_compare(own, addr) == 0)
			return true;
	}
	return false;
}

static bool is_this_node_addr(const struct world *world, const struct addr *addr)
{
	vec_for_each (own, &world->node_addrs) {
		if (addr_compare(own, addr) == 0)
			return true;
	}
	return false;
}

/* This node may have several Node objects, as long as they don't say which addresses are whose. */
static bool selects_this_node(const struct world *world, const struct selector *selector)
{
	vec_for_each (node, &world->nodes) {
		bool is_this = false;

		vec_for_each (addr, &(*node)->node.addrs)
			is_this |= is_this_node_addr(world, addr);
		if (is_this && selects(selector, &(*node)->labels))
			return true;
	}
	return false;
}

/* Of other nodes the first by name has the address. */
static bool selects_node(const struct world *world, const struct selector *selector, const struct naive_end *end)
{
	if (!end->has_addr || is_this_node_addr(world, &end->addr))
		return end->has_addr && selects_this_node(world, selector);
	vec_for_each (node, &world->nodes) {
		if (has_addr(*node, &end->addr))
			return selects(selector, &(*node)->labels);
	}
	return false;
}

static bool peer_matches(const struct world *world, const struct object *policy, const struct policy_peer *peer,
			 const struct naive_end *end)
{
	if (peer->is_cidr)
		return block_holds(peer, end);
	if (peer->is_node)
		return selects_node(world, &peer->nodes, end);
	if (!is_ordinary(end->pod))
		return false;
	if (!peer->has_namespace_selector && strcmp(policy->namespace, end->pod->namespace) != 0)
		return false;
	if (peer->has_pod_selector && !selects(&peer->pods, &end->pod->labels))
		return false;
	return !peer->has_namespace_selector || selects_namespace(world, &peer->namespaces, end->pod->namespace);
}

static bool port_matches(const struct policy_port *port, const struct naive_probe *probe)
{
	if (port->protocol != probe->protocol && port->protocol != PROTOCOL_OF_NAME)
		return false;
	if (port->any_port)
		return true;
	if (!port->name)
		return probe->port >= port->port && probe->port <= port->end_port;
	if (!is_ordinary(probe->to.pod))
		return false;
	vec_for_each (own, &probe->to.pod->pod.ports) {
		if (own->port == probe->port && own->protocol == probe->protocol && strcmp(own->name, port->name) == 0)
			return true;
	}
	return false;
}

/* Ports first: they are compared faster than labels. */
static bool rule_matches(const struct world *world, const struct object *policy, const struct policy_rule *rule,
			 const struct naive_end *peer, const struct naive_probe *probe)
{
	bool matches = rule->ports.n == 0;

	vec_for_each (port, &rule->ports)
		matches |= port_matches(port, probe);
	if (!matches || rule->peers.n == 0)
		return matches;
	vec_for_each (one, &rule->peers) {
		if (peer_matches(world, policy, one, peer))
			return true;
	}
	return false;
}

/* The node that runs the subject. */
static bool is_own_node(const struct world *world, const struct object *subject, const struct naive_end *peer)
{
	if (peer->has_addr && is_this_node_addr(world, &peer->addr))
		return true;
	return peer->pod && peer->pod->pod.host_network &&
	       (!peer->pod->pod.node || !subject->pod.node || strcmp(peer->pod->pod.node, subject->pod.node) == 0);
}

static bool is_about(const struct world *world, const struct object *policy, const struct object *subject)
{
	if (!policy->policy.has_namespace_selector && strcmp(policy->namespace, subject->namespace) != 0)
		return false;
	if (!selects(&policy->policy.subjects, &subject->labels))
		return false;
	return !policy->policy.has_namespace_selector ||
	       selects_namespace(world, &policy->policy.namespaces, subject->namespace);
}

/* Who has a say. */
struct ballot {
	naive_rules isolating, allowing, denying;
	bool allowed;			   /* not only limited */
	bool ordered;			   /* some admin or baseline policy has rules for the subject */
	struct naive_rule admin, baseline; /* the first that matches; no policy: none does */
};

static void ballot_free(struct ballot *ballot)
{
	vec_free(&ballot->isolating);
	vec_free(&ballot->allowing);
	vec_free(&ballot->denying);
}

static void vote(const struct world *world, const struct naive_probe *probe, enum weir_direction direction,
		 const struct object *policy, struct ballot *ballot)
{
	const struct naive_end *peer = direction == WEIR_INGRESS ? &probe->from : &probe->to;

	vec_push(&ballot->isolating, (struct naive_rule){ .policy = policy });
	for (size_t i = 0; i < policy->policy.rules[direction].n; i++) {
		const struct policy_rule *rule = &policy->policy.rules[direction].items[i];
		const struct naive_rule one = { policy, rule, i };

		if (!rule_matches(world, policy, rule, peer, probe))
			continue;
		if (rule->action == RULE_DENY)
			vec_push(&ballot->denying, one);
		else
			vec_push(&ballot->allowing, one);
		ballot->allowed |= rule->action == RULE_ALLOW;
	}
}

static bool is_before(const struct object *a, const struct object *b)
{
	if (!b || a->policy.priority != b->policy.priority)
		return !b || a->policy.priority < b->policy.priority;
	if (strcmp(a->name, b->name) != 0)
		return strcmp(a->name, b->name) < 0;
	return a->kind < b->kind;
}

/* Of the rules of a policy that is ordered, the first that matches, if the policy comes before who was found so far. */
static void race(const struct world *world, const struct naive_probe *probe, enum weir_direction direction,
		 const struct object *policy, struct ballot *ballot)
{
	const struct naive_end *peer = direction == WEIR_INGRESS ? &probe->from : &probe->to;
	struct naive_rule *first = policy->policy.tier == TIER_ADMIN ? &ballot->admin : &ballot->baseline;

	ballot->ordered |= policy->policy.rules[direction].n > 0;
	for (size_t i = 0; is_before(policy, first->policy) && i < policy->policy.rules[direction].n; i++) {
		const struct policy_rule *rule = &policy->policy.rules[direction].items[i];

		if (rule_matches(world, policy, rule, peer, probe))
			*first = (struct naive_rule){ policy, rule, i };
	}
}

static bool decides(const struct naive_rule *first)
{
	return first->policy && first->rule->action != RULE_PASS;
}

/* Who decides, and how. */
static enum weir_reason count(const struct ballot *ballot, naive_rules *by)
{
	const naive_rules *from;

	if (decides(&ballot->admin)) {
		vec_push(by, ballot->admin);
		return ballot->admin.rule->action == RULE_DENY ? WEIR_REASON_ADMIN_DENY : WEIR_REASON_ADMIN_ALLOW;
	}
	if (!ballot->isolating.n && decides(&ballot->baseline)) {
		vec_push(by, ballot->baseline);
		return ballot->baseline.rule->action == RULE_DENY ? WEIR_REASON_BASELINE_DENY
								  : WEIR_REASON_BASELINE_ALLOW;
	}
	from = ballot->denying.n ? &ballot->denying : ballot->allowed ? &ballot->allowing : &ballot->isolating;
	vec_for_each (rule, from)
		vec_push(by, *rule);
	if (!ballot->isolating.n)
		return WEIR_REASON_NO_POLICY;
	return ballot->denying.n ? WEIR_REASON_POLICY_DENY
	       : ballot->allowed ? WEIR_REASON_POLICY_ALLOW
				 : WEIR_REASON_POLICY_DEFAULT;
}

void naive_judge(const struct world *world, const struct naive_probe *probe, enum weir_direction direction,
		 struct naive_answer *answer)
{
	const struct naive_end *subject = direction == WEIR_INGRESS ? &probe->to : &probe->from;
	const struct naive_end *peer = direction == WEIR_INGRESS ? &probe->from : &probe->to;
	_cleanup_(ballot_free) struct ballot ballot = {};

	answer->by.n = 0;
	answer->reason = 0;
	answer->judged = is_ordinary(subject->pod) && probe->from.pod != probe->to.pod;
	if (!answer->judged)
		return;
	for (size_t i = 0; i < world->policies.n; i++) {
		const struct object *policy = world->policies.items[i];

		if (!is_about(world, policy, subject->pod))
			continue;
		if (policy->policy.tier != TIER_NETWORK)
			race(world, probe, direction, policy, &ballot);
		else if (policy->policy.isolates[direction])
			vote(world, probe, direction, policy, &ballot);
	}
	if (!ballot.isolating.n && !ballot.ordered)
		answer->reason = WEIR_REASON_NO_POLICY;
	else if (direction == WEIR_INGRESS && is_own_node(world, subject->pod, peer))
		answer->reason = WEIR_REASON_NODE;
	else
		answer->reason = count(&ballot, &answer->by);
}

void naive_answer_free(struct naive_answer *answer)
{
	vec_free(&answer->by);
}
