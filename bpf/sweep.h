/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Takes expired entries out of a flow table and counts the others, where they
 * are: the agent runs it now and then. Packets don't depend on it, as a look-up
 * takes no notice of an expired entry.
 */
#ifndef WEIR_BPF_SWEEP_H
#define WEIR_BPF_SWEEP_H

#include "account.h"
#include "clock.h"

static long sweep_flow(void *map, void *key, struct weir_flow *flow, struct weir_sweep *sweep)
{
	if (!flow_has_expired(flow, sweep->now))
		sweep->present++;
	else if (!bpf_map_delete_elem(map, key))
		sweep->removed++;
	return 0;
}

/* Before 6.9 each call must be of one map alone; the comment keeps the compiler from making one call of several. */
#define SWEEP(map, sweep)                                            \
	do {                                                         \
		bpf_for_each_map_elem(&(map), sweep_flow, sweep, 0); \
		asm volatile("/* " #map " */");                      \
	} while (0)

static __always_inline void sweep_table(struct weir_sweep *sweep)
{
	const bool v4 = sweep->family == WEIR_IPV4;

	if (sweep->table == WEIR_OPENINGS && v4)
		SWEEP(openings4, sweep);
	else if (sweep->table == WEIR_OPENINGS)
		SWEEP(openings6, sweep);
	else if (sweep->table == WEIR_CONNECTIONS && v4)
		SWEEP(connections4, sweep);
	else if (sweep->table == WEIR_CONNECTIONS)
		SWEEP(connections6, sweep);
	else if (v4)
		SWEEP(exchanges4, sweep);
	else
		SWEEP(exchanges6, sweep);
}

/* Of a table that there isn't, only the time is told. */
static __always_inline void sweep_flows(struct weir_sweep *asked)
{
	struct weir_sweep sweep = {
		.table = asked->table,
		.family = asked->family,
		.now = clock_ticks(),
	};

	asked->now = sweep.now;
	if (sweep.table >= WEIR_FLOW_TABLES || sweep.family >= WEIR_FAMILIES)
		return;
	sweep_table(&sweep);
	tally_add(WEIR_TALLY_LEFT + sweep.table * WEIR_FAMILIES + sweep.family, sweep.removed);
	asked->present = sweep.present;
	asked->removed = sweep.removed;
}

#endif
