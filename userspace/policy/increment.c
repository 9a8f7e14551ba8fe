// SPDX-License-Identifier: BSD-2-Clause
#include "policy/increment.h"

#include <stdlib.h>
#include <string.h>

#include "policy/identity_key.h"

static int compare_names(const void *key, const void *item)
{
	const struct object *a = key, *b = *(const struct object *const *)item;

	return strcmp(a->namespace, b->namespace) ?: strcmp(a->name, b->name);
}

static int compare_pointers(const void *key, const void *item)
{
	const struct object *pod = ((const struct pod_identity *)item)->pod;

	return (const struct object *)key < pod ? -1 : (const struct object *)key > pod;
}

static int compare_addresses(const void *key, const void *item)
{
	return addr_compare(key, &((const struct address_owner *)item)->addr);
}

static bool is_finished(const struct object *pod)
{
	return pod->pod.phase == POD_SUCCEEDED || pod->pod.phase == POD_FAILED;
}

static bool is_gone(const struct objects_delta *delta, const struct object *pod)
{
	vec_for_each (gone, &delta->gone) {
		if (*gone == pod)
			return true;
	}
	return false;
}

const struct object *increment_namesake(const struct compiled *compiled, const struct object *pod)
{
	const size_t at = vec_lower_bound(&compiled->by_name, pod, compare_names);

	if (at == compiled->by_name.n || compare_names(pod, &compiled->by_name.items[at]) != 0)
		return NULL;
	return compiled->by_name.items[at];
}

int increment_identity(const struct compiled *compiled, const struct numberings *numberings, const struct object *pod,
		       uint32_t *ret)
{
	_cleanup_free_ char *key = NULL;
	uint32_t number;
	size_t size;
	FILE *out = open_memstream(&key, &size);

	if (!out)
		return -ENOENT;
	identity_key_write(out, pod);
	fclose(out);
	if (!numbering_find(numberings->identities, key, &number) || !compiled_identity(compiled, number))
		return -ENOENT;
	*ret = number;
	return 0;
}

static bool knows_region(const struct compiled *compiled, const struct identity_info *info, const struct addr *addr)
{
	const struct weir_image image = compiled_image(compiled);
	const uint32_t region = weir_image_region(&image, addr->family, addr->bytes);

	vec_for_each (known, &info->regions[addr->family]) {
		if (*known == region)
			return true;
	}
	return false;
}

static bool is_taken(const struct compiled *compiled, const struct objects_delta *delta, const struct addr *addr)
{
	const struct address_owner *owner = compiled_owner(compiled, addr);

	return owner && (!owner->pod || !is_gone(delta, owner->pod));
}

static int compare_addrs(const void *key, const void *item)
{
	return addr_compare(key, item);
}

/* What the image says of a service is made of what it says of the backends' addresses. */
static bool is_backend(const struct compiled *compiled, const struct object *pod)
{
	vec_for_each (addr, &pod->pod.addrs) {
		const size_t at = vec_lower_bound(&compiled->backends, addr, compare_addrs);

		if (at < compiled->backends.n && addr_compare(&compiled->backends.items[at], addr) == 0)
			return true;
	}
	return false;
}

static bool are_in_conflict(const struct object *a, const struct object *b)
{
	if (strcmp(a->namespace, b->namespace) == 0 && strcmp(a->name, b->name) == 0)
		return true;
	vec_for_each (x, &a->pod.addrs) {
		vec_for_each (y, &b->pod.addrs) {
			if (addr_compare(x, y) == 0)
				return true;
		}
	}
	return false;
}

/* Who wins what two pods claim, if either goes, is for the compiler to say. */
static bool is_disputed(const struct compiled *compiled, const struct object *pod)
{
	vec_for_each (loser, &compiled->disputed) {
		if (*loser == pod || are_in_conflict(*loser, pod))
			return true;
	}
	return false;
}

/* Pods on the host's network say whose the node's addresses are, too: that is for the compiler. */
static bool can_go(const struct compiled *compiled, const struct object *pod)
{
	return pod->kind == KIND_POD && !pod->pod.host_network && !is_backend(compiled, pod) &&
	       !is_disputed(compiled, pod) && (is_finished(pod) || increment_namesake(compiled, pod) == pod);
}

static bool can_come(const struct compiled *compiled, const struct numberings *numberings,
		     const struct objects_delta *delta, const struct object *pod)
{
	const struct object *namesake;
	uint32_t identity;

	if (pod->kind != KIND_POD || pod->pod.host_network || is_backend(compiled, pod) || is_disputed(compiled, pod))
		return false;
	namesake = increment_namesake(compiled, pod);
	if (namesake && !is_gone(delta, namesake))
		return false;
	if (is_finished(pod))
		return true;
	if (increment_identity(compiled, numberings, pod, &identity) < 0)
		return false;
	vec_for_each (addr, &pod->pod.addrs) {
		if (is_taken(compiled, delta, addr) ||
		    !knows_region(compiled, compiled_identity(compiled, identity), addr))
			return false;
	}
	return true;
}

bool increment_possible(const struct compiled *compiled, const struct numberings *numberings,
			const struct objects_delta *delta)
{
	if (delta->gone.n > INCREMENT_MAX || delta->come.n > INCREMENT_MAX)
		return false;
	vec_for_each (pod, &delta->gone) {
		if (!can_go(compiled, *pod))
			return false;
	}
	vec_for_each (pod, &delta->come) {
		if (!can_come(compiled, numberings, delta, *pod))
			return false;
	}
	for (size_t i = 0; i < delta->come.n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (are_in_conflict(delta->come.items[i], delta->come.items[k]))
				return false;
		}
	}
	return true;
}

/* Identities are found by binary search among constant ones. */
static void count_pod(struct compiled *compiled, uint32_t identity, int n)
{
	struct identity_info *info = (struct identity_info *)compiled_identity(compiled, identity);

	info->pods += (size_t)n;
}

static void let_go(struct compiled *compiled, const struct object *pod)
{
	uint32_t identity;
	size_t at;

	if (compiled_pod_identity(compiled, pod, &identity) < 0)
		return; /* finished: it was not there */
	count_pod(compiled, identity, -1);
	vec_remove(&compiled->pods, vec_lower_bound(&compiled->pods, pod, compare_pointers));
	vec_remove(&compiled->by_name, vec_lower_bound(&compiled->by_name, pod, compare_names));
	vec_for_each (addr, &pod->pod.addrs) {
		at = vec_lower_bound(&compiled->addresses, addr, compare_addresses);
		if (at < compiled->addresses.n && compiled->addresses.items[at].pod == pod)
			vec_remove(&compiled->addresses, at);
	}
}

static void let_come(struct compiled *compiled, const struct numberings *numberings, const struct object *pod)
{
	uint32_t identity;
	size_t at;

	if (is_finished(pod) || increment_identity(compiled, numberings, pod, &identity) < 0)
		return;
	count_pod(compiled, identity, 1);
	vec_insert(&compiled->pods, vec_lower_bound(&compiled->pods, pod, compare_pointers),
		   (struct pod_identity){ .pod = pod, .identity = identity });
	vec_insert(&compiled->by_name, vec_lower_bound(&compiled->by_name, pod, compare_names), pod);
	vec_for_each (addr, &pod->pod.addrs) {
		at = vec_lower_bound(&compiled->addresses, addr, compare_addresses);
		/* One that the pod names twice. */
		if (at < compiled->addresses.n && compiled->addresses.items[at].pod == pod &&
		    addr_compare(&compiled->addresses.items[at].addr, addr) == 0)
			continue;
		vec_insert(&compiled->addresses, at,
			   (struct address_owner){ .addr = *addr, .identity = identity, .pod = pod });
	}
}

void increment_apply(struct compiled *compiled, const struct numberings *numberings, const struct objects_delta *delta)
{
	vec_for_each (pod, &delta->gone)
		let_go(compiled, *pod);
	vec_for_each (pod, &delta->come)
		let_come(compiled, numberings, *pod);
}
