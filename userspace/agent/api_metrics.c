// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "agent/api.h"
#include "agent/cluster.h"
#include "agent/counts.h"
#include "agent/limit_level.h"
#include "agent/packet_events.h"
#include "agent/pairs.h"
#include "base/mem.h"
#include "observe/prometheus.h"
#include "version.h"

static uint64_t count_enforced(const struct agent *agent)
{
	uint64_t n = 0;

	for (const struct port *port = agent->endpoints.ports; port; port = port->hh.next)
		n += port->endpoint && port->attached && port->has_identity;
	return n;
}

/* What can't be read counts as never charged. */
static struct weir_charged *read_charged(const struct agent *agent)
{
	const size_t n = agent->ledger.buckets.n;
	struct weir_charged *charged = xcalloc(n + 1, sizeof(*charged));

	if (n)
		datapath_read_all_charged(agent->datapath, (uint32_t)n, charged);
	return charged;
}

/* By counter, as many as the ledger knows. */
static struct weir_counter *sum_decisions(const struct agent *agent, const struct datapath_accounts *accounts)
{
	const size_t n = agent->ledger.counters.n;
	struct weir_counter *decisions =
		xcalloc((n > accounts->n_decisions ? n : accounts->n_decisions) + 1, sizeof(*decisions));

	pairs_decisions(accounts, decisions);
	return decisions;
}

static uint64_t count_degraded(const struct agent *agent)
{
	json_t *reasons = api_degraded(agent);
	uint64_t n = json_array_size(reasons);

	json_decref(reasons);
	return n;
}

/* An array is always full to the kernel; how much of it means something is known here. */
static void add_pairs(const struct agent *agent, const struct pairs_reading *reading, struct datapath_map_info *maps,
		      unsigned *n_maps)
{
	if (*n_maps < DATAPATH_MAPS_MAX)
		maps[(*n_maps)++] = (struct datapath_map_info){ .name = "pairs",
								.entries = (uint32_t)reading->accounts.pairs.n,
								.capacity = agent->config->capacities.pairs };
}

static struct prometheus_limit *read_limits(const struct agent *agent)
{
	const size_t n = agent->compiled ? agent->compiled->limits.n : 0;
	struct prometheus_limit *limits = xcalloc(n + 1, sizeof(*limits));
	const uint64_t now = limit_level_now();

	for (size_t i = 0; i < n; i++) {
		const struct limit_info *info = &agent->compiled->limits.items[i];
		struct weir_bucket bucket;

		limits[i] = (struct prometheus_limit){ info->bucket, (double)info->limit.rate_milli / 1000, -1 };
		if (info->limit.scope == LIMIT_PER_RULE &&
		    datapath_read_bucket(agent->datapath, info->bucket, &bucket) == 0)
			limits[i].level = limit_level(info, &bucket, now);
	}
	return limits;
}

/* What can't be read counts as none. NULL: there is nothing to count. */
static uint64_t *read_open(const struct agent *agent)
{
	const size_t n = agent->ledger.buckets.n;
	bool caps = false;
	uint64_t *open;

	vec_for_each (account, &agent->ledger.buckets)
		caps = caps || account->caps;
	if (!caps)
		return NULL;
	open = xcalloc(n, sizeof(*open));
	datapath_read_open(agent->datapath, (uint32_t)n, open);
	return open;
}

static void add_sources(const struct agent *agent, struct prometheus_source *sources)
{
	for (size_t i = 0; i < agent->sources.list.n; i++) {
		const struct source *source = &agent->sources.list.items[i];

		sources[i] = (struct prometheus_source){ source->name, source->errors.list.n == 0,
							 source->kube ? kube_away_since(source->kube) : 0 };
	}
}

static int write_text(const struct prometheus_input *input, char **ret)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -errno;
	prometheus_write(out, input);
	if (fclose(out) != 0) {
		free(text);
		return -errno;
	}
	*ret = text;
	return 0;
}

/* A disk that won't have them makes them no less true: they are told all the same, and so is that. */
static void save_counts(struct agent *agent)
{
	struct notes unsaved = {};
	struct error error = {};

	if (counts_save(agent, &error) < 0)
		notes_add(&unsaved, "%s: counters of the agent's own may go back after a crash", error.text);
	notes_replace(&agent->unsaved, &unsaved, LOG_LEVEL_WARNING);
}

void api_metrics(void *data, const struct http_request *request, struct http_reply *reply)
{
	struct agent *agent = data;
	_cleanup_free_ struct weir_counter *reasons = xcalloc(WEIR_REASON_MAX * WEIR_DIRECTIONS, sizeof(*reasons));
	_cleanup_(pairs_reading_free) struct pairs_reading reading = {};
	_cleanup_free_ struct weir_counter *decisions = NULL;
	_cleanup_free_ struct weir_charged *charged = read_charged(agent);
	_cleanup_free_ struct prometheus_limit *limits = read_limits(agent);
	_cleanup_free_ uint64_t *open = read_open(agent);
	_cleanup_free_ struct prometheus_source *sources = xcalloc(agent->sources.list.n + 1, sizeof(*sources));
	struct datapath_map_info maps[DATAPATH_MAPS_MAX];
	const struct hooks_count hooks = hooks_count(&agent->hooks);
	uint64_t tallies[WEIR_TALLIES];
	unsigned n_maps = 0;
	int r;

	r = datapath_read_reasons(agent->datapath, reasons);
	if (r == 0)
		r = pairs_read(agent, &reading);
	if (r == 0)
		r = datapath_read_tallies(agent->datapath, tallies);
	if (r == 0)
		r = sweeper_run(&agent->sweeper, agent->datapath, &agent->config->capacities);
	if (r == 0)
		r = datapath_list_maps(agent->datapath, &agent->sweeper.counts, maps, &n_maps);
	if (r < 0) {
		http_fail(reply, HTTP_INTERNAL_ERROR, "counters can't be read from the kernel: %s", strerror(-r));
		return;
	}
	packet_events_read(agent);
	otlp_count_dropped(agent->otlp);
	save_counts(agent);
	add_sources(agent, sources);
	add_pairs(agent, &reading, maps, &n_maps);
	decisions = sum_decisions(agent, &reading.accounts);
	r = write_text(&(struct prometheus_input){ .version = WEIR_VERSION,
						   .commit = WEIR_COMMIT,
						   .ledger = &agent->ledger,
						   .reasons = reasons,
						   .decisions = decisions,
						   .pairs = &reading.pairs,
						   .charged = charged,
						   .limits = limits,
						   .n_limits = agent->compiled ? agent->compiled->limits.n : 0,
						   .limits_biting = agent->limits.biting,
						   .limit_bites = agent->limits.bites,
						   .open = open,
						   .slots_corrected = agent->sweeper.corrected,
						   .maps = maps,
						   .n_maps = n_maps,
						   .sources = sources,
						   .n_sources = agent->sources.list.n,
						   .apply = &agent->apply,
						   .revision = agent->revision,
						   .degraded = count_degraded(agent),
						   .policy_errors = agent->sources.n_errors + agent->n_refused,
						   .endpoints = count_enforced(agent),
						   .identities = agent->compiled ? agent->compiled->identities.n : 0,
						   .flows = &agent->sweeper.counts,
						   .tallies = tallies,
						   .told = agent->events.added,
						   .kube_writes = cluster_counts(agent),
						   .otlp = { agent->otlp_counts.sent, agent->otlp_counts.dropped,
							     agent->otlp_counts.retries },
						   .hooks_missing = hooks.missing,
						   .hooks_preceded = hooks.preceded,
						   .shields = agent->shields.up.n,
						   .shields_raised = agent->shields.raised },
		       &reply->text);
	if (r < 0)
		http_fail(reply, HTTP_INTERNAL_ERROR, "out of memory");
	reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
}
