// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/intern.h"
#include "policy/world.h"

static int compare_names(const char *a, const char *b)
{
	return strcmp(a ?: "", b ?: "");
}

static int compare_objects(const struct object *a, const struct object *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return compare_names(a->namespace, b->namespace) ?: compare_names(a->name, b->name);
}

static int compare_object_pointers(const void *a, const void *b)
{
	return compare_objects(*(const struct object *const *)a, *(const struct object *const *)b);
}

static void warn(struct diags *diags, const struct object *object, const char *path, const char *text)
{
	diags_add(diags, DIAG_WARNING, object->file ?: "", object->line, 0, path, "%s", text);
}

static uint32_t intern_object(struct interner *names, const struct object *object)
{
	_cleanup_free_ char *key = object_key(object->kind, object->namespace, object->name);

	return intern(names, key, strlen(key));
}

static bool is_finished(const struct object *object)
{
	return object->kind == KIND_POD && (object->pod.phase == POD_SUCCEEDED || object->pod.phase == POD_FAILED);
}

/* Kinds that policy has no use for are left out. */
static void sort_out(struct world *world, const struct object *object)
{
	switch (object->kind) {
	case KIND_NAMESPACE:
		vec_push(&world->namespaces, object);
		break;
	case KIND_POD:
		if (!is_finished(object))
			vec_push(&world->pods, object);
		break;
	case KIND_NETWORK_POLICY:
	case KIND_TRAFFIC_POLICY:
	case KIND_CLUSTER_TRAFFIC_POLICY:
	case KIND_ADMIN_NETWORK_POLICY:
	case KIND_BASELINE_ADMIN_NETWORK_POLICY:
	case KIND_CLUSTER_NETWORK_POLICY:
		vec_push(&world->policies, object);
		break;
	case KIND_NODE:
		vec_push(&world->nodes, object);
		break;
	case KIND_SERVICE:
		vec_push(&world->service_objects, object);
		break;
	case KIND_ENDPOINT_SLICE:
		vec_push(&world->slices, object);
		break;
	default:
		break;
	}
}

/* Every object that there is, by the number of its key. */
struct known {
	struct interner keys;
	VEC(const struct object *) objects;
};

static void known_free(struct known *known)
{
	interner_free(&known->keys);
	vec_free(&known->objects);
}

/* The object that has been there by its name, or NULL. */
static const struct object *know(struct known *known, const struct object *object)
{
	const uint32_t number = intern_object(&known->keys, object);

	if (number < known->objects.n)
		return known->objects.items[number];
	vec_push(&known->objects, object);
	return NULL;
}

static void warn_of_another(struct diags *diags, const struct object *object, const struct object *first)
{
	_cleanup_free_ char *title = object_title(object);
	_cleanup_free_ char *text =
		xasprintf("%s is defined more than once; the one in %s counts", title, first->file ?: "another source");

	warn(diags, object, "", text);
}

void world_add(struct world *world, const struct objects *objects, struct diags *diags)
{
	_cleanup_(known_free) struct known known = {};

	vec_for_each (object, &world->namespaces)
		know(&known, *object);
	vec_for_each (object, &world->pods)
		know(&known, *object);
	vec_for_each (object, &world->nodes)
		know(&known, *object);
	vec_for_each (object, &world->policies)
		know(&known, *object);
	vec_for_each (object, &world->service_objects)
		know(&known, *object);
	vec_for_each (object, &world->slices)
		know(&known, *object);

	vec_for_each (object, &objects->list) {
		const struct object *first = know(&known, *object);

		if (!first) {
			sort_out(world, *object);
			continue;
		}
		warn_of_another(diags, *object, first);
		if ((*object)->kind == KIND_POD)
			vec_push(&world->disputed, *object);
	}
}

static int compare_addresses(const void *a, const void *b)
{
	const struct world_address *x = a, *y = b;

	return addr_compare(&x->addr, &y->addr) ?: x->pod < y->pod ? -1 : x->pod > y->pod;
}

static bool is_node_address(const struct world *world, const struct addr *addr)
{
	vec_for_each (node, &world->node_addrs) {
		if (addr_compare(node, addr) == 0)
			return true;
	}
	return false;
}

static void dispute_address(struct world *world, const struct object *loser, const struct addr *addr,
			    const char *keeper, struct diags *diags)
{
	char address[ADDR_TEXT_MAX];
	_cleanup_free_ char *text = xasprintf("%s belongs to %s already", addr_format(addr, address), keeper);

	warn(diags, loser, loser->kind == KIND_POD ? "status.podIPs" : "status.addresses", text);
	if (loser->kind == KIND_POD)
		vec_push(&world->disputed, loser);
}

bool world_is_this_node(const struct world *world, const struct object *node)
{
	vec_for_each (addr, &node->node.addrs) {
		if (is_node_address(world, addr))
			return true;
	}
	return false;
}

static int compare_node_addresses(const void *a, const void *b)
{
	const struct world_node_address *x = a, *y = b;

	return addr_compare(&x->addr, &y->addr) ?: x->node < y->node ? -1 : x->node > y->node;
}

static void own_node_addresses(struct world *world, struct diags *diags)
{
	size_t n = 0;

	for (size_t i = 0; i < world->nodes.n; i++) {
		vec_for_each (addr, &world->nodes.items[i]->node.addrs) {
			if (!is_node_address(world, addr))
				vec_push(&world->other_node_addrs,
					 (struct world_node_address){ .addr = *addr, .node = i });
		}
	}
	if (!world->other_node_addrs.n)
		return;
	qsort(world->other_node_addrs.items, world->other_node_addrs.n, sizeof(*world->other_node_addrs.items),
	      compare_node_addresses);
	for (size_t i = 0; i < world->other_node_addrs.n; i++) {
		const struct world_node_address *this = &world->other_node_addrs.items[i];
		const struct world_node_address *last = n ? &world->other_node_addrs.items[n - 1] : NULL;

		if (!last || addr_compare(&last->addr, &this->addr) != 0) {
			world->other_node_addrs.items[n++] = *this;
		} else {
			_cleanup_free_ char *keeper = object_title(world->nodes.items[last->node]);

			dispute_address(world, world->nodes.items[this->node], &this->addr, keeper, diags);
		}
	}
	world->other_node_addrs.n = n;
}

static const struct object *other_node_by_addr(const struct world *world, const struct addr *addr)
{
	size_t low = 0, high = world->other_node_addrs.n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct world_node_address *owned = &world->other_node_addrs.items[middle];
		const int order = addr_compare(addr, &owned->addr);

		if (order == 0)
			return world->nodes.items[owned->node];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void claim_address(struct world *world, size_t pod, const struct addr *addr, struct diags *diags)
{
	const struct object *node = other_node_by_addr(world, addr);
	_cleanup_free_ char *keeper = node ? object_title(node) : NULL;

	if (is_node_address(world, addr))
		dispute_address(world, world->pods.items[pod], addr, "this node", diags);
	else if (keeper)
		dispute_address(world, world->pods.items[pod], addr, keeper, diags);
	else
		vec_push(&world->pod_addrs, (struct world_address){ .addr = *addr, .pod = pod });
}

/* Of several pods with one address the first by name keeps it; one of the node's is nobody else's. */
static void own_addresses(struct world *world, struct diags *diags)
{
	size_t n = 0;

	for (size_t i = 0; i < world->pods.n; i++) {
		const struct object *object = world->pods.items[i];

		if (object->pod.host_network)
			continue;
		vec_for_each (addr, &object->pod.addrs)
			claim_address(world, i, addr, diags);
	}
	if (!world->pod_addrs.n)
		return;
	qsort(world->pod_addrs.items, world->pod_addrs.n, sizeof(*world->pod_addrs.items), compare_addresses);
	for (size_t i = 0; i < world->pod_addrs.n; i++) {
		const struct world_address *this = &world->pod_addrs.items[i];
		const struct world_address *last = n ? &world->pod_addrs.items[n - 1] : NULL;

		if (!last || addr_compare(&last->addr, &this->addr) != 0) {
			world->pod_addrs.items[n++] = *this;
		} else if (last->pod != this->pod) {
			_cleanup_free_ char *keeper = object_title(world->pods.items[last->pod]);

			dispute_address(world, world->pods.items[this->pod], &this->addr, keeper, diags);
		}
	}
	world->pod_addrs.n = n;
}

#define SORT_OBJECTS(vec)                                                                              \
	do {                                                                                           \
		if ((vec)->n)                                                                          \
			qsort((vec)->items, (vec)->n, sizeof(*(vec)->items), compare_object_pointers); \
	} while (0)

void world_finish(struct world *world, struct diags *diags)
{
	SORT_OBJECTS(&world->namespaces);
	SORT_OBJECTS(&world->pods);
	SORT_OBJECTS(&world->nodes);
	SORT_OBJECTS(&world->policies);
	own_node_addresses(world, diags);
	own_addresses(world, diags);
	world_find_services(world);
}

void world_free(struct world *world)
{
	vec_free(&world->namespaces);
	vec_free(&world->pods);
	vec_free(&world->nodes);
	vec_free(&world->policies);
	vec_free(&world->disputed);
	vec_free(&world->node_addrs);
	vec_free(&world->in_kernel);
	vec_free(&world->other_node_addrs);
	vec_free(&world->pod_addrs);
	world_free_services(world);
}

static const struct object *find_object(const struct object **objects, size_t n, const struct object *key)
{
	const struct object *const *found =
		n ? bsearch(&key, objects, n, sizeof(*objects), compare_object_pointers) : NULL;

	return found ? *found : NULL;
}

const struct object *world_pod(const struct world *world, const char *namespace, const char *name)
{
	const struct object key = { .kind = KIND_POD, .namespace = (char *)namespace, .name = (char *)name };

	return find_object(world->pods.items, world->pods.n, &key);
}

static int compare_to_address(const void *key, const void *item)
{
	return addr_compare(key, &((const struct world_address *)item)->addr);
}

const struct object *world_pod_by_addr(const struct world *world, const struct addr *addr)
{
	const struct world_address *found = NULL;

	if (world->pod_addrs.n)
		found = bsearch(addr, world->pod_addrs.items, world->pod_addrs.n, sizeof(*found), compare_to_address);
	return found ? world->pods.items[found->pod] : NULL;
}

bool world_is_owned(const struct world *world, const struct addr *addr)
{
	return is_node_address(world, addr) || other_node_by_addr(world, addr) || world_pod_by_addr(world, addr);
}

const struct labels *world_namespace_labels(const struct world *world, const char *name, struct labels *scratch)
{
	const struct object key = { .kind = KIND_NAMESPACE, .name = (char *)name };
	const struct object *found = find_object(world->namespaces.items, world->namespaces.n, &key);

	if (found)
		return &found->labels;
	labels_set(scratch, "kubernetes.io/metadata.name", name);
	return scratch;
}

bool world_selects(const struct world *world, const struct object *policy, const struct object *pod)
{
	struct labels scratch = {};
	bool selects;

	if (pod->pod.host_network)
		return false;
	if (!policy->policy.has_namespace_selector)
		selects = strcmp(policy->namespace, pod->namespace) == 0;
	else
		selects = selector_matches(&policy->policy.namespaces,
					   world_namespace_labels(world, pod->namespace, &scratch));
	labels_free(&scratch);
	return selects && selector_matches(&policy->policy.subjects, &pod->labels);
}
