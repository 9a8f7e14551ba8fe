/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Others at the same hooks. Whoever may load programs on the node may take ours
 * off, or put one before it; the kernel tells nobody. So the hooks are looked
 * at, twice a second where looking is one system call, else when tc has said
 * something: ours is put back, and both are told.
 *
 * A program before ours stays there: a link can't be moved, so going first again
 * would need a moment without ours, and against its owner that is no defence.
 */
#ifndef WEIR_AGENT_HOOKS_H
#define WEIR_AGENT_HOOKS_H

#include "agent/endpoints.h"
#include "agent/uplinks.h"

#define HOOKS_MS 500

struct hooks {
	struct endpoints *endpoints;
	struct uplinks *uplinks;
	struct events *events;
	struct notes problems; /* of what is missing */
	struct notes warnings; /* of who is first */
	unsigned looks;	       /* so far */
	uint64_t looked;       /* ms: the last of them */
	bool touched;	       /* some port is */
};

/* Something happened to the filters or qdiscs of an interface; 0: of any. */
void hooks_touch(struct hooks *hooks, uint32_t ifindex);
/* Looks at the interfaces, all or those that were touched, and puts back what is missing. */
void hooks_watch(struct hooks *hooks);
void hooks_watch_touched(struct hooks *hooks);
/* Both, each when it is due; for who can't tell why it was called. */
void hooks_mind(struct hooks *hooks);
void hooks_free(struct hooks *hooks); /* what it holds */

/* How many programs of ours are not where they were, and interfaces where somebody's runs before one. */
struct hooks_count {
	uint64_t missing, preceded;
};
struct hooks_count hooks_count(const struct hooks *hooks);

#endif
