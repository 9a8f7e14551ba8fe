// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/identity.h"
#include "policy/identity_key.h"
#include "policy/workload.h"

static uint32_t find_namespace(struct identities *identities, const struct world *world, const char *name)
{
	const uint32_t number = intern(&identities->namespace_keys, name, strlen(name));

	if (number == identities->namespaces.n) {
		struct labels scratch = {};
		const struct labels *labels = world_namespace_labels(world, name, &scratch);

		/* A struct of the list moves as it grows, so its own scratch is told by NULL. */
		vec_push(&identities->namespaces, (struct pod_namespace){ .name = name,
									  .labels = labels == &scratch ? NULL : labels,
									  .scratch = scratch });
	}
	return number;
}

static void add_identity(struct identities *identities, const struct world *world, const struct object *pod,
			 uint32_t number)
{
	struct identity identity = { .number = number, .pod = pod };

	if (pod->kind == KIND_NODE) {
		vec_push(&identities->nodes, (uint32_t)identities->list.n);
	} else if (pod->kind == KIND_POD) {
		identity.namespace = find_namespace(identities, world, pod->namespace);
		vec_push(&identities->namespaces.items[identity.namespace].identities, (uint32_t)identities->list.n);
	}
	vec_push(&identities->list, identity);
}

static void index_by_number(struct identities *identities, const struct numbering *numbers)
{
	identities->by_number.n = numbering_end(numbers);
	identities->by_number.items = xcalloc(identities->by_number.n + 1, sizeof(*identities->by_number.items));
	for (uint32_t i = 0; i < identities->by_number.n; i++)
		identities->by_number.items[i] = IDENTITY_IS_NOBODY;
	for (uint32_t i = 0; i < identities->list.n; i++)
		identities->by_number.items[identities->list.items[i].number] = i;
}

uint32_t identities_find(const struct identities *identities, uint32_t number)
{
	return number < identities->by_number.n ? identities->by_number.items[number] : IDENTITY_IS_NOBODY;
}

/*
 * Identities that no pod has any more and that the kernel's tables still refer
 * to. One whose meaning is lost can't be kept: its key says so.
 */
static void retain(struct identities *identities, const struct world *world, const struct numbering *numbers)
{
	vec_for_each (entry, &world->in_kernel) {
		const char *key = numbering_key(numbers, entry->identity);
		struct object *pod;

		if (!key || identities_find(identities, entry->identity) != IDENTITY_IS_NOBODY)
			continue;
		pod = identity_key_parse(key);
		if (!pod)
			continue;
		vec_push(&identities->retained, pod);
		identities->by_number.items[entry->identity] = (uint32_t)identities->list.n;
		add_identity(identities, world, pod, entry->identity);
	}
}

/* One stream serves all keys of a compilation, as opening one costs more than a key. */
struct finder {
	struct identities *identities;
	const struct world *world;
	struct numbering *numbers;
	FILE *out;
	char *key;
	size_t size;
};

static void finder_close(struct finder *finder)
{
	fclose(finder->out);
	free(finder->key);
}

/* By any one of its pods, as long as the number is theirs. */
static void name_identity(struct numbering *numbers, uint32_t number, const struct object *owner)
{
	_cleanup_free_ char *name = NULL;

	if (numbering_title(numbers, number))
		return;
	name = workload_name(owner);
	numbering_set_title(numbers, number, name);
}

/* The index of a pod's or node's identity. */
static int find_identity(struct finder *finder, const struct object *owner, uint32_t *ret, struct error *error)
{
	struct identities *identities = finder->identities;
	uint32_t index, number;

	rewind(finder->out);
	identity_key_write(finder->out, owner);
	putc_unlocked('\0', finder->out);
	fflush(finder->out);
	index = intern(&identities->keys, finder->key, strlen(finder->key));
	if (index == identities->list.n) {
		number = numbering_get(finder->numbers, finder->key, WEIR_IDENTITY_WORLD);
		if (number == WEIR_IDENTITY_WORLD)
			return error_set(error, -ENOSPC, "identities: all %u numbers are taken (use fewer labels)",
					 IDENTITIES_MAX);
		add_identity(identities, finder->world, owner, number);
		name_identity(finder->numbers, number, owner);
	}
	identities->list.items[index].n_pods++;
	*ret = index;
	return 0;
}

static int find_pods(struct finder *finder, struct error *error)
{
	struct identities *identities = finder->identities;
	const struct world *world = finder->world;
	int r = 0;

	identities->of_pod = xcalloc(world->pods.n + 1, sizeof(*identities->of_pod));
	for (size_t i = 0; r == 0 && i < world->pods.n; i++) {
		identities->of_pod[i] = IDENTITY_IS_NODE;
		if (!world->pods.items[i]->pod.host_network)
			r = find_identity(finder, world->pods.items[i], &identities->of_pod[i], error);
	}
	return r;
}

static int find_nodes(struct finder *finder, struct error *error)
{
	struct identities *identities = finder->identities;
	const struct world *world = finder->world;
	int r = 0;

	identities->of_node = xcalloc(world->nodes.n + 1, sizeof(*identities->of_node));
	for (size_t i = 0; i < world->nodes.n; i++) {
		identities->of_node[i] = IDENTITY_IS_NODE;
		if (world_is_this_node(world, world->nodes.items[i]))
			vec_push(&identities->this_node, world->nodes.items[i]);
	}
	/* Of this node there may be such as it doesn't have itself: an external one, translated on the way. */
	for (size_t i = 0; r == 0 && i < world->other_node_addrs.n; i++) {
		const size_t node = world->other_node_addrs.items[i].node;

		if (identities->of_node[node] == IDENTITY_IS_NODE)
			r = find_identity(finder, world->nodes.items[node], &identities->of_node[node], error);
	}
	return r;
}

static int find_services(struct finder *finder, struct error *error)
{
	struct identities *identities = finder->identities;
	const struct world *world = finder->world;
	int r = 0;

	identities->of_service = xcalloc(world->services.n + 1, sizeof(*identities->of_service));
	for (size_t i = 0; r == 0 && i < world->services.n; i++)
		r = find_identity(finder, world->services.items[i].object, &identities->of_service[i], error);
	return r;
}

int identities_build(struct identities *identities, const struct world *world, struct numbering *numbers,
		     struct error *error)
{
	_cleanup_(finder_close) struct finder finder = { .identities = identities, .world = world, .numbers = numbers };
	int r;

	finder.out = xmemstream(&finder.key, &finder.size);
	r = find_pods(&finder, error) ?: find_nodes(&finder, error) ?: find_services(&finder, error);
	if (r < 0)
		return r;
	index_by_number(identities, numbers);
	retain(identities, world, numbers);
	vec_for_each (ns, &identities->namespaces) {
		if (!ns->labels)
			ns->labels = &ns->scratch;
	}
	return 0;
}

void identities_locate(struct identities *identities, const struct world *world, const struct weir_image *image)
{
	_cleanup_free_ bool *located = xcalloc(world->pods.n + 1, sizeof(*located));

	/* An address counts for whom the kernel takes it until the swap is over, too. */
	vec_for_each (entry, &world->in_kernel) {
		const uint32_t index = identities_find(identities, entry->identity);

		if (index == IDENTITY_IS_NOBODY || !entry->has_addr)
			continue;
		vec_push(&identities->list.items[index].regions[entry->addr.family],
			 weir_image_region(image, entry->addr.family, entry->addr.bytes));
	}
	vec_for_each (owned, &world->pod_addrs) {
		const enum weir_family family = owned->addr.family;
		struct identity *identity = &identities->list.items[identities->of_pod[owned->pod]];

		vec_push(&identity->regions[family], weir_image_region(image, family, owned->addr.bytes));
		located[owned->pod] = true;
	}
	vec_for_each (owned, &world->other_node_addrs) {
		const enum weir_family family = owned->addr.family;
		struct identity *identity = &identities->list.items[identities->of_node[owned->node]];

		vec_push(&identity->regions[family], weir_image_region(image, family, owned->addr.bytes));
	}
	/* A pod without an address is in no CIDR. */
	for (size_t i = 0; i < world->pods.n; i++) {
		if (!located[i] && identities->of_pod[i] != IDENTITY_IS_NODE)
			vec_push(&identities->list.items[identities->of_pod[i]].regions[WEIR_IPV4], 0);
	}
	vec_for_each (identity, &identities->list) {
		if (!identity->regions[WEIR_IPV4].n && !identity->regions[WEIR_IPV6].n)
			vec_push(&identity->regions[WEIR_IPV4], 0);
		for (int family = 0; family < WEIR_FAMILIES; family++)
			ids_sort(&identity->regions[family]);
	}
}

void identities_free(struct identities *identities)
{
	vec_for_each (identity, &identities->list) {
		vec_free(&identity->terms);
		vec_free(&identity->policies);
		vec_free(&identity->marks);
		for (int family = 0; family < WEIR_FAMILIES; family++)
			vec_free(&identity->regions[family]);
	}
	vec_for_each (ns, &identities->namespaces) {
		labels_free(&ns->scratch);
		vec_free(&ns->identities);
	}
	vec_for_each (pod, &identities->retained)
		object_free(*pod);
	vec_free(&identities->retained);
	vec_free(&identities->by_number);
	vec_free(&identities->nodes);
	vec_free(&identities->this_node);
	vec_free(&identities->this_node_terms);
	free(TAKE_PTR(identities->of_node));
	free(TAKE_PTR(identities->of_service));
	vec_free(&identities->list);
	vec_free(&identities->namespaces);
	free(TAKE_PTR(identities->of_pod));
	interner_free(&identities->keys);
	interner_free(&identities->namespace_keys);
}
