/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds the interfaces of this node's pods that nobody names: looks when such a
 * pod comes, when routes, neighbours or links change, and from time to time, as
 * long as one of them is not found. When all are it costs nothing.
 */
#ifndef WEIR_AGENT_FINDER_H
#define WEIR_AGENT_FINDER_H

#include "agent/endpoints.h"
#include "agent/matching.h"

#define FINDER_GAP_MS	   50  /* between two looks for the same pods, whatever happens meanwhile */
#define FINDER_WAIT_MS	   100 /* to the next look when nothing happens, then twice as long each time */
#define FINDER_WAIT_MS_MAX 5000
#define FINDER_PATIENCE_MS 3000 /* before the status says that a pod is not found */

struct finder;

int finder_open(struct finder **ret, struct error *error);
void finder_close(struct finder *finder);

/*
 * Which interface each endpoint is behind whose pod names none: sets its
 * interface, found and search. Those that are named have their ports already.
 */
void finder_run(struct finder *finder, struct endpoints *endpoints);
/* Links have changed. */
void finder_hint(struct finder *finder);

bool finder_seeks(const struct finder *finder);	      /* somebody is not found */
uint64_t finder_wait_ms(const struct finder *finder); /* to the next look */
/* Whether routes and neighbours are watched; only while somebody is sought. */
void finder_watch(struct finder *finder, bool on);
int finder_fd(const struct finder *finder); /* readable when finder_dispatch() has work */
/* True when something that was looked for may be there now. */
bool finder_dispatch(struct finder *finder);

#endif
