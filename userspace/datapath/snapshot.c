// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/snapshot.h"

#include <string.h>

#include <uthash.h>

#include "base/mem.h"

struct snapshot_entry {
	UT_hash_handle hh;
	uint64_t value[]; /* and the key behind it */
};

static char *key_of(const struct snapshot *snapshot, struct snapshot_entry *entry)
{
	return (char *)entry->value + snapshot->value_size;
}

static int add(void *data, const void *key, const void *value)
{
	struct snapshot *snapshot = data;
	struct snapshot_entry *entry = xcalloc(1, sizeof(*entry) + snapshot->value_size + snapshot->key_size);

	memcpy(entry->value, value, snapshot->value_size);
	memcpy(key_of(snapshot, entry), key, snapshot->key_size);
	HASH_ADD_KEYPTR(hh, snapshot->entries, key_of(snapshot, entry), snapshot->key_size, entry);
	return 0;
}

int snapshot_take(struct passage *passage, size_t key_size, struct snapshot *ret)
{
	struct snapshot snapshot = { .key_size = key_size, .value_size = passage_value_size(passage) };
	int r = passage_read(passage, add, &snapshot);

	if (r < 0)
		snapshot_free(&snapshot);
	else
		*ret = snapshot;
	return r;
}

void snapshot_free(struct snapshot *snapshot)
{
	struct snapshot_entry *entry, *next;

	HASH_ITER (hh, snapshot->entries, entry, next) {
		HASH_DEL(snapshot->entries, entry);
		free(entry);
	}
}

const void *snapshot_get(const struct snapshot *snapshot, const void *key)
{
	struct snapshot_entry *entry;

	HASH_FIND(hh, snapshot->entries, key, snapshot->key_size, entry);
	return entry ? entry->value : NULL;
}

int snapshot_each(const struct snapshot *snapshot, int (*visit)(void *data, const void *key, const void *value),
		  void *data)
{
	int r = 0;

	for (struct snapshot_entry *entry = snapshot->entries; r == 0 && entry; entry = entry->hh.next)
		r = visit(data, key_of(snapshot, entry), entry->value);
	return r;
}
