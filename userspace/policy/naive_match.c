// SPDX-License-Identifier: BSD-2-Clause
#include "policy/naive_match.h"

#include <string.h>

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

bool naive_is_ordinary(const struct object *pod)
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
	if (!naive_is_ordinary(end->pod))
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
	if (!naive_is_ordinary(probe->to.pod))
		return false;
	vec_for_each (own, &probe->to.pod->pod.ports) {
		if (own->port == probe->port && own->protocol == probe->protocol && strcmp(own->name, port->name) == 0)
			return true;
	}
	return false;
}

bool naive_ports_match(const struct policy_rule *rule, const struct naive_probe *probe)
{
	bool matches = rule->ports.n == 0;

	vec_for_each (port, &rule->ports)
		matches |= port_matches(port, probe);
	return matches;
}

bool naive_peers_match(const struct world *world, const struct object *policy, const struct policy_rule *rule,
		       const struct naive_end *peer)
{
	bool matches = rule->peers.n == 0;

	for (size_t i = 0; !matches && i < rule->peers.n; i++)
		matches = peer_matches(world, policy, &rule->peers.items[i], peer);
	return matches;
}

bool naive_is_about(const struct world *world, const struct object *policy, const struct object *subject)
{
	if (!policy->policy.has_namespace_selector && strcmp(policy->namespace, subject->namespace) != 0)
		return false;
	if (!selects(&policy->policy.subjects, &subject->labels))
		return false;
	return !policy->policy.has_namespace_selector ||
	       selects_namespace(world, &policy->policy.namespaces, subject->namespace);
}

bool naive_is_own_node(const struct world *world, const struct object *subject, const struct naive_end *peer)
{
	if (peer->has_addr && is_this_node_addr(world, &peer->addr))
		return true;
	return peer->pod && peer->pod->pod.host_network &&
	       (!peer->pod->pod.node || !subject->pod.node || strcmp(peer->pod->pod.node, subject->pod.node) == 0);
}
