/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Kubernetes API as a source of objects: every kind that weir knows, listed
 * and watched, on the event loop. What was read last stays while the server
 * can't be reached.
 */
#ifndef WEIR_SOURCE_KUBE_H
#define WEIR_SOURCE_KUBE_H

#include <uv.h>

#include "base/error.h"
#include "object/object.h"
#include "source/kube_config.h"
#include "source/kube_feedback.h"

struct kube;

/* Who is told. */
struct kube_follower {
	void (*changed)(void *data); /* there is something to refresh, or an error more or less */
	void *data;
};

struct kube_options {
	struct kube_config config; /* taken over */
	const char *node;	   /* this node's name, borrowed: the cluster is told what becomes of its policies */
				   /* NULL: it isn't */
	struct kube_follower follower;
};

/* Asks nothing yet. */
int kube_open(struct kube_options *options, struct kube **ret, struct error *error);
/* From now on, on the loop. */
int kube_start(struct kube *kube, uv_loop_t *loop, struct error *error);
void kube_stop(struct kube *kube); /* before the loop is closed; what was read stays */
void kube_free(struct kube *kube);
DEFINE_CLEANUP(struct kube, kube_free);

/* Whether every kind has been listed once: until then its objects are not the whole truth. */
bool kube_is_synced(const struct kube *kube);
/* Takes in what came. True when objects are others now. */
bool kube_refresh(struct kube *kube);
/* Borrowed, valid until the next refresh. None until synced. */
const struct objects *kube_objects(const struct kube *kube);
/* What the last refresh changed; what is gone is still there to be looked at, until the next one. */
const struct objects_delta *kube_delta(const struct kube *kube);
/* What is wrong now, one line each: objects that can't be read, kinds that can't be asked for. */
void kube_faults(const struct kube *kube, void (*each)(void *data, const char *text), void *data);
const char *kube_server(const struct kube *kube);
const struct kube_config *kube_access(const struct kube *kube); /* where it is, and who asks */
time_t kube_away_since(const struct kube *kube);		/* 0: the server answers */

/* After each refresh, and whenever something else is in force. */
void kube_tell(struct kube *kube, const struct kube_verdict *verdict);
const struct kube_feedback *kube_feedback(const struct kube *kube); /* NULL: nothing is told */

#endif
