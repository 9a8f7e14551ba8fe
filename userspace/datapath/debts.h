/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits while links move from one set of maps to another: what the other set's
 * buckets are charged after ours got their state, ours are charged later. Until
 * then, some milliseconds, either lets through what the limit allows; over any
 * time that doesn't end in these, both together do.
 */
#ifndef WEIR_DATAPATH_DEBTS_H
#define WEIR_DATAPATH_DEBTS_H

#include <stdint.h>

#include "base/vec.h"
#include "datapath/maps_dir.h"
#include "weir/maps.h"

struct datapath;

struct debts {
	const struct maps_dir *dir; /* the other set; NULL: nothing is owed to it */
	struct weir_bucket *before;
	uint32_t n;
};

/* Gives our buckets the state of theirs, which no program may be using yet. Buckets that both share owe nothing. */
int debts_begin(const struct datapath *datapath, const struct maps_dir *dir, struct debts *ret);
/* No program uses theirs any more. */
int debts_settle(const struct debts *debts, const struct datapath *datapath);
void debts_free(struct debts *debts);

/*
 * What a bucket was charged, and counted, from `before` to `after`, is added to
 * one that packets use. now: limit ticks. What it has earned again since is no
 * debt: otherwise time that merely passed would be one.
 */
void debts_add(struct weir_bucket *bucket, const struct weir_bucket *before, const struct weir_bucket *after,
	       uint64_t now);

#endif
