/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits and counts while links move from one set of maps to another: what the
 * other set's buckets are charged, and its counters count, after ours got their
 * state, is added to ours later. Until then, some milliseconds, either lets
 * through what the limit allows; over any time that doesn't end in these, both
 * together do. Where the links go back, what ours were charged is added to theirs.
 *
 * Buckets of limits per source, counters, and all of theirs are added to by
 * reading and writing: what a packet adds between these two, microseconds apart,
 * is lost; where links have gone back, milliseconds.
 */
#ifndef WEIR_DATAPATH_DEBTS_H
#define WEIR_DATAPATH_DEBTS_H

#include <stdbool.h>
#include <stdint.h>

#include "datapath/maps_dir.h"
#include "datapath/snapshot.h"
#include "weir/maps.h"

struct datapath;

#define DEBTS_MAX 6

/* Of a map that both sets have one of. */
struct debt {
	const struct bpf_map *map; /* ours */
	int theirs;
	struct snapshot before; /* theirs when ours got their state, and since that was settled then; as ours are */
};

struct debts {
	const struct maps_dir *dir; /* the other set */
	const struct btf *layouts;  /* of ours */
	struct debt of[DEBTS_MAX];
	size_t n;
};

/*
 * Gives our buckets and counters the state of theirs, which no program may be
 * using yet. What both share owes nothing. with_accounts: nobody has freed rows.
 */
int debts_begin(const struct datapath *datapath, const struct maps_dir *dir, bool with_accounts, struct debts *ret);
/* No program uses theirs any more. */
int debts_settle(struct debts *debts);
/* Nor ours. */
int debts_return(const struct debts *debts);
void debts_free(struct debts *debts); /* what they hold */

/*
 * What a bucket was charged, and counted, from `before` to `after`, is added to
 * one that packets use. now: limit ticks. What it has earned again since is no
 * debt: otherwise time that merely passed would be one.
 */
void debts_add(struct weir_bucket *bucket, const struct weir_bucket *before, const struct weir_bucket *after,
	       uint64_t now);

#endif
