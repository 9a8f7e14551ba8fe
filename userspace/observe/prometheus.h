/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that GET /metrics answers, from numbers that the caller has read. */
#ifndef WEIR_OBSERVE_PROMETHEUS_H
#define WEIR_OBSERVE_PROMETHEUS_H

#include <stdbool.h>
#include <time.h>

#include "datapath/datapath.h"
#include "observe/histogram.h"
#include "observe/ledger.h"
#include "source/kube_writer.h"

struct prometheus_source {
	const char *name;
	bool synced;
	time_t away_since; /* 0: it answers */
};

/* A limit in force. */
struct prometheus_limit {
	uint32_t bucket;
	double rate;
	double level; /* 0 to 1; negative: it has a bucket for each source, and no one level */
};

/* Borrows everything. */
struct prometheus_input {
	const char *version, *commit;
	const struct ledger *ledger;
	const struct weir_counter *reasons;   /* WEIR_REASON_MAX * WEIR_DIRECTIONS */
	const struct weir_counter *decisions; /* ledger->counters.n */
	const struct pairs *pairs;
	const struct weir_charged *charged; /* ledger->buckets.n */
	const struct prometheus_limit *limits;
	size_t n_limits;
	uint64_t limits_biting, limit_bites;
	const uint64_t *open;	  /* the same: connections that are; NULL: no limit is on them */
	uint64_t slots_corrected; /* by recounts of these */
	const struct datapath_map_info *maps;
	unsigned n_maps;
	const struct prometheus_source *sources;
	size_t n_sources;
	const struct histogram *apply; /* from the objects to the kernel */
	uint32_t revision;
	uint64_t degraded; /* reasons why it is */
	uint64_t policy_errors;
	uint64_t endpoints, identities;
	const struct datapath_flow_counts *flows;
	uint32_t shields;	 /* addresses that the flood shield is up for now */
	uint64_t shields_raised; /* times that it went up */
	const uint64_t *tallies; /* WEIR_TALLIES */
	const uint64_t *told;	 /* EVENT_TYPES_END: events by type */
	struct prometheus_otlp {
		uint64_t sent, dropped, retries;
	} otlp;
	struct kube_write_counts kube_writes;
	uint64_t hooks_missing, hooks_preceded;
};

void prometheus_write(FILE *out, const struct prometheus_input *input);

#endif
