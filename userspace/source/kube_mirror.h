/* SPDX-License-Identifier: BSD-2-Clause */
/* What the API server has of one kind of object, and what of it changed since somebody looked. */
#ifndef WEIR_SOURCE_KUBE_MIRROR_H
#define WEIR_SOURCE_KUBE_MIRROR_H

#include <uthash.h>

#include "object/object.h"

/* One object, or what is wrong with it, or both: the last good version stays. */
struct kube_entry {
	char *key; /* "namespace/name" */
	struct object *object;
	char *fault; /* of the version that came last, or NULL */
	bool is_new; /* its object is among come */
	bool listed; /* in the list that replaces the others now */
	UT_hash_handle hh;
};

/* Takes object and fault over, one of which is NULL. */
void kube_entries_put(struct kube_entry **entries, const char *key, struct object *object, char *fault);
void kube_entries_free(struct kube_entry **entries);

struct kube_mirror {
	struct kube_entry *entries; /* by key */
	/* What changed since it was last taken. */
	VEC(struct kube_entry *) come;
	struct objects gone;
	bool faults_changed;
};

void kube_mirror_free(struct kube_mirror *mirror); /* what it holds */
/* Takes object and fault over, one of which is NULL. An object that says the same as before is no change. */
void kube_mirror_put(struct kube_mirror *mirror, const char *key, struct object *object, char *fault);
void kube_mirror_delete(struct kube_mirror *mirror, const char *key); /* absent: nothing */
/* Makes it what a whole list has. The list's objects are taken over. */
void kube_mirror_replace(struct kube_mirror *mirror, struct kube_entry **list);
void kube_mirror_clear(struct kube_mirror *mirror);

/* Objects, or what is wrong with them, are others than when they were taken. */
bool kube_mirror_changed(const struct kube_mirror *mirror);
/* Appends what changed to delta. What is gone is moved to ret_old, to be freed when it is no longer looked at. */
void kube_mirror_take(struct kube_mirror *mirror, struct objects_delta *delta, struct objects *ret_old);

#endif
