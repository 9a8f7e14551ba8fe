/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flow tables: looking up, entering and leaving, counted so that the agent knows what was pushed out. */
#ifndef WEIR_BPF_TABLES_H
#define WEIR_BPF_TABLES_H

#include "account.h"

#define EEXIST 17

/* The map is a constant at each look-up, so that the look-up is not an indirect call. */
static __always_inline struct weir_flow *look_up_flow(enum weir_flow_table table, enum weir_family family,
						      const union flow_key *key)
{
	const bool v4 = family == WEIR_IPV4;

	if (table == WEIR_OPENINGS)
		return v4 ? bpf_map_lookup_elem(&openings4, key) : bpf_map_lookup_elem(&openings6, key);
	if (table == WEIR_CONNECTIONS)
		return v4 ? bpf_map_lookup_elem(&connections4, key) : bpf_map_lookup_elem(&connections6, key);
	return v4 ? bpf_map_lookup_elem(&exchanges4, key) : bpf_map_lookup_elem(&exchanges6, key);
}

static __always_inline void *flow_table(enum weir_flow_table table, enum weir_family family)
{
	const bool v4 = family == WEIR_IPV4;

	if (table == WEIR_OPENINGS)
		return v4 ? (void *)&openings4 : (void *)&openings6;
	if (table == WEIR_CONNECTIONS)
		return v4 ? (void *)&connections4 : (void *)&connections6;
	return v4 ? (void *)&exchanges4 : (void *)&exchanges6;
}

/*
 * present: an entry of that key is there, and is replaced. False when there is no
 * room, or when another packet of the same connection has just made it.
 */
static __always_inline bool enter_flow(enum weir_flow_table table, enum weir_family family, const union flow_key *key,
				       const struct weir_flow *flow, bool present)
{
	const long r = bpf_map_update_elem(flow_table(table, family), key, flow, present ? BPF_ANY : BPF_NOEXIST);

	if (r) {
		if (r != -EEXIST)
			tally_add(WEIR_TALLY_NOT_ENTERED, 1);
		return false;
	}
	if (!present)
		tally_add(WEIR_TALLY_ENTERED + table * WEIR_FAMILIES + family, 1);
	return true;
}

static __always_inline void leave_flow(enum weir_flow_table table, enum weir_family family, const union flow_key *key)
{
	if (!bpf_map_delete_elem(flow_table(table, family), key))
		tally_add(WEIR_TALLY_LEFT + table * WEIR_FAMILIES + family, 1);
}

#endif
