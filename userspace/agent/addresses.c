// SPDX-License-Identifier: BSD-2-Clause
#include "agent/addresses.h"

static int compare(const void *a, const void *b)
{
	return addr_compare(&((const struct datapath_address *)a)->addr, &((const struct datapath_address *)b)->addr);
}

int addresses_load(struct addresses *addresses, struct datapath *datapath)
{
	int r = datapath_list_addresses(datapath, &addresses->kernel);

	if (r < 0)
		return r;
	if (addresses->kernel.n)
		qsort(addresses->kernel.items, addresses->kernel.n, sizeof(*addresses->kernel.items), compare);
	vec_for_each (address, &addresses->kernel)
		if (address->ifindex)
			vec_push(&addresses->placed, *address);
	return 0;
}

void addresses_free(struct addresses *addresses)
{
	vec_free(&addresses->kernel);
	vec_free(&addresses->placed);
}

void addresses_world(const struct addresses *addresses, struct world *world)
{
	vec_for_each (address, &addresses->kernel)
		vec_push(&world->in_kernel, (struct kernel_identity){
						    .identity = address->identity,
						    .has_addr = true,
						    .addr = address->addr,
					    });
}

static int set(struct datapath *datapath, struct datapath_address address)
{
	return datapath_set_address(datapath, &address.addr, address.identity, address.ifindex);
}

/* One address in step: old is what the kernel holds, owner what it should, either may be NULL. */
struct pair {
	const struct datapath_address *old;
	const struct address_owner *owner;
};

/* Walks two sorted lists as one. False at the end. */
static bool next_pair(const struct addresses *addresses, const struct compiled *compiled, size_t at[static 2],
		      struct pair *ret)
{
	const struct datapath_address *old = at[0] < addresses->kernel.n ? &addresses->kernel.items[at[0]] : NULL;
	const struct address_owner *owner = at[1] < compiled->addresses.n ? &compiled->addresses.items[at[1]] : NULL;
	int order;

	if (!old && !owner)
		return false;
	order = !old ? 1 : !owner ? -1 : addr_compare(&old->addr, &owner->addr);
	ret->old = order <= 0 ? old : NULL;
	ret->owner = order >= 0 ? owner : NULL;
	at[0] += order <= 0;
	at[1] += order >= 0;
	return true;
}

/* Where an address is stays as it was until addresses_place() says otherwise. */
static struct datapath_address wanted(const struct pair *pair)
{
	return (struct datapath_address){ pair->owner->addr, pair->owner->identity,
					  pair->old ? pair->old->ifindex : 0 };
}

static int sync_pair(struct datapath *datapath, const struct pair *pair)
{
	if (!pair->owner)
		return datapath_delete_address(datapath, &pair->old->addr);
	return set(datapath, wanted(pair));
}

static bool in_step(const struct pair *pair)
{
	return pair->old && pair->owner && pair->old->identity == pair->owner->identity;
}

/* Old addresses go first, so that a full table has room for the new ones. */
enum pass { PASS_DELETE, PASS_SET };

static bool run_pass(struct addresses *addresses, struct datapath *datapath, const struct compiled *compiled,
		     enum pass pass, datapath_addresses *now)
{
	size_t at[2] = { 0, 0 };
	struct pair pair;
	bool changed = false;

	while (next_pair(addresses, compiled, at, &pair)) {
		int r = 0;

		if (!in_step(&pair) && (pair.owner == NULL) == (pass == PASS_DELETE)) {
			r = sync_pair(datapath, &pair);
			changed |= r == 0;
		}
		if (r < 0) {
			addresses->n_failed++;
			addresses->failure = r;
			if (pass == PASS_DELETE)
				vec_push(now, *pair.old);
		}
		if (pass == PASS_DELETE)
			continue;
		if (pair.owner && r == 0)
			vec_push(now, wanted(&pair));
		else if (pair.owner && pair.old)
			vec_push(now, *pair.old);
	}
	return changed;
}

bool addresses_sync(struct addresses *addresses, struct datapath *datapath, const struct compiled *compiled)
{
	datapath_addresses now = {};
	bool changed;

	addresses->n_failed = 0;
	changed = run_pass(addresses, datapath, compiled, PASS_DELETE, &now);
	changed |= run_pass(addresses, datapath, compiled, PASS_SET, &now);
	vec_free(&addresses->kernel);
	addresses->kernel = now;
	if (addresses->n_failed)
		qsort(now.items, now.n, sizeof(*now.items), compare);
	return changed;
}

/* Where the address is, or would be; *ret_there says which. */
static size_t find(const struct addresses *addresses, const struct addr *addr, bool *ret_there)
{
	const struct datapath_address key = { .addr = *addr };
	const size_t at = vec_lower_bound(&addresses->kernel, &key, compare);

	*ret_there = at < addresses->kernel.n && compare(&key, &addresses->kernel.items[at]) == 0;
	return at;
}

int addresses_set(struct addresses *addresses, struct datapath *datapath, const struct addr *addr, uint32_t identity)
{
	struct datapath_address address = { .addr = *addr, .identity = identity };
	bool there;
	const size_t at = find(addresses, addr, &there);
	int r;

	if (there)
		address.ifindex = addresses->kernel.items[at].ifindex;
	r = set(datapath, address);
	if (r < 0)
		return r;
	if (there)
		addresses->kernel.items[at] = address;
	else
		vec_insert(&addresses->kernel, at, address);
	return 0;
}

int addresses_delete(struct addresses *addresses, struct datapath *datapath, const struct addr *addr)
{
	bool there;
	const size_t at = find(addresses, addr, &there);
	int r = datapath_delete_address(datapath, addr);

	if (r == 0 && there)
		vec_remove(&addresses->kernel, at);
	return r;
}

/* --- where they are ---------------------------------------------------------- */

/* True when the kernel's entry changed. An address that the kernel does not have is nowhere. */
static bool place(struct addresses *addresses, struct datapath *datapath, const struct addr *addr, uint32_t ifindex)
{
	bool there;
	const size_t at = find(addresses, addr, &there);
	struct datapath_address address;
	int r;

	if (!there || addresses->kernel.items[at].ifindex == ifindex)
		return false;
	address = addresses->kernel.items[at];
	address.ifindex = ifindex;
	r = set(datapath, address);
	if (r < 0) {
		addresses->n_failed++;
		addresses->failure = r;
		return false;
	}
	addresses->kernel.items[at] = address;
	return true;
}

static bool has(const datapath_addresses *list, const struct addr *addr)
{
	const struct datapath_address key = { .addr = *addr };
	const size_t at = vec_lower_bound(list, &key, compare);

	return at < list->n && compare(&key, &list->items[at]) == 0;
}

bool addresses_place(struct addresses *addresses, struct datapath *datapath, const datapath_addresses *places)
{
	datapath_addresses now = {};
	bool changed = false;

	vec_for_each (address, &addresses->placed)
		if (!has(places, &address->addr))
			changed |= place(addresses, datapath, &address->addr, 0);
	vec_for_each (address, places) {
		changed |= place(addresses, datapath, &address->addr, address->ifindex);
		vec_push(&now, *address);
	}
	vec_free(&addresses->placed);
	addresses->placed = now;
	return changed;
}
