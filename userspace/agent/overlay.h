/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pods as the sources have them, with what the CNI plugin said of them laid
 * over: the interface, and addresses where nobody has written them to the
 * object yet. A pod that it said something of is a copy; so whoever uses it
 * need not know.
 */
#ifndef WEIR_AGENT_OVERLAY_H
#define WEIR_AGENT_OVERLAY_H

#include "agent/attachments.h"
#include "policy/compile.h"

struct overlaid;

struct overlay {
	const struct attachments *attachments;
	const char *node;
	struct overlaid *copies; /* all there are, by pointer */
	bool dirty;		 /* some of them may be of no use any more */
};

void overlay_free(struct overlay *overlay); /* what it holds */

/* Puts copies into the world, which is not finished yet. */
void overlay_world(struct overlay *overlay, struct world *world);
/* Of a compiled policy that is not stale: puts the copies that it has in place of what is gone, and new ones in place
 * of what has come. */
void overlay_delta(struct overlay *overlay, const struct compiled *compiled, struct objects_delta *delta);
/* The copy of a pod, or the pod itself when the plugin said nothing of it. */
const struct object *overlay_pod(struct overlay *overlay, const struct object *pod);
/* Frees the copies that the compiled policy, which may be NULL or stale, doesn't have: nothing else may have any. */
void overlay_tidy(struct overlay *overlay, const struct compiled *compiled);

#endif
