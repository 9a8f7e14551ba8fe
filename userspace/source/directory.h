/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory of manifests as a source of objects. Each file is read on its
 * own: one that is broken is reported and its last good version stays.
 */
#ifndef WEIR_SOURCE_DIRECTORY_H
#define WEIR_SOURCE_DIRECTORY_H

#include "base/error.h"
#include "object/object.h"

struct directory;

/* The directory must exist. */
int directory_open(const char *path, struct directory **ret, struct error *error);
void directory_free(struct directory *directory);
DEFINE_CLEANUP(struct directory, directory_free);

int directory_fd(const struct directory *directory); /* readable when something changed (inotify) */
/*
 * Takes the pending inotify events and reads again every file whose content
 * differs from what was read last (all of them with everything set, or the
 * first time). Adds what is wrong to diags. *ret_changed: objects differ now.
 */
int directory_refresh(struct directory *directory, bool everything, bool *ret_changed, struct diags *diags,
		      struct error *error);
/* The last good version of every file, as one list; borrowed, valid until the next refresh. */
const struct objects *directory_objects(const struct directory *directory);
/* What the last refresh changed; what is gone is still there to be looked at, until the next refresh. */
const struct objects_delta *directory_delta(const struct directory *directory);
const char *directory_path(const struct directory *directory);
/* Files whose last version is broken. */
size_t directory_broken(const struct directory *directory);
/* Whether what it holds is not known: the first scan is still to come, or found a file broken that is so still. */
bool directory_unknown(const struct directory *directory);

#endif
