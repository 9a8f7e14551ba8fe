/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of Kubernetes read off the objects, one packet at a time, with no
 * thought of speed: what the compiler is tested against. Shares only the
 * object model with it.
 */
#ifndef WEIR_TESTS_POLICY_NAIVE_H
#define WEIR_TESTS_POLICY_NAIVE_H

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "object/object.h"
#include "weir/reason.h"

struct naive_world {
	const struct objects *objects; /* sorted by kind, namespace, name */
	struct addr node;
};

struct naive_end {
	const struct object *pod;
	struct addr addr;
	bool has_addr;
};

struct naive_probe {
	struct naive_end from, to;
	uint8_t protocol;
	uint16_t port;
};

/* One side of a probe; by: the rules or policies that decided, one a line. */
struct naive_answer {
	bool judged;
	enum weir_reason reason;
	char by[2048];
};

static inline bool naive_same_addr(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, a->family == WEIR_IPV4 ? 4 : 16);
}

static inline bool naive_has_bit(const struct addr *addr, unsigned bit)
{
	return addr->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

static inline bool naive_in_cidr(const struct cidr *cidr, const struct addr *addr)
{
	if (cidr->addr.family != addr->family)
		return false;
	for (unsigned bit = 0; bit < cidr->length; bit++) {
		if (naive_has_bit(&cidr->addr, bit) != naive_has_bit(addr, bit))
			return false;
	}
	return true;
}

static inline const char *naive_label(const struct labels *labels, const char *key)
{
	vec_for_each (label, &labels->list) {
		if (!strcmp(label->key, key))
			return label->value;
	}
	return NULL;
}

static inline bool naive_selects(const struct selector *selector, const struct labels *labels)
{
	vec_for_each (requirement, &selector->requirements) {
		const char *value = naive_label(labels, requirement->key);
		bool listed = false, holds = false;

		vec_for_each (one, &requirement->values)
			listed |= value && !strcmp(*one, value);
		switch (requirement->operator) {
		case SELECTOR_IN:
			holds = listed;
			break;
		case SELECTOR_NOT_IN:
			holds = !listed;
			break;
		case SELECTOR_EXISTS:
			holds = value;
			break;
		case SELECTOR_DOES_NOT_EXIST:
			holds = !value;
			break;
		}
		if (!holds)
			return false;
	}
	return true;
}

static inline bool naive_is_running(const struct object *object)
{
	return object->kind == KIND_POD && object->pod.phase != POD_SUCCEEDED && object->pod.phase != POD_FAILED;
}

static inline bool naive_is_ordinary(const struct object *pod)
{
	return pod && !pod->pod.host_network;
}

static inline const struct object *naive_owner(const struct naive_world *world, const struct addr *addr)
{
	vec_for_each (object, &world->objects->list) {
		if (!naive_is_running(*object) || (*object)->pod.host_network)
			continue;
		vec_for_each (own, &(*object)->pod.addrs) {
			if (naive_same_addr(own, addr))
				return *object;
		}
	}
	return NULL;
}

static inline bool naive_namespace_selected(const struct naive_world *world, const struct selector *selector,
					    const char *name)
{
	struct label label = { (char *)"kubernetes.io/metadata.name", (char *)name };
	struct labels alone = { .list = { .items = &label, .n = 1 } };

	vec_for_each (object, &world->objects->list) {
		if ((*object)->kind == KIND_NAMESPACE && !strcmp((*object)->name, name))
			return naive_selects(selector, &(*object)->labels);
	}
	return naive_selects(selector, &alone);
}

static inline bool naive_block_holds(const struct policy_peer *peer, const struct naive_end *end)
{
	if (!end->has_addr || !naive_in_cidr(&peer->cidr, &end->addr))
		return false;
	vec_for_each (except, &peer->except) {
		if (naive_in_cidr(except, &end->addr))
			return false;
	}
	return true;
}

static inline bool naive_peer_matches(const struct naive_world *world, const struct object *policy,
				      const struct policy_peer *peer, const struct naive_end *end)
{
	if (peer->is_cidr)
		return naive_block_holds(peer, end);
	if (!naive_is_ordinary(end->pod))
		return false;
	if (peer->has_namespace_selector ? !naive_namespace_selected(world, &peer->namespaces, end->pod->namespace)
					 : strcmp(policy->namespace, end->pod->namespace) != 0)
		return false;
	return !peer->has_pod_selector || naive_selects(&peer->pods, &end->pod->labels);
}

static inline bool naive_port_matches(const struct policy_port *port, const struct naive_probe *probe)
{
	if (port->protocol != probe->protocol)
		return false;
	if (port->any_port)
		return true;
	if (!port->name)
		return probe->port >= port->port && probe->port <= port->end_port;
	if (!naive_is_ordinary(probe->to.pod))
		return false;
	vec_for_each (own, &probe->to.pod->pod.ports) {
		if (!strcmp(own->name, port->name) && own->protocol == probe->protocol && own->port == probe->port)
			return true;
	}
	return false;
}

static inline bool naive_rule_matches(const struct naive_world *world, const struct object *policy,
				      const struct policy_rule *rule, const struct naive_end *peer,
				      const struct naive_probe *probe)
{
	bool by_peer = rule->peers.n == 0, by_port = rule->ports.n == 0;

	vec_for_each (one, &rule->peers)
		by_peer |= naive_peer_matches(world, policy, one, peer);
	vec_for_each (port, &rule->ports)
		by_port |= naive_port_matches(port, probe);
	return by_peer && by_port;
}

static inline void naive_add(char *by, size_t size, const struct object *policy, const struct policy_rule *rule,
			     size_t index)
{
	const size_t used = strlen(by);
	char number[24] = "";

	if (rule)
		snprintf(number, sizeof(number), "%zu", index);
	snprintf(by + used, size - used, "%s %s/%s%s%s\n", kind_info(policy->kind)->kind, policy->namespace,
		 policy->name, rule ? " rule " : "", rule && rule->name ? rule->name : number);
}

/* Whether the node that runs the subject is the peer. */
static inline bool naive_is_node(const struct naive_world *world, const struct object *subject,
				 const struct naive_end *peer)
{
	if (peer->has_addr && naive_same_addr(&peer->addr, &world->node))
		return true;
	return peer->pod && peer->pod->pod.host_network &&
	       (!peer->pod->pod.node || !subject->pod.node || !strcmp(peer->pod->pod.node, subject->pod.node));
}

static inline bool naive_is_isolated_by(const struct object *policy, const struct object *subject,
					enum weir_direction direction)
{
	return (policy->kind == KIND_NETWORK_POLICY || policy->kind == KIND_TRAFFIC_POLICY) &&
	       policy->policy.isolates[direction] && !strcmp(policy->namespace, subject->namespace) &&
	       naive_selects(&policy->policy.subjects, &subject->labels);
}

static inline void naive_judge(const struct naive_world *world, const struct naive_probe *probe,
			       enum weir_direction direction, struct naive_answer *ret)
{
	const struct naive_end *subject = direction == WEIR_INGRESS ? &probe->to : &probe->from;
	const struct naive_end *peer = direction == WEIR_INGRESS ? &probe->from : &probe->to;
	char isolating[2048] = "", allowing[2048] = "", denying[2048] = "";
	bool allowed = false;

	*ret = (struct naive_answer){ .judged = naive_is_ordinary(subject->pod) };
	if (!ret->judged || probe->from.pod == probe->to.pod) {
		ret->judged = false;
		return;
	}
	vec_for_each (object, &world->objects->list) {
		if (!naive_is_isolated_by(*object, subject->pod, direction))
			continue;
		naive_add(isolating, sizeof(isolating), *object, NULL, 0);
		for (size_t i = 0; i < (*object)->policy.rules[direction].n; i++) {
			const struct policy_rule *rule = &(*object)->policy.rules[direction].items[i];

			if (!naive_rule_matches(world, *object, rule, peer, probe))
				continue;
			if (rule->action == RULE_DENY)
				naive_add(denying, sizeof(denying), *object, rule, i);
			else
				naive_add(allowing, sizeof(allowing), *object, rule, i);
			allowed |= rule->action == RULE_ALLOW;
		}
	}
	if (!isolating[0])
		ret->reason = WEIR_REASON_NO_POLICY;
	else if (direction == WEIR_INGRESS && naive_is_node(world, subject->pod, peer))
		ret->reason = WEIR_REASON_NODE;
	else if (denying[0])
		ret->reason = WEIR_REASON_POLICY_DENY;
	else
		ret->reason = allowed ? WEIR_REASON_POLICY_ALLOW : WEIR_REASON_POLICY_DEFAULT;
	if (ret->reason == WEIR_REASON_POLICY_DENY)
		memcpy(ret->by, denying, sizeof(denying));
	else if (ret->reason == WEIR_REASON_POLICY_ALLOW)
		memcpy(ret->by, allowing, sizeof(allowing));
	else if (ret->reason == WEIR_REASON_POLICY_DEFAULT)
		memcpy(ret->by, isolating, sizeof(isolating));
}

#endif
