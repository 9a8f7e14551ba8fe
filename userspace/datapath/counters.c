// SPDX-License-Identifier: BSD-2-Clause
/* What the programs have counted, and how full the tables are. */
#include <string.h>

#include "base/mem.h"
#include "datapath/datapath_private.h"

struct sums {
	uint64_t *sums;
	uint32_t n;
	size_t words; /* of an entry */
	int cpus;
};

static int sum_one(void *data, const void *key, const void *value)
{
	const struct sums *sums = data;
	const uint64_t *each = value;
	uint32_t index = *(const uint32_t *)key;

	if (index >= sums->n)
		return 1;
	for (size_t i = 0; i < sums->words * (size_t)sums->cpus; i++)
		sums->sums[index * sums->words + i % sums->words] += each[i];
	return 0;
}

/* The first n entries of a per-CPU array whose values are so many counters each. */
static int read_sums(const struct bpf_map *map, uint32_t n, size_t words, uint64_t *ret_sums)
{
	struct sums sums = { .n = n, .words = words, .cpus = libbpf_num_possible_cpus() };
	_cleanup_free_ uint64_t *found = xcalloc((size_t)n + 1, words * sizeof(*found));
	int r;

	if (n > bpf_map__max_entries(map))
		return -ERANGE;
	if (sums.cpus < 0)
		return sums.cpus;
	sums.sums = found;
	r = map_walk(map, sum_one, &sums);
	if (r == 0)
		memcpy(ret_sums, found, n * words * sizeof(*found));
	return r;
}

static int read_counters(const struct bpf_map *map, uint32_t n, struct weir_counter *ret_counters)
{
	return read_sums(map, n, sizeof(*ret_counters) / sizeof(uint64_t), (uint64_t *)ret_counters);
}

int datapath_read_reasons(struct datapath *datapath, struct weir_counter *ret_counters)
{
	return read_counters(datapath->skeleton->maps.reasons, WEIR_REASON_MAX * WEIR_DIRECTIONS, ret_counters);
}

/* One entry of a per-CPU array whose values are so many counters each. */
static int read_one(const struct bpf_map *map, uint32_t index, size_t n, uint64_t *ret_sums)
{
	const int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *each = xcalloc(cpus > 0 ? (size_t)cpus : 1, n * sizeof(*each));

	if (cpus < 0)
		return cpus;
	if (bpf_map_lookup_elem(bpf_map__fd(map), &index, each) < 0)
		return -errno;
	memset(ret_sums, 0, n * sizeof(*ret_sums));
	for (size_t i = 0; i < n * (size_t)cpus; i++)
		ret_sums[i % n] += each[i];
	return 0;
}

int datapath_read_charged(struct datapath *datapath, uint32_t bucket, struct weir_charged *ret)
{
	return read_one(datapath->skeleton->maps.charged, bucket, sizeof(*ret) / sizeof(uint64_t), (uint64_t *)ret);
}

int datapath_read_all_charged(struct datapath *datapath, uint32_t n, struct weir_charged *ret)
{
	return read_sums(datapath->skeleton->maps.charged, n, sizeof(*ret) / sizeof(uint64_t), (uint64_t *)ret);
}

int datapath_read_bucket(struct datapath *datapath, uint32_t bucket, struct weir_bucket *ret)
{
	struct weir_bucket found;

	if (bpf_map_lookup_elem(bpf_map__fd(datapath->skeleton->maps.buckets), &bucket, &found) < 0)
		return -errno;
	*ret = found;
	return 0;
}

int datapath_read_tallies(struct datapath *datapath, uint64_t ret[static WEIR_TALLIES])
{
	return read_sums(datapath->skeleton->maps.tallies, WEIR_TALLIES, 1, ret);
}

static int clear(const struct bpf_map *map, uint32_t index, const void *zeros)
{
	return bpf_map_update_elem(bpf_map__fd(map), &index, zeros, BPF_EXIST) < 0 ? -errno : 0;
}

static int clear_per_cpu(const struct bpf_map *map, uint32_t index)
{
	const int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ void *zeros = xcalloc(cpus > 0 ? (size_t)cpus : 1, bpf_map__value_size(map));

	return cpus < 0 ? cpus : clear(map, index, zeros);
}

int datapath_clear_bucket(struct datapath *datapath, uint32_t bucket)
{
	static const struct weir_bucket zeros;

	return clear_per_cpu(datapath->skeleton->maps.charged, bucket)
		       ?: clear(datapath->skeleton->maps.buckets, bucket, &zeros);
}

static int count_one(void *data, const void *key, const void *value)
{
	++*(uint32_t *)data;
	return 0;
}

/* An array has all its entries always; how many of them mean something, only the agent's numberings know. */
static bool has_a_fill(const struct bpf_map *map)
{
	return bpf_map__type(map) == BPF_MAP_TYPE_HASH || bpf_map__type(map) == BPF_MAP_TYPE_LRU_HASH;
}

/* True when the sweep has counted the map already. */
static bool is_swept(const struct weir_bpf *skeleton, const struct bpf_map *map,
		     const struct datapath_flow_counts *flows, uint32_t *ret_entries)
{
	for (int i = 0; flows && i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		const int table = i / WEIR_FAMILIES, family = i % WEIR_FAMILIES;

		if (map != flow_table(skeleton, table, family))
			continue;
		*ret_entries = flows->present[table][family];
		return true;
	}
	return false;
}

int datapath_list_maps(struct datapath *datapath, const struct datapath_flow_counts *flows,
		       struct datapath_map_info ret[static DATAPATH_MAPS_MAX], unsigned *ret_n)
{
	const struct bpf_map *map;
	unsigned n = 0;

	bpf_object__for_each_map(map, datapath->skeleton->obj)
	{
		struct datapath_map_info info = { .name = bpf_map__name(map), .capacity = bpf_map__max_entries(map) };
		int r = 0;

		if (!has_a_fill(map) || n == DATAPATH_MAPS_MAX)
			continue;
		if (!is_swept(datapath->skeleton, map, flows, &info.entries))
			r = map_walk(map, count_one, &info.entries);
		if (r < 0)
			return r;
		ret[n++] = info;
	}
	*ret_n = n;
	return 0;
}
