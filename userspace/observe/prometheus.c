// SPDX-License-Identifier: BSD-2-Clause
#include "observe/prometheus.h"

#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "observe/event.h"
#include "observe/names.h"
#include "observe/process.h"
#include "observe/prometheus_sources.h"
#include "observe/series.h"

static void write_build(FILE *out, const struct prometheus_input *input)
{
	const struct series_label labels[] = { { "version", input->version }, { "commit", input->commit } };
	_cleanup_free_ char *text = series_labels(labels, ARRAY_SIZE(labels));

	series_metric(out, "weir_build_info", "gauge", "Version and commit of the running agent; always 1.");
	series_count(out, "weir_build_info", text, 1);
}

/* One series per direction and reason; packets and bytes look alike. */
static void write_reasons(FILE *out, const struct prometheus_input *input, const char *name, bool bytes)
{
	for (enum weir_reason reason = WEIR_REASON_NONE + 1; reason < WEIR_REASON_MAX; reason++) {
		if (!reason_name(reason))
			continue;
		for (enum weir_direction direction = 0; direction < WEIR_DIRECTIONS; direction++) {
			const struct weir_counter *counter = &input->reasons[reason * WEIR_DIRECTIONS + direction];
			const struct series_label labels[] = { { "direction", direction_text(direction) },
							       { "verdict", verdict_name(reason_verdict(reason)) },
							       { "reason", reason_name(reason) } };
			_cleanup_free_ char *text = series_labels(labels, ARRAY_SIZE(labels));

			series_count(out, name, text, bytes ? counter->bytes : counter->packets);
		}
	}
}

static void write_traffic(FILE *out, const struct prometheus_input *input)
{
	series_metric(out, "weir_packets_total", "counter", "Packets of endpoints, by what became of them and why.");
	write_reasons(out, input, "weir_packets_total", false);
	series_metric(out, "weir_bytes_total", "counter", "Bytes of these packets.");
	write_reasons(out, input, "weir_bytes_total", true);
}

/* Several numbers can have the same labels: one rule takes part in many decisions. They make one series. */
struct sum {
	const char *labels;
	uint64_t value;
	UT_hash_handle hh;
};

static void sum_add(struct sum **sums, const char *labels, uint64_t value)
{
	struct sum *sum;

	HASH_FIND_STR(*sums, labels, sum);
	if (!sum) {
		sum = new0(struct sum);
		sum->labels = labels;
		HASH_ADD_KEYPTR(hh, *sums, sum->labels, strlen(sum->labels), sum);
	}
	sum->value += value;
}

static void sums_write(FILE *out, const char *name, struct sum **sums)
{
	struct sum *sum, *next;

	HASH_ITER (hh, *sums, sum, next) {
		series_count(out, name, sum->labels, sum->value);
		HASH_DEL(*sums, sum);
		free(sum);
	}
}

static void write_policies(FILE *out, const struct prometheus_input *input)
{
	const struct ledger *ledger = input->ledger;
	struct sum *sums = NULL;

	series_metric(out, "weir_policy_packets_total", "counter",
		      "Packets decided by a rule; a packet counts for every rule that had a say.");
	for (size_t i = 0; i < ledger->counters.n; i++) {
		vec_for_each (labels, &ledger->counters.items[i].labels)
			sum_add(&sums, *labels, input->decisions[i].packets);
	}
	vec_for_each (carried, &ledger->counted)
		sum_add(&sums, carried->labels, carried->packets);
	sums_write(out, "weir_policy_packets_total", &sums);
}

/* What is counted for no pair by name has the source "other". */
static void write_pair(FILE *out, const char *name, const struct pair *pair, size_t at)
{
	for (enum pair_verdict verdict = 0; verdict < PAIR_VERDICTS; verdict++) {
		const struct weir_account *account = &pair->by[verdict];
		const struct series_label labels[] = { { "source", pair->source },
						       { "destination", pair->destination },
						       { "verdict", pair_verdict_metric(verdict) } };
		_cleanup_free_ char *text = account->packets ? series_labels(labels, ARRAY_SIZE(labels)) : NULL;

		if (text)
			series_count(out, name, text, *(const uint64_t *)((const char *)account + at));
	}
}

static void write_pairs(FILE *out, const struct prometheus_input *input)
{
	static const struct {
		const char *name, *help;
		size_t at;
	} metrics[] = {
		{ "weir_pair_packets_total",
		  "Packets from one workload to another, and back, by what policy and limits make of them.",
		  offsetof(struct weir_account, packets) },
		{ "weir_pair_bytes_total", "Bytes of these packets.", offsetof(struct weir_account, bytes) },
		{ "weir_pair_connections_total", "Connections that they opened.",
		  offsetof(struct weir_account, connections) },
	};
	struct pair other = { .source = "other", .destination = "other" };

	memcpy(other.by, input->pairs->other, sizeof(other.by));
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++) {
		series_metric(out, metrics[i].name, "counter", metrics[i].help);
		vec_for_each (pair, &input->pairs->list)
			write_pair(out, metrics[i].name, pair, metrics[i].at);
		write_pair(out, metrics[i].name, &other, metrics[i].at);
	}
}

static void write_limits(FILE *out, const struct prometheus_input *input, const char *name, bool audit)
{
	const struct ledger *ledger = input->ledger;
	struct sum *sums = NULL;

	for (size_t i = 0; i < ledger->buckets.n; i++) {
		const struct ledger_account *account = &ledger->buckets.items[i];

		for (size_t k = 0; account->audit == audit && k < account->labels.n; k++)
			sum_add(&sums, account->labels.items[k], input->charged[i].dropped_packets);
	}
	vec_for_each (carried, &ledger->dropped) {
		if (carried->audit == audit)
			sum_add(&sums, carried->labels, carried->packets);
	}
	sums_write(out, name, &sums);
}

/* One series of what the buckets count; a packet that passed can be marked, or have waited. */
struct limit_series {
	const char *name, *help;
	size_t charged; /* offset of the counter in struct weir_charged, and in struct ledger_carried */
	size_t carried;
};

static const struct limit_series limit_series[] = {
	/* Of an audited policy too: what is within its limits is the same packets. */
	{ "weir_limit_passed_total", "Packets that were within a rule's limit.",
	  offsetof(struct weir_charged, passed_packets), offsetof(struct ledger_carried, passed) },
	{ "weir_limit_marked_total", "Packets within a rule's limit that carry a congestion mark for it.",
	  offsetof(struct weir_charged, marked_packets), offsetof(struct ledger_carried, marked) },
	{ "weir_limit_paced_total", "Packets within a rule's limit that had to wait for it.",
	  offsetof(struct weir_charged, paced_packets), offsetof(struct ledger_carried, paced) },
};

static uint64_t counter_at(const void *counters, size_t offset)
{
	return *(const uint64_t *)((const char *)counters + offset);
}

static void write_limit_series(FILE *out, const struct prometheus_input *input, const struct limit_series *series)
{
	const struct ledger *ledger = input->ledger;
	struct sum *sums = NULL;

	series_metric(out, series->name, "counter", series->help);
	for (size_t i = 0; i < ledger->buckets.n; i++) {
		vec_for_each (labels, &ledger->buckets.items[i].labels)
			sum_add(&sums, *labels, counter_at(&input->charged[i], series->charged));
	}
	vec_for_each (carried, &ledger->dropped)
		sum_add(&sums, carried->labels, counter_at(carried, series->carried));
	sums_write(out, series->name, &sums);
}

/* Of limits of one rule in one unit, the tightest. */
struct least {
	const char *labels;
	double value;
	UT_hash_handle hh;
};

static void least_add(struct least **all, const char *labels, double value)
{
	struct least *least;

	HASH_FIND_STR(*all, labels, least);
	if (!least) {
		least = new0(struct least);
		*least = (struct least){ .labels = labels, .value = value };
		HASH_ADD_KEYPTR(hh, *all, least->labels, strlen(least->labels), least);
	}
	if (value < least->value)
		least->value = value;
}

static void least_write(FILE *out, const char *name, struct least **all)
{
	struct least *least, *next;

	HASH_ITER (hh, *all, least, next) {
		series_value(out, name, least->labels, least->value);
		HASH_DEL(*all, least);
		free(least);
	}
}

static void write_limits_now(FILE *out, const struct prometheus_input *input)
{
	struct least *rates = NULL, *levels = NULL;

	for (size_t i = 0; i < input->n_limits; i++) {
		const struct prometheus_limit *limit = &input->limits[i];

		if (limit->bucket >= input->ledger->buckets.n)
			continue;
		vec_for_each (labels, &input->ledger->buckets.items[limit->bucket].labels) {
			least_add(&rates, *labels, limit->rate);
			if (limit->level >= 0)
				least_add(&levels, *labels, limit->level);
		}
	}
	series_metric(out, "weir_limit_asked", "gauge",
		      "What a rule's limit lets pass, in its unit; of connections at a time, how many.");
	least_write(out, "weir_limit_asked", &rates);
	series_metric(out, "weir_limit_level_ratio", "gauge",
		      "How much of the burst of a limit per Rule is free, or of the connections that may be open.");
	least_write(out, "weir_limit_level_ratio", &levels);
	series_gauge(out, "weir_limits_biting", "Limits that drop packets now.", (double)input->limits_biting);
	series_counter(out, "weir_limit_bites_total", "Times that a limit began to drop packets.", input->limit_bites);
}

static void write_open(FILE *out, const struct prometheus_input *input)
{
	struct sum *sums = NULL;

	for (size_t i = 0; input->open && i < input->ledger->buckets.n; i++) {
		const struct ledger_account *account = &input->ledger->buckets.items[i];

		for (size_t k = 0; account->caps && k < account->labels.n; k++)
			sum_add(&sums, account->labels.items[k], input->open[i]);
	}
	sums_write(out, "weir_limit_open", &sums);
}

static void write_all_limits(FILE *out, const struct prometheus_input *input)
{
	for (size_t i = 0; i < ARRAY_SIZE(limit_series); i++)
		write_limit_series(out, input, &limit_series[i]);
	write_limits_now(out, input);
	series_metric(out, "weir_limit_open", "gauge", "Connections that a rule's limit on them counts as open.");
	write_open(out, input);
	series_metric(out, "weir_limit_dropped_total", "counter",
		      "Packets dropped because a rule's limit was reached.");
	write_limits(out, input, "weir_limit_dropped_total", false);
	series_metric(out, "weir_limit_audited_total", "counter",
		      "Packets over a limit of a policy in audit mode, which passed.");
	write_limits(out, input, "weir_limit_audited_total", true);
}

static void write_maps(FILE *out, const struct prometheus_input *input, const char *name, bool capacity)
{
	for (unsigned i = 0; i < input->n_maps; i++) {
		const struct series_label label = { "map", input->maps[i].name };
		_cleanup_free_ char *text = series_labels(&label, 1);

		series_count(out, name, text, capacity ? input->maps[i].capacity : input->maps[i].entries);
	}
}

/* One series per flow table and family. */
static void write_table(FILE *out, const char *name, const uint64_t values[WEIR_FLOW_TABLES][WEIR_FAMILIES])
{
	for (enum weir_flow_table table = 0; table < WEIR_FLOW_TABLES; table++) {
		for (enum weir_family family = 0; family < WEIR_FAMILIES; family++) {
			const struct series_label labels[] = { { "table", flow_table_name(table) },
							       { "family", family_name(family) } };
			_cleanup_free_ char *text = series_labels(labels, ARRAY_SIZE(labels));

			series_count(out, name, text, values[table][family]);
		}
	}
}

static void write_flows(FILE *out, const struct prometheus_input *input)
{
	uint64_t present[WEIR_FLOW_TABLES][WEIR_FAMILIES], sum = 0;

	for (int i = 0; i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		const int table = i / WEIR_FAMILIES, family = i % WEIR_FAMILIES;

		sum += present[table][family] = input->flows->present[table][family];
	}
	series_gauge(out, "weir_flows", "Flows that have not expired.", (double)sum);
	series_metric(out, "weir_flows_present", "gauge", "Flows that have not expired, by table.");
	write_table(out, "weir_flows_present", present);
	series_metric(out, "weir_flows_entered_total", "counter", "New flows.");
	write_table(out, "weir_flows_entered_total", input->flows->entered);
	series_metric(out, "weir_flows_evicted_total", "counter",
		      "Flows that gave way to others before their time, as the table was full.");
	write_table(out, "weir_flows_evicted_total", input->flows->evicted);
	series_counter(out, "weir_flows_not_entered_total", "Admitted packets whose flow could not be entered.",
		       input->tallies[WEIR_TALLY_NOT_ENTERED]);
}

static void write_answers(FILE *out, const struct prometheus_input *input)
{
	static const struct {
		const char *labels;
		enum weir_tally tally;
	} results[] = {
		{ "result=\"answered\"", WEIR_TALLY_ANSWERED },
		{ "result=\"unanswered\"", WEIR_TALLY_UNANSWERED },
	};

	series_metric(out, "weir_answers_total", "counter",
		      "Rejected packets, by whether they were answered; too many, and some kinds, are not.");
	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		series_count(out, "weir_answers_total", results[i].labels, input->tallies[results[i].tally]);
	series_counter(out, "weir_fragmented_packets_total", "Packets in fragments whose first one was admitted.",
		       input->tallies[WEIR_TALLY_FRAGMENTED]);
	series_gauge(out, "weir_shields", "Sources and pods that the flood shield of the uplinks is up for.",
		     input->shields);
	series_counter(out, "weir_shields_raised_total", "Times that it went up for one of them.",
		       input->shields_raised);
	series_counter(out, "weir_limit_sources_total",
		       "Sources that limits per Identity or Address met for the first time, or anew.",
		       input->tallies[WEIR_TALLY_SOURCES]);
	series_counter(out, "weir_limit_slots_corrected_total",
		       "Open connections that limits counted wrongly, until a recount of the flow tables.",
		       input->slots_corrected);
}

static void write_state(FILE *out, const struct prometheus_input *input)
{
	series_gauge(out, "weir_policy_revision", "Revision of the policy in force.", input->revision);
	series_gauge(out, "weir_degraded", "Reasons why the status is degraded; weir status names them.",
		     (double)input->degraded);
	series_histogram(out, "weir_policy_apply_seconds",
			 "Time from changed objects to the kernel enforcing them, of changes that were put in force.",
			 input->apply);
	series_counter(out, "weir_policy_errors_total", "Broken manifests and refused policies.", input->policy_errors);
	series_gauge(out, "weir_hooks_missing", "Programs that somebody has taken off an interface, not back yet.",
		     (double)input->hooks_missing);
	series_gauge(out, "weir_hooks_preceded",
		     "Interfaces where somebody's program runs before weir's and may pass packets by it.",
		     (double)input->hooks_preceded);
	series_gauge(out, "weir_endpoints", "Endpoints of this node that are enforced.", (double)input->endpoints);
	series_gauge(out, "weir_identities", "Identities of the policy in force.", (double)input->identities);
	series_metric(out, "weir_map_entries", "gauge", "Entries of a kernel map.");
	write_maps(out, input, "weir_map_entries", false);
	series_metric(out, "weir_map_capacity", "gauge", "Entries that a kernel map has room for.");
	write_maps(out, input, "weir_map_capacity", true);
	series_counter(out, "weir_events_total", "Connections that the kernel told of.",
		       input->tallies[WEIR_TALLY_TOLD]);
	series_counter(out, "weir_events_held_back_total",
		       "Packets that it did not tell of, as it had told enough of the same decision.",
		       input->tallies[WEIR_TALLY_HELD_BACK]);
	series_counter(out, "weir_events_lost_total", "Packets that it found no room to tell of.",
		       input->tallies[WEIR_TALLY_LOST]);
}

/* Those of packets are counted by their verdicts. */
static void write_told(FILE *out, const struct prometheus_input *input)
{
	series_metric(out, "weir_agent_events_total", "counter", "Events that the agent itself made, by type.");
	for (enum event_type type = EVENT_WITHDRAWN + 1; type < EVENT_TYPES_END; type++) {
		const struct series_label label = { "type", event_type_name(type) };
		_cleanup_free_ char *text = series_labels(&label, 1);

		series_count(out, "weir_agent_events_total", text, input->told[type]);
	}
	series_metric(out, "weir_otlp_records_total", "counter",
		      "Log records for the OTLP collector, by whether it took them; dropped ones were refused or "
		      "overwritten before.");
	series_count(out, "weir_otlp_records_total", "result=\"sent\"", input->otlp.sent);
	series_count(out, "weir_otlp_records_total", "result=\"dropped\"", input->otlp.dropped);
	series_counter(out, "weir_otlp_retries_total", "Requests to the OTLP collector that had to be repeated.",
		       input->otlp.retries);
}

static void write_process(FILE *out)
{
	struct process_usage usage;

	if (process_usage_read(&usage) < 0)
		return;
	series_metric(out, "process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.");
	series_value(out, "process_cpu_seconds_total", NULL, usage.cpu_seconds);
	series_gauge(out, "process_resident_memory_bytes", "Resident memory size in bytes.",
		     (double)usage.resident_bytes);
	series_gauge(out, "process_virtual_memory_bytes", "Virtual memory size in bytes.", (double)usage.virtual_bytes);
	series_gauge(out, "process_open_fds", "Number of open file descriptors.", (double)usage.open_fds);
	series_gauge(out, "process_max_fds", "Maximum number of open file descriptors.", (double)usage.max_fds);
	series_gauge(out, "process_start_time_seconds", "Start time of the process since the Unix epoch in seconds.",
		     usage.start_time);
}

void prometheus_write(FILE *out, const struct prometheus_input *input)
{
	write_build(out, input);
	write_traffic(out, input);
	write_policies(out, input);
	write_pairs(out, input);
	write_all_limits(out, input);
	write_state(out, input);
	write_flows(out, input);
	write_answers(out, input);
	write_told(out, input);
	prometheus_write_sources(out, input);
	write_process(out);
}
