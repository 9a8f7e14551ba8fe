// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz/observation.h"

#define CPUS_MAX    256
#define ENTRIES_MAX 4400u
#define VALUES_MAX  (1u << 22)

int maps_memory(int map, size_t size, void *ret)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*(void **)ret = memory;
	return 0;
}

int maps_sum(const struct bpf_map *map, unsigned n, unsigned words, uint64_t *ret)
{
	static uint64_t values[VALUES_MAX];
	uint32_t keys[ENTRIES_MAX], batch, count = n;
	const int cpus = libbpf_num_possible_cpus();

	if (cpus < 0 || cpus > CPUS_MAX || n > ENTRIES_MAX || n * words > VALUES_MAX / CPUS_MAX)
		return -E2BIG;
	if (bpf_map_lookup_batch(bpf_map__fd(map), NULL, &batch, keys, values, &count, NULL) < 0 && errno != ENOENT)
		return -errno;
	memset(ret, 0, n * words * sizeof(*ret));
	for (unsigned i = 0; i < count; i++) {
		for (int cpu = 0; cpu < cpus; cpu++) {
			for (unsigned word = 0; word < words; word++)
				ret[keys[i] * words + word] += values[(i * cpus + cpu) * words + word];
		}
	}
	return 0;
}

int maps_take_all(const struct bpf_map *map, void *keys, void *values, unsigned most, bool leave)
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
	int n = maps_take_all(map, keys, values, OBSERVED_FLOWS, true);
	uint32_t count = n < 0 ? 0 : n;

	for (uint32_t i = 0; i < count; i++)
		*(uint32_t *)(values + i * bpf_map__value_size(map) + seen) -= ticks;
	if (count && bpf_map_update_batch(bpf_map__fd(map), keys, values, &count, NULL) < 0)
		return -errno;
	return n < 0 ? n : 0;
}
