// SPDX-License-Identifier: BSD-2-Clause
/* All entries of a map, batch by batch. */
#include <fcntl.h>

#include "base/mem.h"
#include "datapath/datapath_private.h"

#define FIRST_BATCH 1024u
/* The kernel answers -ENOSPC when a bucket does not fit in a batch; a bucket longer than this isn't one. */
#define LARGEST_BATCH (1u << 17)

static size_t value_size(const struct bpf_map_info *info)
{
	if (info->type != BPF_MAP_TYPE_PERCPU_ARRAY && info->type != BPF_MAP_TYPE_PERCPU_HASH)
		return info->value_size;
	return (info->value_size + 7) / 8 * 8 * libbpf_num_possible_cpus();
}

static void set_batch(struct map_cursor *cursor, uint32_t batch)
{
	cursor->batch = batch;
	cursor->keys = xrealloc(cursor->keys, batch, cursor->key_size);
	cursor->values = xrealloc(cursor->values, batch, cursor->value_size);
}

int map_cursor_open_fd(struct map_cursor *cursor, int map)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	const int fd = fcntl(map, F_DUPFD_CLOEXEC, 0);

	if (fd < 0 || bpf_map_get_info_by_fd(fd, &info, &size) < 0) {
		const int r = -errno;

		if (fd >= 0)
			close(fd);
		return r;
	}
	*cursor = (struct map_cursor){
		.fd = fd,
		.key_size = info.key_size,
		.value_size = value_size(&info),
		.at = xcalloc(1, info.key_size + sizeof(uint32_t)),
		.next = xcalloc(1, info.key_size + sizeof(uint32_t)),
	};
	set_batch(cursor, FIRST_BATCH);
	return 0;
}

int map_cursor_open(struct map_cursor *cursor, const struct bpf_map *map)
{
	return map_cursor_open_fd(cursor, bpf_map__fd(map));
}

void map_cursor_close(struct map_cursor *cursor)
{
	if (cursor->fd >= 0)
		close(cursor->fd);
	free(cursor->keys);
	free(cursor->values);
	free(cursor->at);
	free(cursor->next);
	*cursor = MAP_CURSOR_NONE;
}

static int fetch(struct map_cursor *cursor)
{
	uint32_t n;
	int r;

	for (;;) {
		n = cursor->batch;
		r = bpf_map_lookup_batch(cursor->fd, cursor->started ? cursor->at : NULL, cursor->next, cursor->keys,
					 cursor->values, &n, NULL) < 0
			    ? -errno
			    : 0;
		if (r != -ENOSPC || cursor->batch >= LARGEST_BATCH)
			break;
		set_batch(cursor, cursor->batch * 4);
	}
	if (r < 0 && r != -ENOENT)
		return r;
	char *at = cursor->at;
	cursor->at = cursor->next;
	cursor->next = at;
	cursor->started = true;
	cursor->last = r == -ENOENT;
	cursor->n = n;
	cursor->i = 0;
	return 0;
}

int map_cursor_next(struct map_cursor *cursor, const void **ret_key, const void **ret_value)
{
	while (cursor->i == cursor->n) {
		int r = cursor->last ? 0 : fetch(cursor);

		if (r < 0 || (cursor->last && cursor->i == cursor->n))
			return r;
	}
	*ret_key = cursor->keys + cursor->i * cursor->key_size;
	*ret_value = cursor->values + cursor->i * cursor->value_size;
	cursor->i++;
	return 1;
}

int map_walk(const struct bpf_map *map, int (*visit)(void *data, const void *key, const void *value), void *data)
{
	_cleanup_(map_cursor_close) struct map_cursor cursor = MAP_CURSOR_NONE;
	const void *key, *value;
	int r = map_cursor_open(&cursor, map);

	if (r < 0)
		return r;
	while ((r = map_cursor_next(&cursor, &key, &value)) > 0)
		if (visit(data, key, value))
			return 0;
	return r;
}
