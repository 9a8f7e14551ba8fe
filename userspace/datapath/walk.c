// SPDX-License-Identifier: BSD-2-Clause
/*
 * All entries of a map, some thousand a call. A hash is read bucket by bucket,
 * so entries that come or go meanwhile are seen or not, and all others once.
 */
#include "base/mem.h"
#include "datapath/datapath_private.h"

#define FIRST_BATCH 1024u
/* The kernel answers -ENOSPC when a bucket does not fit in a batch; a bucket longer than this isn't one. */
#define LARGEST_BATCH (1u << 17)

struct walk {
	const struct bpf_map *map;
	size_t key_size, value_size;
	char *keys, *values;
	uint32_t batch;
	/* The kernel's own cursor: a bucket number, or a key. */
	char *at, *next;
	bool started;
};

static size_t value_size(const struct bpf_map *map)
{
	size_t size = bpf_map__value_size(map);

	if (bpf_map__type(map) != BPF_MAP_TYPE_PERCPU_ARRAY && bpf_map__type(map) != BPF_MAP_TYPE_PERCPU_HASH)
		return size;
	return (size + 7) / 8 * 8 * libbpf_num_possible_cpus();
}

static void set_batch(struct walk *walk, uint32_t batch)
{
	walk->batch = batch;
	walk->keys = xrealloc(walk->keys, batch, walk->key_size);
	walk->values = xrealloc(walk->values, batch, walk->value_size);
}

static void walk_free(struct walk *walk)
{
	free(walk->keys);
	free(walk->values);
	free(walk->at);
	free(walk->next);
}

/* The next batch. 0, or -ENOENT when it is the last; *ret_n entries either way. */
static int fetch(struct walk *walk, uint32_t *ret_n)
{
	int fd = bpf_map__fd(walk->map), r;
	uint32_t n;

	for (;;) {
		n = walk->batch;
		r = bpf_map_lookup_batch(fd, walk->started ? walk->at : NULL, walk->next, walk->keys, walk->values, &n,
					 NULL) < 0
			    ? -errno
			    : 0;
		if (r != -ENOSPC || walk->batch >= LARGEST_BATCH)
			break;
		set_batch(walk, walk->batch * 4);
	}
	if (r == 0 || r == -ENOENT)
		*ret_n = n;
	char *at = walk->at;
	walk->at = walk->next;
	walk->next = at;
	walk->started = true;
	return r;
}

int map_walk(const struct bpf_map *map, int (*visit)(void *data, const void *key, const void *value), void *data)
{
	_cleanup_(walk_free) struct walk walk = {
		.map = map,
		.key_size = bpf_map__key_size(map),
		.value_size = value_size(map),
		.at = xcalloc(1, bpf_map__key_size(map) + sizeof(uint32_t)),
		.next = xcalloc(1, bpf_map__key_size(map) + sizeof(uint32_t)),
	};
	int r;

	set_batch(&walk, FIRST_BATCH);
	do {
		uint32_t n = 0;

		r = fetch(&walk, &n);
		for (uint32_t i = 0; i < n; i++)
			if (visit(data, walk.keys + i * walk.key_size, walk.values + i * walk.value_size))
				return 0;
	} while (r == 0);
	return r == -ENOENT ? 0 : r;
}
