/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `weir apply` has brought: kept in one file of the state directory,
 * which is replaced whole or not at all.
 */
#ifndef WEIR_SOURCE_STORE_H
#define WEIR_SOURCE_STORE_H

#include "base/error.h"
#include "object/object.h"

struct store;

/*
 * The file has a copy beside it, PATH.copy, and whichever of the two is whole is
 * read; none of either is an empty store. Where what there is can't be used, the
 * store is lost: it seems empty, and nobody knows what it held, until the first
 * commit.
 */
int store_open(const char *path, struct store **ret, struct error *error);
void store_free(struct store *store);
DEFINE_CLEANUP(struct store, store_free);

/* What was damaged when it was opened, and what became of that; NULL: nothing. */
const char *store_damage(const struct store *store);
bool store_is_lost(const struct store *store);
/* Brings the copy up to date, if it isn't. To be called soon after a commit, and after what waits for that. */
int store_back_up(struct store *store, struct error *error);

const struct objects *store_objects(const struct store *store); /* borrowed, valid until the next change */

enum store_change { STORE_CREATED, STORE_CONFIGURED, STORE_UNCHANGED, STORE_DELETED, STORE_NOT_FOUND };
/* "created", "configured", "unchanged", "deleted", "not found" */
const char *store_change_name(enum store_change change);

/*
 * A change in two steps, so that nothing is kept that the kernel would not
 * enforce: begin a draft, compile from store_draft_objects(), then commit to
 * disk or drop it. One draft at a time.
 */
struct store_draft;
struct store_draft *store_draft_new(struct store *store);
void store_draft_free(struct store_draft *draft);
DEFINE_CLEANUP(struct store_draft, store_draft_free);
/* Takes object over; it has its json. */
enum store_change store_draft_put(struct store_draft *draft, struct object *object);
enum store_change store_draft_delete(struct store_draft *draft, enum object_kind kind, const char *namespace,
				     const char *name);
const struct objects *store_draft_objects(const struct store_draft *draft);
bool store_draft_changed(const struct store_draft *draft);
/*
 * What the draft changes, appended. What is gone is still there to be looked at
 * after the commit, until the next one.
 */
void store_draft_delta(const struct store_draft *draft, struct objects_delta *ret);
/*
 * Writes the file (of a store that was lost, what is there is put aside) and makes the draft the store's content. On
 * failure
 * (-ENOSPC, ...) both are as they were.
 */
int store_draft_commit(struct store_draft *draft, struct error *error);

#endif
