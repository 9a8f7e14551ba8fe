// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>

#include "base/mem.h"
#include "policy/refs.h"
#include "policy/result.h"

static int compare_owners(const void *a, const void *b)
{
	const struct address_owner *x = a, *y = b;

	/* The node's come first of equal ones, and so keep the address. */
	return addr_compare(&x->addr, &y->addr) ?: (x->pod != NULL) - (y->pod != NULL);
}

static int compare_pods(const void *a, const void *b)
{
	const struct pod_identity *x = a, *y = b;

	return x->pod < y->pod ? -1 : x->pod > y->pod;
}

static int compare_identities(const void *a, const void *b)
{
	const struct identity_info *x = a, *y = b;

	return x->identity < y->identity ? -1 : x->identity > y->identity;
}

static int compare_decisions(const void *a, const void *b)
{
	const struct decision_info *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static int compare_limits(const void *a, const void *b)
{
	const struct limit_info *x = a, *y = b;

	return x->bucket < y->bucket ? -1 : x->bucket > y->bucket;
}

static uint32_t pod_number(const struct identities *identities, size_t pod)
{
	const uint32_t index = identities->of_pod[pod];

	return index == IDENTITY_IS_NODE ? WEIR_IDENTITY_NODE : identities->list.items[index].number;
}

static int compare_addrs(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static void list_backends(struct compiled *compiled, const struct world *world)
{
	vec_for_each (service, &world->services) {
		vec_for_each (port, &service->ports) {
			vec_for_each (backend, &port->backends)
				vec_push(&compiled->backends, backend->addr);
		}
	}
	if (compiled->backends.n)
		qsort(compiled->backends.items, compiled->backends.n, sizeof(*compiled->backends.items), compare_addrs);
}

void result_addresses(struct compiled *compiled, const struct world *world, const struct identities *identities)
{
	size_t n = 0;

	list_backends(compiled, world);
	vec_for_each (pod, &world->disputed)
		vec_push(&compiled->disputed, *pod);
	vec_for_each (addr, &world->node_addrs)
		vec_push(&compiled->addresses, (struct address_owner){ .addr = *addr, .identity = WEIR_IDENTITY_NODE });
	vec_for_each (owned, &world->pod_addrs)
		vec_push(&compiled->addresses, (struct address_owner){ .addr = owned->addr,
								       .identity = pod_number(identities, owned->pod),
								       .pod = world->pods.items[owned->pod] });
	vec_for_each (owned, &world->other_node_addrs) {
		const uint32_t index = identities->of_node[owned->node];

		vec_push(&compiled->addresses, (struct address_owner){ .addr = owned->addr,
								       .identity = identities->list.items[index].number,
								       .node = world->nodes.items[owned->node] });
	}
	for (size_t i = 0; i < world->services.n; i++)
		vec_push(&compiled->addresses,
			 (struct address_owner){
				 .addr = world->services.items[i].addr,
				 .identity = identities->list.items[identities->of_service[i]].number,
				 .service = world->services.items[i].object,
			 });
	for (size_t i = 0; i < world->pods.n; i++) {
		vec_push(&compiled->pods,
			 (struct pod_identity){ .pod = world->pods.items[i], .identity = pod_number(identities, i) });
		vec_push(&compiled->by_name, world->pods.items[i]);
	}
	if (compiled->pods.n)
		qsort(compiled->pods.items, compiled->pods.n, sizeof(*compiled->pods.items), compare_pods);
	if (!compiled->addresses.n)
		return;
	qsort(compiled->addresses.items, compiled->addresses.n, sizeof(*compiled->addresses.items), compare_owners);
	for (size_t i = 0; i < compiled->addresses.n; i++) {
		const struct address_owner *owner = &compiled->addresses.items[i];

		if (!n || addr_compare(&compiled->addresses.items[n - 1].addr, &owner->addr) != 0)
			compiled->addresses.items[n++] = *owner;
	}
	compiled->addresses.n = n;
}

static void add_identity_info(struct compiled *compiled, const struct identity *identity)
{
	struct identity_info *info =
		vec_push(&compiled->identities, (struct identity_info){
							.identity = identity->number,
							.namespace = xstrdup(identity->pod->namespace),
							.pods = identity->n_pods,
						});

	labels_copy(&info->labels, &identity->pod->labels);
	for (int family = 0; family < WEIR_FAMILIES; family++)
		vec_for_each (region, &identity->regions[family])
			vec_push(&info->regions[family], *region);
}

void result_identities(struct compiled *compiled, const struct identities *identities)
{
	vec_for_each (identity, &identities->list) {
		if (identity->n_pods)
			add_identity_info(compiled, identity);
		else
			vec_push(&compiled->retained, identity->number);
	}
	if (compiled->identities.n)
		qsort(compiled->identities.items, compiled->identities.n, sizeof(*compiled->identities.items),
		      compare_identities);
}

void compiled_free(struct compiled *compiled)
{
	if (!compiled)
		return;
	vec_for_each (identity, &compiled->identities) {
		free(identity->namespace);
		labels_free(&identity->labels);
		for (int family = 0; family < WEIR_FAMILIES; family++)
			vec_free(&identity->regions[family]);
	}
	vec_for_each (decision, &compiled->decisions)
		decision_info_free(decision);
	vec_for_each (limit, &compiled->limits)
		rule_ref_free(&limit->rule);
	vec_free(&compiled->addresses);
	vec_free(&compiled->identities);
	vec_free(&compiled->retained);
	vec_free(&compiled->pods);
	vec_free(&compiled->by_name);
	vec_free(&compiled->backends);
	vec_free(&compiled->disputed);
	vec_free(&compiled->decisions);
	vec_free(&compiled->limits);
	free(compiled->words);
	free(compiled);
}

#define FIND(vec, key, compare) ((vec)->n ? bsearch(key, (vec)->items, (vec)->n, sizeof(*(vec)->items), compare) : NULL)

const struct decision_info *compiled_decision(const struct compiled *compiled, uint32_t at)
{
	return FIND(&compiled->decisions, &(struct decision_info){ .at = at }, compare_decisions);
}

const struct limit_info *compiled_limit(const struct compiled *compiled, uint32_t bucket)
{
	return FIND(&compiled->limits, &(struct limit_info){ .bucket = bucket }, compare_limits);
}

static int compare_to_owner(const void *key, const void *item)
{
	return addr_compare(key, &((const struct address_owner *)item)->addr);
}

const struct address_owner *compiled_owner(const struct compiled *compiled, const struct addr *addr)
{
	return FIND(&compiled->addresses, addr, compare_to_owner);
}

const struct identity_info *compiled_identity(const struct compiled *compiled, uint32_t identity)
{
	return FIND(&compiled->identities, &(struct identity_info){ .identity = identity }, compare_identities);
}

bool compiled_knows(const struct compiled *compiled, uint32_t identity)
{
	vec_for_each (retained, &compiled->retained) {
		if (*retained == identity)
			return true;
	}
	return identity < WEIR_IDENTITY_FIRST || compiled_identity(compiled, identity);
}

int compiled_pod_identity(const struct compiled *compiled, const struct object *pod, uint32_t *ret)
{
	const struct pod_identity *found = FIND(&compiled->pods, &(struct pod_identity){ .pod = pod }, compare_pods);

	if (!found)
		return -ENOENT;
	*ret = found->identity;
	return 0;
}
