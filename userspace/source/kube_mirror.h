/* SPDX-License-Identifier: BSD-2-Clause */
/* What the API server has of one kind of object, and what of it changed since somebody looked. */
#ifndef WEIR_SOURCE_KUBE_MIRROR_H
#define WEIR_SOURCE_KUBE_MIRROR_H

#include <uthash.h>

#include "object/object.h"
#include "source/kube_record.h"

/* One object, or what is wrong with it, or both: the last good version stays. */
struct kube_entry {
	char *key; /* "namespace/name" */
	struct object *object;
	char *fault;		   /* of the version that came last, or NULL */
	struct kube_record record; /* likewise; only of policies */
	bool is_new;		   /* its object is among come */
	bool listed;		   /* in the list that replaces the others now */
	UT_hash_handle hh;
};

/* A version of an object as it comes: read, or what is wrong with it. */
struct kube_version {
	struct object *object; /* one of these is NULL */
	char *fault;
	struct kube_record record;
};

/* Takes over what the version holds. */
void kube_entries_put(struct kube_entry **entries, const char *key, struct kube_version *version);
void kube_entries_free(struct kube_entry **entries);

struct kube_mirror {
	struct kube_entry *entries; /* by key */
	/* What changed since it was last taken. */
	VEC(struct kube_entry *) come;
	struct objects gone;
	bool faults_changed;
	bool records_changed;
};

void kube_mirror_free(struct kube_mirror *mirror); /* what it holds */
/* Takes over what the version holds. An object that says the same as before is no change. */
void kube_mirror_put(struct kube_mirror *mirror, const char *key, struct kube_version *version);
void kube_mirror_delete(struct kube_mirror *mirror, const char *key); /* absent: nothing */
/* Makes it what a whole list has. The list's objects are taken over. */
void kube_mirror_replace(struct kube_mirror *mirror, struct kube_entry **list);
void kube_mirror_clear(struct kube_mirror *mirror);

/* Objects, what is wrong with them or what is known beside them, are others than when they were taken. */
bool kube_mirror_changed(const struct kube_mirror *mirror);
/*
 * Appends what changed to delta. What is gone is moved to ret_old, to be freed
 * when it is no longer looked at. True when records have changed.
 */
bool kube_mirror_take(struct kube_mirror *mirror, struct objects_delta *delta, struct objects *ret_old);

#endif
