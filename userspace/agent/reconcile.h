/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources -> world -> compiled policy -> kernel, in an order in which no step
 * opens what neither the old nor the new objects would open.
 */
#ifndef WEIR_AGENT_RECONCILE_H
#define WEIR_AGENT_RECONCILE_H

#include "agent/core.h"

/* A compiled world that is not in force yet. */
struct plan {
	struct compiled *compiled;
	endpoint_list endpoints;
	struct diags diags; /* the world's warnings */
	struct verification verification;
	struct timespec begun;
};

/* What there is to enforce: the sources, with store in place of what the store holds, and this node. */
void plan_world(const struct agent *agent, const struct objects *store, struct world *world, struct diags *diags);
/* Compiles the sources, with store in place of what the store holds, and verifies. On failure nothing has changed. */
int plan_make(struct agent *agent, const struct objects *store, struct plan *ret, struct error *error);
void plan_free(struct plan *plan);
/* Puts a plan in force and leaves it empty. On failure the old policy stays in force and will be tried again. */
int plan_enforce(struct agent *agent, struct plan *plan, struct error *error);

/* Takes in what changed in the sources and enforces it; everything: reads all of them again. */
void reconcile(struct agent *agent, bool everything);
/* Takes in what changed in the sources and enforces it if that is short work. False: reconcile() is needed. */
bool reconcile_pods(struct agent *agent);
/* Endpoints, and where their addresses are. True when anything changed that flows depend on. */
bool agent_sync_endpoints(struct agent *agent);
/* After link events. */
void reconcile_endpoints(struct agent *agent);

/* True when all that the sources hold is enforced. */
bool agent_settled(const struct agent *agent);

/* Says that the sources, or what somebody sent, could not become the policy. */
void agent_tell_refused(struct agent *agent, const char *what, const struct error *error);

#endif
