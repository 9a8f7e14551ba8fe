// SPDX-License-Identifier: BSD-2-Clause
#include "policy/representatives.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void add_port(struct representatives *to, uint8_t protocol, int port)
{
	if (port >= 0 && port <= UINT16_MAX)
		vec_push(&to->ports, (struct port_representative){ protocol, (uint16_t)port });
}

/* The ends of a range and who is just outside. */
static void add_range(struct representatives *to, uint8_t protocol, int first, int last)
{
	add_port(to, protocol, first - 1);
	add_port(to, protocol, first);
	add_port(to, protocol, last);
	add_port(to, protocol, last + 1);
}

static void add_addr(struct representatives *to, const struct addr *addr)
{
	vec_push(&to->addrs, *addr);
}

/* The next address in one direction; false when there is none. */
static bool step(struct addr *addr, int by)
{
	for (int i = addr_bits(addr->family) / 8 - 1; i >= 0; i--) {
		const uint8_t edge = by > 0 ? UINT8_MAX : 0;

		if (addr->bytes[i] != edge) {
			addr->bytes[i] = (uint8_t)(addr->bytes[i] + by);
			return true;
		}
		addr->bytes[i] = (uint8_t)~edge;
	}
	return false;
}

static void add_cidr(struct representatives *to, const struct cidr *cidr)
{
	struct addr first = cidr->addr, last = cidr->addr;

	for (unsigned bit = cidr->length; bit < addr_bits(last.family); bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
	add_addr(to, &first);
	add_addr(to, &last);
	if (step(&first, -1))
		add_addr(to, &first);
	if (step(&last, 1))
		add_addr(to, &last);
}

static void add_rule(struct representatives *to, const struct policy_rule *rule)
{
	vec_for_each (peer, &rule->peers) {
		if (!peer->is_cidr)
			continue;
		add_cidr(to, &peer->cidr);
		vec_for_each (except, &peer->except)
			add_cidr(to, except);
	}
	vec_for_each (port, &rule->ports) {
		if (!port->any_port && !port->name)
			add_range(to, port->protocol, port->port, port->end_port);
	}
}

static void add_pod(struct representatives *to, const struct object *pod)
{
	vec_for_each (port, &pod->pod.ports)
		add_range(to, port->protocol, port->port, port->port);
	for (size_t i = 0; pod->pod.host_network && i < pod->pod.addrs.n; i++)
		add_addr(to, &pod->pod.addrs.items[i]);
}

void representatives_add(struct representatives *to, const struct world *world)
{
	for (size_t i = 0; i < world->policies.n; i++) {
		const struct policy *policy = &world->policies.items[i]->policy;

		for (int direction = 0; direction < WEIR_DIRECTIONS; direction++) {
			vec_for_each (rule, &policy->rules[direction])
				add_rule(to, rule);
		}
	}
	for (size_t i = 0; i < world->pods.n; i++)
		add_pod(to, world->pods.items[i]);
	vec_for_each (addr, &world->node_addrs)
		add_addr(to, addr);
	vec_for_each (node, &world->nodes) {
		vec_for_each (addr, &(*node)->node.addrs)
			add_addr(to, addr);
	}
}

static int compare_ports(const void *a, const void *b)
{
	const struct port_representative *x = a, *y = b;

	return x->protocol != y->protocol ? (int)x->protocol - y->protocol : (int)x->port - y->port;
}

static int compare_addrs(const void *a, const void *b)
{
	return addr_compare(a, b);
}

#define SORT_DISTINCT(vec, compare)                                                         \
	do {                                                                                \
		size_t n = 0;                                                               \
		qsort((vec)->items, (vec)->n, sizeof(*(vec)->items), compare);              \
		for (size_t i = 0; i < (vec)->n; i++) {                                     \
			if (n == 0 || compare(&(vec)->items[n - 1], &(vec)->items[i]) != 0) \
				(vec)->items[n++] = (vec)->items[i];                        \
		}                                                                           \
		(vec)->n = n;                                                               \
	} while (0)

void representatives_finish(struct representatives *to)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
	struct addr somebody;

	/* Of those that no policy mentions. */
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		add_range(to, protocols[i], 1, UINT16_MAX);
	if (addr_parse("203.0.113.77", &somebody) == 0)
		add_addr(to, &somebody);
	if (addr_parse("2001:db8::77", &somebody) == 0)
		add_addr(to, &somebody);
	SORT_DISTINCT(&to->ports, compare_ports);
	SORT_DISTINCT(&to->addrs, compare_addrs);
	vec_push(&to->ports, (struct port_representative){ .protocol = IPPROTO_ICMP });
}

void representatives_free(struct representatives *to)
{
	vec_free(&to->ports);
	vec_free(&to->addrs);
}
