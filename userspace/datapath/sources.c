// SPDX-License-Identifier: BSD-2-Clause
/* Whom limits per identity and per address have met. */
#include "datapath/datapath_private.h"

struct source_prune {
	const struct bpf_map *map;
	bool (*is_used)(void *data, uint32_t bucket);
	void *data;
};

static int prune_source(void *data, const void *key, const void *value)
{
	const struct source_prune *prune = data;
	const struct weir_source_key *source = key;

	return prune->is_used(prune->data, source->bucket) ? 0 : map_delete(prune->map, key);
}

int datapath_prune_sources(struct datapath *datapath, bool (*is_used)(void *data, uint32_t bucket), void *data)
{
	struct source_prune prune = { datapath->skeleton->maps.sources, is_used, data };

	return map_walk(prune.map, prune_source, &prune);
}

static int add_source(void *data, const void *key, const void *value)
{
	const struct datapath_source source = { .key = *(const struct weir_source_key *)key,
						.bucket = *(const struct weir_bucket *)value };

	vec_push((datapath_sources *)data, source);
	return 0;
}

int datapath_list_sources(struct datapath *datapath, datapath_sources *ret)
{
	datapath_sources found = {};
	int r = map_walk(datapath->skeleton->maps.sources, add_source, &found);

	if (r < 0)
		vec_free(&found);
	else
		*ret = found;
	return r;
}
