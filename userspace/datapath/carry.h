/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of one map to the map of the same name in another set, whatever the
 * layouts (layout.h). A map that both sets share needs nothing.
 *
 * Hashes are carried by key, arrays by index: what an index stands for never
 * changes, new ones are added at the end. Keys must be of the same fields; one
 * that the new map has no room for is left out, with its entry. Where both have an entry, the later
 * one counts: of flows, fragments and shields the one that has seen a packet
 * later, or at that time more of them, of buckets the emptier one, of counters the larger number.
 */
#ifndef WEIR_DATAPATH_CARRY_H
#define WEIR_DATAPATH_CARRY_H

#include <stddef.h>

#include "base/cleanup.h"
#include "datapath/layout.h"
#include "datapath/maps_dir.h"

struct carry {
	int from, to;
	const char *name;
	const struct btf *from_layouts, *to_layouts;
	bool unused; /* no program runs with `to` yet: what has a clock is as it is in `from` */
};

/*
 * *ret_n: how many entries were put into `to`; 0 as well when both are the same
 * map. -ENOTSUP: the one can't be carried to the other.
 */
int carry(const struct carry *carry, size_t *ret_n);

/*
 * The same for who wants to do something with them on the way. `from` and `to`
 * are other maps, or one.
 */
struct passage;
int passage_open(const struct carry *carry, struct passage **ret);
void passage_close(struct passage *passage);
DEFINE_CLEANUP(struct passage, passage_close);
/* Of `to`; of a map per CPU of all of them together. */
size_t passage_value_size(const struct passage *passage);
/* Each entry of `from`, but for those of zeros, as `to` would have it. Anything but 0 ends it. */
int passage_read(struct passage *passage, int (*visit)(void *data, const void *key, const void *value), void *data);
/* Puts an entry that is as `from` would have it into `to`, whatever is there; what only `to` knows stays. */
int passage_put(struct passage *passage, const void *key, const void *value);

#endif
