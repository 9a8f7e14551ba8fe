// SPDX-License-Identifier: BSD-2-Clause
#include "agent/sweeper.h"

#include <inttypes.h>
#include <string.h>

#include "observe/names.h"

#define NEARLY_FULL_PERCENT 90u
#define LATELY_S	    600 /* how long an eviction is worth a word */

uint32_t sweeper_capacity(const struct datapath_config *config, enum weir_flow_table table)
{
	return table == WEIR_OPENINGS	   ? config->openings
	       : table == WEIR_CONNECTIONS ? config->connections
					   : config->exchanges;
}

/* A packet between two readings can make a later difference smaller; a counter never goes back. */
static void take_evictions(struct sweeper *sweeper, int table, int family, uint64_t evicted, time_t now)
{
	uint64_t *known = &sweeper->counts.evicted[table][family];
	struct sweeper_evictions *evictions = &sweeper->evictions[table][family];

	if (!sweeper->swept) {
		if (evicted > *known)
			*known = evicted;
		return;
	}
	if (evictions->last && now - evictions->last > LATELY_S)
		*evictions = (struct sweeper_evictions){};
	if (evicted <= *known)
		return;
	evictions->lately += evicted - *known;
	evictions->last = now;
	*known = evicted;
}

static void note_table(struct notes *problems, const struct sweeper *sweeper, const struct datapath_config *config,
		       enum weir_flow_table table, enum weir_family family)
{
	const uint32_t capacity = sweeper_capacity(config, table), present = sweeper->counts.present[table][family];
	const struct sweeper_evictions *evictions = &sweeper->evictions[table][family];

	if (evictions->lately)
		notes_add(problems,
			  "the table of %s %s is full: flows gave way to others before their time in the last %d "
			  "minutes (give the agent a larger %s setting)",
			  family_name(family), flow_table_name(table), LATELY_S / 60, flow_table_name(table));
	else if ((uint64_t)present * 100 > (uint64_t)capacity * NEARLY_FULL_PERCENT)
		notes_add(problems,
			  "the table of %s %s is more than %u %% full (give the agent a larger %s setting, or shorter "
			  "timeouts)",
			  family_name(family), flow_table_name(table), NEARLY_FULL_PERCENT, flow_table_name(table));
}

void sweeper_take(struct sweeper *sweeper, const struct datapath_flow_counts *counts,
		  const struct datapath_config *config, time_t now)
{
	struct notes problems = {};

	for (int i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		const int table = i / WEIR_FAMILIES, family = i % WEIR_FAMILIES;

		take_evictions(sweeper, table, family, counts->evicted[table][family], now);
		sweeper->counts.present[table][family] = counts->present[table][family];
		sweeper->counts.entered[table][family] = counts->entered[table][family];
		note_table(&problems, sweeper, config, table, family);
	}
	sweeper->counts.held = counts->held;
	if (counts->corrected)
		log_debug("%" PRIu32 " slots of open connections were not counted as they are held", counts->corrected);
	sweeper->corrected += counts->corrected;
	sweeper->swept = true;
	notes_replace(&sweeper->problems, &problems, LOG_LEVEL_WARNING);
}

static int run(struct sweeper *sweeper, struct datapath *datapath, const struct datapath_config *config, bool recount)
{
	struct datapath_flow_counts counts = {};
	struct notes problems = {};
	struct timespec now;
	int r = recount ? datapath_recount(datapath, &counts) : datapath_sweep(datapath, &counts);

	if (r < 0) {
		notes_add(&problems, "the flow tables can't be swept: %s", strerror(-r));
		notes_replace(&sweeper->problems, &problems, LOG_LEVEL_WARNING);
		return r;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	sweeper_take(sweeper, &counts, config, now.tv_sec);
	return 0;
}

int sweeper_run(struct sweeper *sweeper, struct datapath *datapath, const struct datapath_config *config)
{
	return run(sweeper, datapath, config, false);
}

int sweeper_recount(struct sweeper *sweeper, struct datapath *datapath, const struct datapath_config *config)
{
	return run(sweeper, datapath, config, true);
}

void sweeper_free(struct sweeper *sweeper)
{
	notes_free(&sweeper->problems);
}
