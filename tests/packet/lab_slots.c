// SPDX-License-Identifier: BSD-2-Clause
/* Slots of limits on open connections. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "packet/lab_private.h"

#define KEY_MAX 64

static int for_each(const struct bpf_map *map, void (*each)(const void *key, const void *value, void *data), void *data)
{
	uint8_t key[KEY_MAX], value[128];
	bool more = !bpf_map__get_next_key(map, NULL, key, bpf_map__key_size(map));

	for (uint32_t n = 0; more && n <= bpf_map__max_entries(map); n++) {
		if (!bpf_map__lookup_elem(map, key, bpf_map__key_size(map), value, bpf_map__value_size(map), 0))
			each(key, value, data);
		more = !bpf_map__get_next_key(map, key, key, bpf_map__key_size(map));
	}
	return 0;
}

struct count {
	uint32_t bucket, n;
};

static void count_source(const void *key, const void *value, void *data)
{
	const struct weir_source_key *source = key;
	const struct weir_bucket *bucket = value;
	struct count *count = data;

	if (source->bucket == count->bucket)
		count->n += bucket->slots & WEIR_SLOTS_OPEN;
}

int lab_open_slots(struct lab *lab, uint32_t bucket)
{
	struct count count = { .bucket = bucket };
	struct weir_bucket value;
	int r = lab_bucket(lab, bucket, &value) ?: for_each(lab->skeleton->maps.sources, count_source, &count);

	return r < 0 ? r : (int)(count.n + (value.slots & WEIR_SLOTS_OPEN));
}

static void count_held(const void *key, const void *value, void *data)
{
	const struct weir_flow *flow = value;
	struct count *count = data;

	for (unsigned i = 0; i < WEIR_FLOW_HELD; i++)
		count->n += (flow->held[i] & WEIR_HELD_BUCKET) == count->bucket + 1 &&
			    !(flow->held[i] & (WEIR_HELD_FREED | WEIR_HELD_OVER));
}

int lab_held_slots(struct lab *lab, uint32_t bucket)
{
	struct bpf_map *const maps[] = { lab->skeleton->maps.openings4,	   lab->skeleton->maps.openings6,
					 lab->skeleton->maps.connections4, lab->skeleton->maps.connections6,
					 lab->skeleton->maps.exchanges4,   lab->skeleton->maps.exchanges6 };
	struct count count = { .bucket = bucket };

	for (unsigned i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		for_each(maps[i], count_held, &count);
	return (int)count.n;
}

int lab_forget_source(struct lab *lab, const struct weir_source_key *key)
{
	return bpf_map__delete_elem(lab->skeleton->maps.sources, key, sizeof(*key), 0);
}

int lab_recount(struct lab *lab)
{
	struct weir_sweep end = { .table = WEIR_SWEEP_SLOTS };
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++)
		r = lab_sweep(lab, &(struct weir_sweep){ i / WEIR_FAMILIES, i % WEIR_FAMILIES, .recount = true });
	if (r == 0)
		r = lab_sweep(lab, &end);
	__atomic_add_fetch(&lab->skeleton->data_control->weir_control.recount, 1, __ATOMIC_RELEASE);
	return r < 0 ? r : (int)end.corrected;
}
