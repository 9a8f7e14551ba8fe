// SPDX-License-Identifier: BSD-2-Clause
/* What packets leave behind: counters, buckets, flows, fragments. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet/lab_private.h"

#define VALUE_MAX 128 /* bytes */

static int sum_counters(struct lab *lab, struct bpf_map *map, uint32_t n, struct weir_counter *ret)
{
	size_t size = lab->n_cpus * sizeof(struct weir_counter);
	_cleanup_free_ struct weir_counter *values = malloc(size);

	if (!values)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		int r = bpf_map__lookup_elem(map, &i, sizeof(i), values, size, 0);

		if (r < 0)
			return r;
		ret[i] = (struct weir_counter){ 0 };
		for (int cpu = 0; cpu < lab->n_cpus; cpu++) {
			ret[i].packets += values[cpu].packets;
			ret[i].bytes += values[cpu].bytes;
		}
	}
	return 0;
}

int lab_counters(struct lab *lab, struct lab_counters *ret)
{
	return sum_counters(lab, lab->skeleton->maps.reasons, WEIR_REASON_MAX * WEIR_DIRECTIONS, ret->reasons)
		       ?: lab_accounts(lab, ret);
}

int lab_bucket(struct lab *lab, uint32_t bucket, struct weir_bucket *ret)
{
	return bpf_map__lookup_elem(lab->skeleton->maps.buckets, &bucket, sizeof(bucket), ret, sizeof(*ret), 0);
}

int lab_set_bucket(struct lab *lab, uint32_t bucket, const struct weir_bucket *value)
{
	return bpf_map__update_elem(lab->skeleton->maps.buckets, &bucket, sizeof(bucket), value, sizeof(*value),
				    BPF_ANY);
}

int lab_charged(struct lab *lab, uint32_t bucket, struct weir_charged *ret)
{
	const size_t size = lab->n_cpus * sizeof(*ret);
	_cleanup_free_ struct weir_charged *values = malloc(size);
	int r = values ? bpf_map__lookup_elem(lab->skeleton->maps.charged, &bucket, sizeof(bucket), values, size, 0)
		       : -ENOMEM;

	if (r < 0)
		return r;
	*ret = (struct weir_charged){ 0 };
	for (int cpu = 0; cpu < lab->n_cpus; cpu++) {
		ret->passed_packets += values[cpu].passed_packets;
		ret->passed_bytes += values[cpu].passed_bytes;
		ret->dropped_packets += values[cpu].dropped_packets;
		ret->dropped_bytes += values[cpu].dropped_bytes;
		ret->marked_packets += values[cpu].marked_packets;
		ret->paced_packets += values[cpu].paced_packets;
	}
	return 0;
}

int lab_tallies(struct lab *lab, uint64_t ret[static WEIR_TALLIES])
{
	_cleanup_free_ uint64_t *values = calloc(lab->n_cpus, sizeof(*values));

	if (!values)
		return -ENOMEM;
	for (uint32_t i = 0; i < WEIR_TALLIES; i++) {
		int r = bpf_map__lookup_elem(lab->skeleton->maps.tallies, &i, sizeof(i), values,
					     lab->n_cpus * sizeof(*values), 0);

		if (r < 0)
			return r;
		ret[i] = 0;
		for (int cpu = 0; cpu < lab->n_cpus; cpu++)
			ret[i] += values[cpu];
	}
	return 0;
}

/* Whatever is called for each entry may change its value, and then says so. */
typedef bool (*visitor)(const struct bpf_map *map, const uint8_t *key, uint8_t *value, void *data);

/* All keys first: an update may put its entry before others. */
static int for_each_entry(struct bpf_map *map, visitor visit, void *data)
{
	const size_t key_size = bpf_map__key_size(map), most = bpf_map__max_entries(map);
	_cleanup_free_ uint8_t *keys = calloc(most, key_size);
	uint8_t value[VALUE_MAX];
	size_t n = 0;
	int r = 0;

	if (!keys)
		return -ENOMEM;
	while (n < most &&
	       !bpf_map__get_next_key(map, n ? keys + (n - 1) * key_size : NULL, keys + n * key_size, key_size))
		n++;
	for (size_t i = 0; i < n && r == 0; i++) {
		const uint8_t *key = keys + i * key_size;

		r = bpf_map__lookup_elem(map, key, key_size, value, bpf_map__value_size(map), 0);
		if (r == 0 && visit(map, key, value, data))
			r = bpf_map__update_elem(map, key, key_size, value, bpf_map__value_size(map), BPF_EXIST);
	}
	return r < 0 ? r : (int)n;
}

static bool take_flow(const struct bpf_map *map, const uint8_t *key, uint8_t *value, void *ret)
{
	memcpy(ret, value, sizeof(struct weir_flow));
	return false;
}

static struct bpf_map *flow_map(struct lab *lab, enum weir_flow_table table, enum weir_family family)
{
	struct bpf_map *const maps[WEIR_FLOW_TABLES][WEIR_FAMILIES] = {
		[WEIR_OPENINGS] = { lab->skeleton->maps.openings4, lab->skeleton->maps.openings6 },
		[WEIR_CONNECTIONS] = { lab->skeleton->maps.connections4, lab->skeleton->maps.connections6 },
		[WEIR_EXCHANGES] = { lab->skeleton->maps.exchanges4, lab->skeleton->maps.exchanges6 },
	};

	return maps[table][family];
}

int lab_flows_of(struct lab *lab, enum weir_flow_table table, enum weir_family family)
{
	struct weir_flow flow;

	return for_each_entry(flow_map(lab, table, family), take_flow, &flow);
}

int lab_flows_in(struct lab *lab, enum weir_flow_table table, struct weir_flow *ret)
{
	int v4 = for_each_entry(flow_map(lab, table, WEIR_IPV4), take_flow, ret);
	int v6 = v4 < 0 ? v4 : for_each_entry(flow_map(lab, table, WEIR_IPV6), take_flow, ret);

	return v6 < 0 ? v6 : v4 + v6;
}

int lab_flows(struct lab *lab, struct weir_flow *ret)
{
	int n = 0;

	for (enum weir_flow_table table = 0; table < WEIR_FLOW_TABLES; table++) {
		int in_table = lab_flows_in(lab, table, ret);

		if (in_table < 0)
			return in_table;
		n += in_table;
	}
	return n;
}

static bool count_only(const struct bpf_map *map, const uint8_t *key, uint8_t *value, void *data)
{
	return false;
}

int lab_fragments(struct lab *lab)
{
	return for_each_entry(lab->skeleton->maps.fragments, count_only, NULL);
}

int lab_sources(struct lab *lab)
{
	return for_each_entry(lab->skeleton->maps.sources, count_only, NULL);
}

/* --- all that is kept ------------------------------------------------------------ */

static int for_each_kept(struct lab *lab, visitor visit, void *data)
{
	for (unsigned i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		int n = for_each_entry(flow_map(lab, i / WEIR_FAMILIES, i % WEIR_FAMILIES), visit, data);

		if (n < 0)
			return n;
	}
	return for_each_entry(lab->skeleton->maps.fragments, visit, data);
}

static uint64_t mix(uint64_t hash, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull; /* FNV-1a */
	return hash;
}

/* The order in which a hash map is read says nothing. */
static bool add_print(const struct bpf_map *map, const uint8_t *key, uint8_t *value, void *print)
{
	uint64_t hash = mix(0xcbf29ce484222325ull, key, bpf_map__key_size(map));

	*(uint64_t *)print += mix(hash, value, bpf_map__value_size(map));
	return false;
}

int lab_print(struct lab *lab, uint64_t *ret)
{
	uint64_t tallies[WEIR_TALLIES], print = 0;
	int r = for_each_kept(lab, add_print, &print);

	if (r >= 0)
		r = for_each_entry(lab->skeleton->maps.endpoints, add_print, &print);
	if (r >= 0)
		r = for_each_entry(lab->skeleton->maps.buckets, add_print, &print);
	if (r >= 0)
		r = for_each_entry(lab->skeleton->maps.sources, add_print, &print);
	if (r >= 0)
		r = lab_tallies(lab, tallies);
	if (r >= 0)
		*ret = mix(print, (const uint8_t *)tallies, sizeof(tallies));
	return r < 0 ? r : 0;
}

static bool wind(const struct bpf_map *map, const uint8_t *key, uint8_t *value, void *low)
{
	struct weir_flow *flow = (struct weir_flow *)value;

	flow->low[WEIR_INGRESS] = flow->low[WEIR_EGRESS] = *(struct weir_flow_low *)low;
	return true;
}

int lab_wind_flows(struct lab *lab, struct weir_flow_low low)
{
	int r = 0;

	for (int i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES && r >= 0; i++)
		r = for_each_entry(flow_map(lab, i / WEIR_FAMILIES, i % WEIR_FAMILIES), wind, &low);
	return r < 0 ? r : 0;
}

static bool make_older(const struct bpf_map *map, const uint8_t *key, uint8_t *value, void *ticks)
{
	if (bpf_map__value_size(map) == sizeof(struct weir_flow))
		((struct weir_flow *)value)->seen -= *(uint32_t *)ticks;
	else
		((struct weir_fragment *)value)->seen -= *(uint32_t *)ticks;
	return true;
}

int lab_age(struct lab *lab, uint32_t ticks)
{
	int r = for_each_kept(lab, make_older, &ticks);

	return r < 0 ? r : 0;
}

int lab_sweep(struct lab *lab, struct weir_sweep *sweep)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = sweep, .ctx_size_in = sizeof(*sweep));

	return bpf_prog_test_run_opts(bpf_program__fd(lab->skeleton->progs.weir_sweep), &opts) < 0 ? -errno : 0;
}
