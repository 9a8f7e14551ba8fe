// SPDX-License-Identifier: BSD-2-Clause
/* Flow tables as a whole: expired entries out, the others counted. */
#include "datapath/datapath_private.h"

struct bpf_map *flow_table(const struct weir_bpf *skeleton, enum weir_flow_table table, enum weir_family family)
{
	struct bpf_map *const tables[WEIR_FLOW_TABLES][WEIR_FAMILIES] = {
		[WEIR_OPENINGS] = { skeleton->maps.openings4, skeleton->maps.openings6 },
		[WEIR_CONNECTIONS] = { skeleton->maps.connections4, skeleton->maps.connections6 },
		[WEIR_EXCHANGES] = { skeleton->maps.exchanges4, skeleton->maps.exchanges6 },
	};

	return tables[table][family];
}

/* The program answers in the context that it is given. */
int sweep_run(const struct datapath *datapath, struct weir_sweep *sweep)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = sweep, .ctx_size_in = sizeof(*sweep));

	return bpf_prog_test_run_opts(bpf_program__fd(datapath->skeleton->progs.weir_sweep), &opts) < 0 ? -errno : 0;
}

int clock_read(const struct datapath *datapath, uint32_t *ret_now)
{
	struct weir_sweep sweep = { .table = WEIR_OPENINGS, .family = WEIR_IPV6 };
	int r = sweep_run(datapath, &sweep);

	if (r == 0)
		*ret_now = sweep.now;
	return r;
}

static int sweep_all(struct datapath *datapath, bool recount, struct datapath_flow_counts *ret)
{
	uint64_t before[WEIR_TALLIES], after[WEIR_TALLIES];
	struct datapath_flow_counts counts = {};
	int r;

	r = datapath_read_tallies(datapath, before);
	for (uint32_t i = 0; r == 0 && i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		struct weir_sweep sweep = { .table = i / WEIR_FAMILIES,
					    .family = i % WEIR_FAMILIES,
					    .recount = recount };

		r = sweep_run(datapath, &sweep);
		counts.present[sweep.table][sweep.family] = sweep.present;
		counts.held += sweep.held;
	}
	if (r == 0)
		r = datapath_read_tallies(datapath, after);
	if (r < 0)
		return r;
	/* What enters or leaves meanwhile never passes for evicted: what entered is read before, what left after. */
	for (uint32_t i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		const uint32_t table = i / WEIR_FAMILIES, family = i % WEIR_FAMILIES;
		const uint64_t entered = before[WEIR_TALLY_ENTERED + i], left = after[WEIR_TALLY_LEFT + i];
		const uint64_t known = left + counts.present[table][family];

		counts.entered[table][family] = after[WEIR_TALLY_ENTERED + i];
		counts.evicted[table][family] = entered > known ? entered - known : 0;
	}
	*ret = counts;
	return 0;
}

int datapath_sweep(struct datapath *datapath, struct datapath_flow_counts *ret)
{
	return sweep_all(datapath, false, ret);
}

int datapath_recount(struct datapath *datapath, struct datapath_flow_counts *ret)
{
	struct weir_sweep sweep = { .table = WEIR_SWEEP_SLOTS };
	struct datapath_flow_counts counts;
	int r = sweep_all(datapath, true, &counts) ?: sweep_run(datapath, &sweep);

	if (r < 0)
		return r;
	control_next_recount(datapath);
	counts.corrected = sweep.corrected;
	*ret = counts;
	return 0;
}
