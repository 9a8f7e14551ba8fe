// SPDX-License-Identifier: BSD-2-Clause
#include "policy/services.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "policy/words.h"

struct placing {
	struct peers *peers;
	const struct identities *identities;
	const struct world *world;
	struct weir_image image;
};

static int compare_to_pod(const void *key, const void *item)
{
	return addr_compare(key, &((const struct world_address *)item)->addr);
}

static int compare_to_node(const void *key, const void *item)
{
	return addr_compare(key, &((const struct world_node_address *)item)->addr);
}

#define FIND(vec, key, compare) ((vec)->n ? bsearch(key, (vec)->items, (vec)->n, sizeof(*(vec)->items), compare) : NULL)

/* As the kernel would find it by the address. */
static uint32_t peer_word(const struct placing *p, const struct addr *addr)
{
	const struct world_address *pod = FIND(&p->world->pod_addrs, addr, compare_to_pod);
	const struct world_node_address *node = FIND(&p->world->other_node_addrs, addr, compare_to_node);

	vec_for_each (own, &p->world->node_addrs) {
		if (addr_compare(own, addr) == 0)
			return p->peers->node;
	}
	if (pod)
		return p->identities->list.items[p->identities->of_pod[pod->pod]].peer[addr->family];
	if (node)
		return p->identities->list.items[p->identities->of_node[node->node]].peer[addr->family];
	return p->peers->world;
}

static uint32_t peer_class(const struct placing *p, const struct addr *addr)
{
	const uint32_t word = peer_word(p, addr);

	if (!(word & WEIR_PEER_BY_REGION))
		return word;
	return weir_image_word(&p->image,
			       (word & ~WEIR_PEER_BY_REGION) + weir_image_region(&p->image, addr->family, addr->bytes));
}

struct meaning {
	uint32_t peer, port; /* classes */
};

static int compare_meanings(const void *a, const void *b)
{
	const struct meaning *x = a, *y = b;

	if (x->peer != y->peer)
		return x->peer < y->peer ? -1 : 1;
	return x->port < y->port ? -1 : x->port > y->port;
}

/* Appends: port class, number of distinct backends, their peer and port classes. */
static void describe_port(const struct placing *p, const struct world_service_port *port, struct ids *shape)
{
	const enum weir_port_protocol protocol = ports_of_protocol(port->protocol);
	VEC(struct meaning) meanings = {};
	size_t n_at;

	vec_for_each (backend, &port->backends)
		vec_push(&meanings, (struct meaning){
					    .peer = peer_class(p, &backend->addr),
					    .port = weir_image_port_class(&p->image, protocol, backend->port),
				    });
	if (meanings.n)
		qsort(meanings.items, meanings.n, sizeof(*meanings.items), compare_meanings);
	vec_push(shape, weir_image_port_class(&p->image, protocol, port->port));
	n_at = shape->n;
	vec_push(shape, 0);
	for (size_t i = 0; i < meanings.n; i++) {
		if (i && compare_meanings(&meanings.items[i - 1], &meanings.items[i]) == 0)
			continue;
		vec_push(shape, meanings.items[i].peer);
		vec_push(shape, meanings.items[i].port);
		shape->items[n_at]++;
	}
	vec_free(&meanings);
}

/* Of nobody, at every port. */
static uint32_t closed_class(const struct placing *p, uint32_t n_ports)
{
	struct ids shape = {};
	uint32_t class;

	for (uint32_t port = 0; port < n_ports; port++) {
		vec_push(&shape, port);
		vec_push(&shape, 0);
	}
	class = peers_service_class(p->peers, 0, intern_ids(&p->peers->shapes, &shape));
	vec_free(&shape);
	return class;
}

static bool has_address(const struct placing *p, const struct object *service, enum weir_family family)
{
	vec_for_each (known, &p->world->services) {
		if (known->object == service && known->addr.family == family)
			return true;
	}
	return false;
}

/*
 * An address that the kernel still takes for a service's, which has it no
 * longer: what its backends were is lost, so for who is isolated nobody answers
 * there until the kernel's table follows. As the world's it might be open.
 */
static void close_lost(const struct placing *p, uint32_t n_ports)
{
	vec_for_each (entry, &p->world->in_kernel) {
		const uint32_t index = identities_find(p->identities, entry->identity);
		struct identity *identity;

		if (index == IDENTITY_IS_NOBODY || !entry->has_addr)
			continue;
		identity = &p->identities->list.items[index];
		if (identity->pod->kind == KIND_SERVICE && !has_address(p, identity->pod, entry->addr.family))
			identity->peer[entry->addr.family] = closed_class(p, n_ports);
	}
}

void services_place(struct peers *peers, const struct identities *identities, const struct world *world,
		    uint32_t n_ports, struct writer *writer)
{
	const struct placing p = {
		.peers = peers,
		.identities = identities,
		.world = world,
		.image = writer_image(writer),
	};
	struct ids shape = {};

	for (size_t i = 0; !writer->full && i < world->services.n; i++) {
		const struct world_service *service = &world->services.items[i];
		const uint32_t region = weir_image_region(&p.image, service->addr.family, service->addr.bytes);

		shape.n = 0;
		vec_for_each (port, &service->ports)
			describe_port(&p, port, &shape);
		identities->list.items[identities->of_service[i]].peer[service->addr.family] =
			peers_service_class(peers, region, intern_ids(&peers->shapes, &shape));
	}
	vec_free(&shape);
	if (!writer->full)
		close_lost(&p, n_ports);
}

/*
 * What a client may do that can't choose its backend: nothing unless each of
 * them lets it. Of several reasons the one that comes last in the list is told
 * for a denial, one that is answered first; the first one for an allowance,
 * with the most limits.
 */
static bool is_told_before(const struct ruleset *rules, const struct opinion *a, const struct opinion *b)
{
	const bool denies = opinion_denies(a);
	size_t audited[2], limits[2];

	if (denies != opinion_denies(b))
		return denies;
	if (a->reason != b->reason)
		return denies ? a->reason > b->reason : a->reason < b->reason;
	if (a->rejects != b->rejects)
		return a->rejects;
	audited[0] = opinion_limits(rules, a, true);
	audited[1] = opinion_limits(rules, b, true);
	limits[0] = opinion_limits(rules, a, false);
	limits[1] = opinion_limits(rules, b, false);
	return audited[0] != audited[1] ? audited[0] > audited[1] : limits[0] > limits[1];
}

static int combine(const struct services_row *row, const struct weir_image *image, const uint32_t *backends, uint32_t n,
		   uint32_t *ret, struct error *error)
{
	const struct decision *list = row->decisions->list.items;
	const struct ruleset *rules = row->decisions->rules;
	uint32_t enforced = row->nobody, all = enforced;

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t column = row->columns[backends[2 * i]];
		const uint32_t decision = weir_image_vec(image, column, backends[2 * i + 1]);

		if (i == 0 || is_told_before(rules, &list[decision].enforced, &list[enforced].enforced))
			enforced = decision;
		if (i == 0 || is_told_before(rules, &list[decision].all, &list[all].all))
			all = decision;
	}
	return decisions_cross(row->decisions, enforced, all, ret, error);
}

static int fill_column(const struct services_row *row, uint32_t class, const struct ids *shape, struct error *error)
{
	const struct weir_image image = writer_image(row->writer);
	int r = 0;

	for (uint32_t i = 0; i < row->n_ports; i++)
		row->cells[i] = weir_image_vec(&image, row->columns[class], i);
	for (size_t at = 0; r == 0 && at < shape->n; at += 2 + 2 * (size_t)shape->items[at + 1])
		r = combine(row, &image, &shape->items[at + 2], shape->items[at + 1], &row->cells[shape->items[at]],
			    error);
	if (r == 0)
		row->columns[class] = writer_vec(row->writer, WORDS_DECISIONS, row->cells, row->n_ports);
	return r;
}

/* A backend is never a service, so the order of the columns doesn't matter. */
int services_fill(const struct services_row *row, struct error *error)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && !row->writer->full && i < row->peers->classes.n; i++) {
		const uint32_t number = row->peers->classes.items[i].service;
		struct ids shape;

		if (!number)
			continue;
		shape = interner_ids(&row->peers->shapes, number - 1);
		r = fill_column(row, i, &shape, error);
	}
	return r;
}
