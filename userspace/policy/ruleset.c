// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/ruleset.h"
#include "policy/words.h"

/* A text key is one string: names and formatted selectors hold no newline. */
static uint32_t intern_text(struct interner *interner, const char *text)
{
	return intern(interner, text, strlen(text));
}

static char *term_key(const struct term *term)
{
	_cleanup_free_ char *nodes = term->nodes ? selector_format(term->nodes) : NULL;
	_cleanup_free_ char *namespaces = term->namespaces ? selector_format(term->namespaces) : NULL;
	_cleanup_free_ char *pods = term->pods ? selector_format(term->pods) : NULL;

	if (nodes)
		return xasprintf("nodes\n%s", nodes);
	return xasprintf("%s\n%s\n%s", term->namespace ? "own" : "selected", term->namespace ?: namespaces, pods);
}

static uint32_t add_term(struct ruleset *rules, const struct term *term)
{
	_cleanup_free_ char *key = term_key(term);
	const uint32_t number = intern_text(&rules->term_keys, key);

	if (number == rules->terms.n)
		vec_push(&rules->terms, *term);
	rules->terms.items[number].is_peer |= term->is_peer;
	return number;
}

static int compare_cidrs(const void *a, const void *b)
{
	return cidr_compare(a, b);
}

static uint32_t add_block(struct ruleset *rules, const struct policy_peer *peer)
{
	VEC(struct cidr) key = {};
	uint32_t number;

	vec_push(&key, peer->cidr);
	vec_for_each (except, &peer->except)
		vec_push(&key, *except);
	qsort(key.items + 1, key.n - 1, sizeof(*key.items), compare_cidrs);

	/* Through text, as structs have padding. */
	_cleanup_free_ char *text = xcalloc(key.n, CIDR_TEXT_MAX + 1);
	char *end = text;

	vec_for_each (cidr, &key) {
		char one[CIDR_TEXT_MAX];

		end = stpcpy(stpcpy(end, cidr_format(cidr, one)), " ");
	}
	vec_free(&key);
	number = intern_text(&rules->block_keys, text);
	if (number == rules->blocks.n)
		vec_push(&rules->blocks, peer);
	return number;
}

static uint32_t add_range(struct ruleset *rules, enum weir_port_protocol protocol, uint16_t first, uint16_t last)
{
	const uint32_t key[] = { protocol, first, last };
	const uint32_t number = intern(&rules->range_keys, key, sizeof(key));

	if (number == rules->ranges.n)
		vec_push(&rules->ranges, (struct port_range){ .protocol = protocol, .first = first, .last = last });
	return number;
}

static char *named_key(const char *name, enum weir_port_protocol protocol)
{
	return xasprintf("%d/%s", protocol, name);
}

static uint32_t add_named(struct ruleset *rules, const char *name, enum weir_port_protocol protocol,
			  enum weir_direction direction)
{
	_cleanup_free_ char *key = named_key(name, protocol);
	const uint32_t number = intern_text(&rules->named_keys, key);

	if (number == rules->named_ports.n)
		vec_push(&rules->named_ports, (struct named_port){ .name = name, .protocol = protocol });
	rules->named_ports.items[number].used[direction] = true;
	return number;
}

bool ruleset_mark(struct ruleset *rules, const struct pod_port *port, uint32_t *ret_mark)
{
	const enum weir_port_protocol protocol = ports_of_protocol(port->protocol);
	_cleanup_free_ char *key = named_key(port->name, protocol);
	struct port_mark mark;
	uint32_t number;

	if (!interner_find(&rules->named_keys, key, strlen(key), &mark.named))
		return false;
	mark.range = add_range(rules, protocol, port->port, port->port);
	number = intern(&rules->mark_keys, &mark, sizeof(mark));
	if (number == rules->marks.n)
		vec_push(&rules->marks, mark);
	*ret_mark = number;
	return true;
}

static void add_peer(struct ruleset *rules, const struct object *object, const struct policy_peer *peer,
		     struct rule *rule)
{
	static const struct selector everything;
	const struct term nodes = { .nodes = &peer->nodes, .is_peer = true };
	const struct term pods = {
		.namespace = peer->has_namespace_selector ? NULL : object->namespace,
		.namespaces = peer->has_namespace_selector ? &peer->namespaces : NULL,
		.pods = peer->has_pod_selector ? &peer->pods : &everything,
		.is_peer = true,
	};

	if (peer->is_cidr)
		vec_push(&rule->blocks, add_block(rules, peer));
	else
		vec_push(&rule->terms, add_term(rules, peer->is_node ? &nodes : &pods));
}

static void add_port(struct ruleset *rules, const struct policy_port *port, struct rule *rule)
{
	const enum weir_port_protocol protocol = ports_of_protocol(port->protocol);

	if (port->name && port->protocol == PROTOCOL_OF_NAME) {
		for (enum weir_port_protocol any = 0; any < WEIR_PORT_PROTOCOLS; any++)
			vec_push(&rule->named, add_named(rules, port->name, any, rule->direction));
	} else if (port->name) {
		vec_push(&rule->named, add_named(rules, port->name, protocol, rule->direction));
	} else if (port->any_port) {
		vec_push(&rule->ranges, add_range(rules, protocol, 0, UINT16_MAX));
	} else {
		vec_push(&rule->ranges, add_range(rules, protocol, port->port, port->end_port));
	}
}

static void add_rule(struct ruleset *rules, uint32_t policy, const struct policy_rule *source, struct rule rule)
{
	rule.source = source;
	rule.policy = policy;
	rule.any_peer = source->peers.n == 0;
	rule.any_port = source->ports.n == 0;
	vec_for_each (peer, &source->peers)
		add_peer(rules, rules->policies.items[policy].object, peer, &rule);
	vec_for_each (port, &source->ports)
		add_port(rules, port, &rule);
	ids_sort(&rule.terms);
	ids_sort(&rule.blocks);
	ids_sort(&rule.ranges);
	ids_sort(&rule.named);
	vec_push(&rules->rules, rule);
}

/* Rules of a direction that a policy of the network tier does not isolate have no effect, as Kubernetes defines. */
static void add_policy(struct ruleset *rules, const struct object *object)
{
	const struct policy *policy = &object->policy;
	const struct term subjects = {
		.namespace = policy->has_namespace_selector ? NULL : object->namespace,
		.namespaces = policy->has_namespace_selector ? &policy->namespaces : NULL,
		.pods = &policy->subjects,
	};
	const uint32_t number = (uint32_t)rules->policies.n;

	rules->audits |= policy->mode == POLICY_AUDIT;
	vec_push(&rules->policies, (struct selecting_policy){ .object = object, .term = add_term(rules, &subjects) });
	for (int direction = 0; direction < WEIR_DIRECTIONS; direction++) {
		const bool counts = policy->tier != TIER_NETWORK || policy->isolates[direction];

		rules->policies.items[number].first_rule[direction] = (uint32_t)rules->rules.n;
		for (uint32_t i = 0; counts && i < policy->rules[direction].n; i++)
			add_rule(rules, number, &policy->rules[direction].items[i],
				 (struct rule){ .direction = direction, .index = i });
	}
	rules->policies.items[number].first_rule[WEIR_DIRECTIONS] = (uint32_t)rules->rules.n;
}

/* By priority; of equal ones by name, then by kind: the API leaves it open, people should not have to guess. */
int policy_compare_precedence(const struct object *a, const struct object *b)
{
	if (a->policy.priority != b->policy.priority)
		return a->policy.priority < b->policy.priority ? -1 : 1;
	return strcmp(a->name, b->name) ?: (int)a->kind - (int)b->kind;
}

static int compare_precedence(const void *a, const void *b)
{
	return policy_compare_precedence(*(const struct object *const *)a, *(const struct object *const *)b);
}

static void add_tier(struct ruleset *rules, const struct world *world, enum policy_tier tier)
{
	VEC(const struct object *) list = {};

	vec_for_each (policy, &world->policies) {
		if ((*policy)->policy.tier == tier)
			vec_push(&list, *policy);
	}
	if (list.n && tier != TIER_NETWORK)
		qsort(list.items, list.n, sizeof(*list.items), compare_precedence);
	vec_for_each (policy, &list)
		add_policy(rules, *policy);
	vec_free(&list);
}

/* A service's port means something of its own, and so is a class of its own. */
static void add_service_ports(struct ruleset *rules, const struct world *world)
{
	vec_for_each (service, &world->services) {
		vec_for_each (port, &service->ports)
			add_range(rules, ports_of_protocol(port->protocol), port->port, port->port);
	}
}

void ruleset_build(struct ruleset *rules, const struct world *world)
{
	add_tier(rules, world, TIER_ADMIN);
	add_tier(rules, world, TIER_NETWORK);
	add_tier(rules, world, TIER_BASELINE);
	add_service_ports(rules, world);
}

bool ruleset_is_audited(const struct ruleset *rules, uint32_t rule)
{
	return rules->policies.items[rules->rules.items[rule].policy].object->policy.mode == POLICY_AUDIT;
}

bool ruleset_rejects(const struct ruleset *rules, uint32_t rule)
{
	return rules->policies.items[rules->rules.items[rule].policy].object->policy.on_deny == POLICY_REJECT;
}

void ruleset_free(struct ruleset *rules)
{
	vec_for_each (rule, &rules->rules) {
		vec_free(&rule->terms);
		vec_free(&rule->blocks);
		vec_free(&rule->ranges);
		vec_free(&rule->named);
	}
	vec_for_each (term, &rules->terms)
		vec_free(&term->matches);
	vec_free(&rules->policies);
	vec_free(&rules->rules);
	vec_free(&rules->terms);
	vec_free(&rules->blocks);
	vec_free(&rules->ranges);
	vec_free(&rules->named_ports);
	vec_free(&rules->marks);
	interner_free(&rules->term_keys);
	interner_free(&rules->block_keys);
	interner_free(&rules->range_keys);
	interner_free(&rules->named_keys);
	interner_free(&rules->mark_keys);
}
