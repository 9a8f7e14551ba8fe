/* SPDX-License-Identifier: BSD-2-Clause */
/* What a map held at a moment, by key, but for entries of zeros. */
#ifndef WEIR_DATAPATH_SNAPSHOT_H
#define WEIR_DATAPATH_SNAPSHOT_H

#include <stddef.h>

#include "datapath/carry.h"

struct snapshot_entry;

struct snapshot {
	struct snapshot_entry *entries;
	size_t key_size, value_size; /* of a map per CPU all values together */
};

/* As `to` would have it. key_size: of `to`. */
int snapshot_take(struct passage *passage, size_t key_size, struct snapshot *ret);
void snapshot_free(struct snapshot *snapshot); /* what it holds */
/* NULL: there was none. */
const void *snapshot_get(const struct snapshot *snapshot, const void *key);
/* Anything but 0 ends it. */
int snapshot_each(const struct snapshot *snapshot, int (*visit)(void *data, const void *key, const void *value),
		  void *data);

#endif
