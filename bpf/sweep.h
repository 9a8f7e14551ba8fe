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

static __always_inline void sweep_table(struct weir_sweep *sweep)
{
	switch (sweep->table * WEIR_FAMILIES + sweep->family) {
	case WEIR_OPENINGS *WEIR_FAMILIES + WEIR_IPV4:
		bpf_for_each_map_elem(&openings4, sweep_flow, sweep, 0);
		break;
	case WEIR_OPENINGS *WEIR_FAMILIES + WEIR_IPV6:
		bpf_for_each_map_elem(&openings6, sweep_flow, sweep, 0);
		break;
	case WEIR_CONNECTIONS *WEIR_FAMILIES + WEIR_IPV4:
		bpf_for_each_map_elem(&connections4, sweep_flow, sweep, 0);
		break;
	case WEIR_CONNECTIONS *WEIR_FAMILIES + WEIR_IPV6:
		bpf_for_each_map_elem(&connections6, sweep_flow, sweep, 0);
		break;
	case WEIR_EXCHANGES *WEIR_FAMILIES + WEIR_IPV4:
		bpf_for_each_map_elem(&exchanges4, sweep_flow, sweep, 0);
		break;
	case WEIR_EXCHANGES *WEIR_FAMILIES + WEIR_IPV6:
		bpf_for_each_map_elem(&exchanges6, sweep_flow, sweep, 0);
		break;
	}
}

static __always_inline void sweep_flows(struct weir_sweep *asked)
{
	struct weir_sweep sweep = {
		.table = asked->table,
		.family = asked->family,
		.now = clock_ticks(),
	};

	sweep_table(&sweep);
	tally_add(WEIR_TALLY_LEFT + sweep.table * WEIR_FAMILIES + sweep.family, sweep.removed);
	asked->now = sweep.now;
	asked->present = sweep.present;
	asked->removed = sweep.removed;
}

#endif
