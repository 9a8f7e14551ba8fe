/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits that pace need a queue that keeps departure times where packets leave
 * the node. A policy that begins to ask for it where there is none is refused.
 * One that is in force, or that a starting agent finds, is not: its limits hold
 * all the same, though they let more through at once, and the status says so.
 */
#ifndef WEIR_AGENT_PACING_H
#define WEIR_AGENT_PACING_H

#include "agent/notes.h"
#include "datapath/links.h"
#include "policy/compile.h"

#define PACING_MS 5000 /* qdiscs change without a word to us */

struct pacing {
	struct notes problems;
	bool refused; /* the last policy, for want of such a queue */
};

/* before: in force, or NULL. -EOPNOTSUPP: `after` is to be refused, as the error says. */
int pacing_check(struct pacing *pacing, const struct links *links, const struct compiled *before,
		 const struct compiled *after, struct error *error);
/* Looks again. True when what was refused may be tried again. */
bool pacing_watch(struct pacing *pacing, const struct links *links, const struct compiled *compiled);
void pacing_free(struct pacing *pacing); /* what it holds */

#endif
