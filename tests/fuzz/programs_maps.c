// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/programs_maps.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "fuzz/observation.h"

int maps_take(const struct bpf_map *map, void *keys, void *values, unsigned most, bool leave)
{
	uint32_t batch, n = 0;
	bool first = true;

	while (n < most) {
		uint32_t count = most - n;
		void *at_keys = (char *)keys + n * bpf_map__key_size(map);
		void *at_values = (char *)values + n * bpf_map__value_size(map);
		int r = leave ? bpf_map_lookup_batch(bpf_map__fd(map), first ? NULL : &batch, &batch, at_keys,
						     at_values, &count, NULL)
			      : bpf_map_lookup_and_delete_batch(bpf_map__fd(map), first ? NULL : &batch, &batch,
								at_keys, at_values, &count, NULL);

		if (r < 0 && errno != ENOENT)
			return -errno;
		n += count;
		if (r < 0)
			return n;
		first = false;
	}
	return -E2BIG;
}

int maps_grow_older(const struct bpf_map *map, size_t seen, uint32_t ticks)
{
	static uint8_t keys[OBSERVED_FLOWS * sizeof(struct weir_flow6_key)],
		values[OBSERVED_FLOWS * sizeof(struct weir_flow)];
	int n = maps_take(map, keys, values, OBSERVED_FLOWS, true);
	uint32_t count = n < 0 ? 0 : n;

	for (uint32_t i = 0; i < count; i++)
		*(uint32_t *)(values + i * bpf_map__value_size(map) + seen) -= ticks;
	if (count && bpf_map_update_batch(bpf_map__fd(map), keys, values, &count, NULL) < 0)
		return -errno;
	return n < 0 ? n : 0;
}
