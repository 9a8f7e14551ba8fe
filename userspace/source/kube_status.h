/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status of weir's own kinds: what it shall say, as far as this node has
 * something to add to what it says.
 *
 *   conditions   one of type Enforced, for the whole cluster: written by the node
 *                that has something new to say first; the others see that it is
 *                said. False while a node is known where it is not so.
 *   revision,    while it is True: in which policy revision of which node that is
 *   node         known
 *   nodes        where it is not so, and why: each node its own entry, by a field
 *                manager of its own; not more than a few nodes, as a sample.
 *
 * So a policy costs a write when it is changed, not one for each node. What is
 * written follows from what is there alone, so it comes to rest whoever was first.
 */
#ifndef WEIR_SOURCE_KUBE_STATUS_H
#define WEIR_SOURCE_KUBE_STATUS_H

#include "source/kube_subject.h"
#include "source/kube_writer.h"

#define KUBE_STATUS_NODES_MAX 16u

/* How it is with an object on this node. */
enum kube_state {
	KUBE_PENDING,  /* not known yet */
	KUBE_ENFORCED, /* as it is now */
	KUBE_BROKEN,   /* refused: for its own sake */
	KUBE_DEGRADED, /* not in force for another reason */
};

const char *kube_state_name(enum kube_state state); /* "Enforced", "Refused", "Degraded" */

struct kube_opinion {
	enum kube_state state;
	const char *message; /* why, unless it is enforced */
	uint32_t revision;   /* in which it came into force; or which is in force instead */
	const char *node;
	const char *const *nodes; /* of the cluster, sorted; none: not known */
	size_t n_nodes;
	bool cleans_up; /* the entries of nodes that are no more are this node's to remove */
	uint64_t now;	/* ns since 1970 */
};

/* Whether it says of the object as it is now that it is in force. */
bool kube_status_is_good(const struct kube_subject *subject, const json_t *status);
/* False: it says all that there is to be said. */
bool kube_status_write(const struct kube_subject *subject, const json_t *status, const struct kube_opinion *opinion,
		       struct kube_write *ret);

#endif
