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

/* A store file that is there must be readable and whole (it has a version and a checksum); none is an empty store. */
int store_open(const char *path, struct store **ret, struct error *error);
void store_free(struct store *store);
DEFINE_CLEANUP(struct store, store_free);

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
/* Writes the file and makes the draft the store's content. On failure (-ENOSPC, ...) both are as they were. */
int store_draft_commit(struct store_draft *draft, struct error *error);

#endif
