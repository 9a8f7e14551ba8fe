/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the flow tables held when they were swept last. Packets don't wait for
 * a sweep, as an expired flow counts for nothing; it makes room, and it counts.
 */
#ifndef WEIR_AGENT_SWEEPER_H
#define WEIR_AGENT_SWEEPER_H

#include <time.h>

#include "agent/notes.h"
#include "datapath/datapath.h"

struct sweeper {
	struct datapath_flow_counts counts; /* evicted is the most that was ever seen, as it is counted by difference */
	struct sweeper_evictions {
		uint64_t lately; /* since none for a while */
		time_t last;	 /* seconds of the monotonic clock; 0: never in this life */
	} evictions[WEIR_FLOW_TABLES][WEIR_FAMILIES];
	uint64_t corrected;    /* slots of open connections, by recounts */
	bool swept;	       /* once at least */
	struct notes problems; /* a table is nearly full, or evicts, or can't be swept */
};

/* config: the capacities. 0 or -errno; what was counted before stays then. */
int sweeper_run(struct sweeper *sweeper, struct datapath *datapath, const struct datapath_config *config);
/* The same, and recounts the slots of open connections; with seconds between one and the next. */
int sweeper_recount(struct sweeper *sweeper, struct datapath *datapath, const struct datapath_config *config);
/* The same from counts that were taken at a time; for the tests of it. */
void sweeper_take(struct sweeper *sweeper, const struct datapath_flow_counts *counts,
		  const struct datapath_config *config, time_t now);
void sweeper_free(struct sweeper *sweeper); /* what it holds */

/* How many flows a table has room for. */
uint32_t sweeper_capacity(const struct datapath_config *config, enum weir_flow_table table);

#endif
