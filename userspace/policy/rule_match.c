// SPDX-License-Identifier: BSD-2-Clause
#include "policy/rule_match.h"

#include <string.h>

static bool in_block(const struct policy_peer *peer, const struct eval_end *end)
{
	if (!end->has_addr || !cidr_contains(&peer->cidr, &end->addr))
		return false;
	vec_for_each (except, &peer->except) {
		if (cidr_contains(except, &end->addr))
			return false;
	}
	return true;
}

static bool in_namespaces(const struct world *world, const struct object *policy, const struct policy_peer *peer,
			  const char *namespace)
{
	struct labels scratch = {};
	bool matches;

	if (!peer->has_namespace_selector)
		return policy->namespace && !strcmp(policy->namespace, namespace);
	matches = selector_matches(&peer->namespaces, world_namespace_labels(world, namespace, &scratch));
	labels_free(&scratch);
	return matches;
}

/* To selectors, a pod on the host's network is nobody. */
static bool is_selected(const struct world *world, const struct object *policy, const struct policy_peer *peer,
			const struct object *pod)
{
	return !peer->is_node && pod && !pod->pod.host_network && in_namespaces(world, policy, peer, pod->namespace) &&
	       selector_matches(&peer->pods, &pod->labels);
}

/* Of several the first by name has the address. */
static bool is_node(const struct world *world, const struct policy_peer *peer, const struct eval_end *end)
{
	for (size_t i = 0; peer->is_node && end->has_addr && i < world->nodes.n; i++) {
		vec_for_each (addr, &world->nodes.items[i]->node.addrs) {
			if (addr_compare(addr, &end->addr) == 0)
				return selector_matches(&peer->nodes, &world->nodes.items[i]->labels);
		}
	}
	return false;
}

bool rule_matches_peer(const struct world *world, const struct object *policy, const struct policy_rule *rule,
		       const struct eval_end *end)
{
	vec_for_each (peer, &rule->peers) {
		if (peer->is_cidr ? in_block(peer, end) : is_selected(world, policy, peer, end->pod))
			return true;
		if (is_node(world, peer, end))
			return true;
	}
	return rule->peers.n == 0;
}

bool rule_matches_namespace(const struct world *world, const struct object *policy, const struct policy_rule *rule,
			    const char *namespace)
{
	vec_for_each (peer, &rule->peers) {
		if (!peer->is_cidr && !peer->is_node && in_namespaces(world, policy, peer, namespace))
			return true;
	}
	return false;
}

bool rule_matches_protocol(const struct policy_rule *rule, uint8_t protocol)
{
	vec_for_each (port, &rule->ports) {
		if (port->protocol == protocol || port->protocol == PROTOCOL_OF_NAME)
			return true;
	}
	return rule->ports.n == 0;
}

/* A named port is what the pod that is connected to calls so. */
static bool is_named(const struct nearest_question *question, const char *name)
{
	const struct object *pod = question->direction == WEIR_INGRESS ? question->pod : question->peer->pod;

	for (size_t i = 0; pod && i < pod->pod.ports.n; i++) {
		const struct pod_port *port = &pod->pod.ports.items[i];

		if (port->protocol == question->protocol && port->port == question->port && !strcmp(port->name, name))
			return true;
	}
	return false;
}

bool rule_matches_port(const struct policy_rule *rule, const struct nearest_question *question)
{
	vec_for_each (port, &rule->ports) {
		if (port->protocol != question->protocol && port->protocol != PROTOCOL_OF_NAME)
			continue;
		if (port->any_port || (port->name ? is_named(question, port->name)
						  : port->port <= question->port && question->port <= port->end_port))
			return true;
	}
	return rule->ports.n == 0;
}
