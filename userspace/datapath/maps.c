// SPDX-License-Identifier: BSD-2-Clause
/* Addresses and endpoints: whose is what. */
#include <sched.h>
#include <string.h>

#include "datapath/datapath_private.h"

int map_update_fd(int fd, const void *key, const void *value, uint64_t flags)
{
	int r;

	for (int i = 0; i < BUSY_RETRIES; i++) {
		r = bpf_map_update_elem(fd, key, value, flags) < 0 ? -errno : 0;
		if (r != -EBUSY)
			break;
		sched_yield();
	}
	return r;
}

int map_update(const struct bpf_map *map, const void *key, const void *value)
{
	return map_update_fd(bpf_map__fd(map), key, value, BPF_ANY);
}

int map_delete(const struct bpf_map *map, const void *key)
{
	int fd = bpf_map__fd(map), r;

	for (int i = 0; i < BUSY_RETRIES; i++) {
		r = bpf_map_delete_elem(fd, key) < 0 ? -errno : 0;
		if (r != -EBUSY)
			break;
		sched_yield();
	}
	return r == -ENOENT ? 0 : r;
}

bool same_map(int a, int b)
{
	struct bpf_map_info one = {}, other = {};
	uint32_t size = sizeof(one), other_size = sizeof(other);

	return bpf_map_get_info_by_fd(a, &one, &size) == 0 && bpf_map_get_info_by_fd(b, &other, &other_size) == 0 &&
	       one.id == other.id;
}

/* An address is its own key: both families' keys are its first bytes. */
static const struct bpf_map *addresses_of(const struct datapath *datapath, enum weir_family family)
{
	return family == WEIR_IPV4 ? datapath->skeleton->maps.addresses4 : datapath->skeleton->maps.addresses6;
}

int datapath_set_address(struct datapath *datapath, const struct addr *addr, uint32_t identity, uint32_t ifindex)
{
	struct weir_address value = { .identity = identity, .ifindex = ifindex };

	return map_update(addresses_of(datapath, addr->family), addr->bytes, &value);
}

int datapath_delete_address(struct datapath *datapath, const struct addr *addr)
{
	return map_delete(addresses_of(datapath, addr->family), addr->bytes);
}

int datapath_set_endpoint(struct datapath *datapath, uint32_t ifindex, const struct weir_endpoint *endpoint)
{
	const struct bpf_map *map = datapath->skeleton->maps.endpoints;
	struct weir_endpoint value = *endpoint, now;

	/* A packet that is answered in this very moment is an answer that costs nothing. */
	if (bpf_map_lookup_elem(bpf_map__fd(map), &ifindex, &now) == 0)
		value.answered = now.answered;
	return map_update(map, &ifindex, &value);
}

int datapath_delete_endpoint(struct datapath *datapath, uint32_t ifindex)
{
	return map_delete(datapath->skeleton->maps.endpoints, &ifindex);
}

static int add_address(datapath_addresses *list, enum weir_family family, const void *key,
		       const struct weir_address *is)
{
	struct datapath_address address = {
		.addr.family = family,
		.identity = is->identity,
		.ifindex = is->ifindex,
	};

	memcpy(address.addr.bytes, key, addr_bits(family) / 8);
	vec_push(list, address);
	return 0;
}

static int add_address4(void *data, const void *key, const void *value)
{
	return add_address(data, WEIR_IPV4, key, value);
}

static int add_address6(void *data, const void *key, const void *value)
{
	return add_address(data, WEIR_IPV6, key, value);
}

static int add_endpoint(void *data, const void *key, const void *value)
{
	struct datapath_endpoint endpoint;

	memcpy(&endpoint.ifindex, key, sizeof(endpoint.ifindex));
	memcpy(&endpoint.is, value, sizeof(endpoint.is));
	vec_push((datapath_endpoints *)data, endpoint);
	return 0;
}

int datapath_list_addresses(struct datapath *datapath, datapath_addresses *ret)
{
	datapath_addresses found = {};
	int r;

	r = map_walk(datapath->skeleton->maps.addresses4, add_address4, &found);
	if (r == 0)
		r = map_walk(datapath->skeleton->maps.addresses6, add_address6, &found);
	if (r < 0)
		vec_free(&found);
	else
		*ret = found;
	return r;
}

int datapath_list_endpoints(struct datapath *datapath, datapath_endpoints *ret)
{
	datapath_endpoints found = {};
	int r = map_walk(datapath->skeleton->maps.endpoints, add_endpoint, &found);

	if (r < 0)
		vec_free(&found);
	else
		*ret = found;
	return r;
}
