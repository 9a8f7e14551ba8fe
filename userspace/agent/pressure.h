/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How full the kernel's tables are, and whether there are more half-open
 * connections than clients leave: said when it begins and when it is over, with
 * a distance between the two, so that what hovers is not said again and again.
 */
#ifndef WEIR_AGENT_PRESSURE_H
#define WEIR_AGENT_PRESSURE_H

#include "agent/events.h"
#include "weir/maps.h"

#define PRESSURE_NEARLY_PERCENT 80u
#define PRESSURE_CALM_PERCENT	70u
#define FLOOD_HALF_OPEN		4096u /* fewer are no flood in any proportion */
#define FLOOD_SHARE		4u    /* times as many as established ones */

#define PRESSURE_TABLES ((WEIR_FLOW_TABLES + 1u) * WEIR_FAMILIES) /* of flows, and of addresses */

enum pressure_level { PRESSURE_CALM, PRESSURE_NEARLY_FULL, PRESSURE_FULL };

struct pressure {
	enum pressure_level tables[PRESSURE_TABLES];
	bool flood[WEIR_FAMILIES];
	bool looked; /* once at least, so these are known: */
	uint64_t evicted[WEIR_FLOW_TABLES][WEIR_FAMILIES];
};

struct agent;

/* A table as it is found. */
struct pressure_table {
	const char *name; /* the map's */
	uint64_t present, capacity;
	bool evicts; /* entries gave way to others since the last time */
};

/* Takes what is found of table number i. */
void pressure_take(struct pressure *pressure, unsigned i, const struct pressure_table *table, struct events *events);
/* The same of the connections of a family that wait for their handshake to be complete. */
void pressure_take_half_open(struct pressure *pressure, enum weir_family family, uint64_t half_open,
			     uint64_t established, struct events *events);
/* Looks at all of them; after a sweep. */
void pressure_watch(struct agent *agent);

#endif
