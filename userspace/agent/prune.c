// SPDX-License-Identifier: BSD-2-Clause
#include "agent/prune.h"

#include <string.h>

#include "base/mem.h"
#include "weir/maps.h"

#define PATIENCE_S	 600u
#define PATIENCE_SHORT_S 10u /* where less than a quarter of the numbers is free */

static uint64_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

/* One numbering's turn. */
struct turn {
	struct agent *agent;
	struct numbering *numbering;
	bool *used;
	bool (*release)(void *data, uint32_t number); /* data: the agent */
};

static void use(const struct turn *turn, uint32_t number)
{
	if (number < numbering_end(turn->numbering))
		turn->used[number] = true;
}

static void use_identities(const struct turn *turn)
{
	const struct agent *agent = turn->agent;

	vec_for_each (info, &agent->compiled->identities)
		use(turn, info->identity);
	vec_for_each (retained, &agent->compiled->retained)
		use(turn, *retained);
	vec_for_each (address, &agent->addresses.kernel)
		use(turn, address->identity);
	for (const struct port *port = agent->endpoints.ports; port; port = port->hh.next) {
		if (port->has_identity)
			use(turn, port->entry.identity);
	}
}

static void use_counters(const struct turn *turn)
{
	vec_for_each (decision, &turn->agent->compiled->decisions)
		use(turn, decision->counter);
}

static void use_buckets(const struct turn *turn)
{
	vec_for_each (limit, &turn->agent->compiled->limits)
		use(turn, limit->bucket);
}

static bool release_counter(void *data, uint32_t number)
{
	struct agent *agent = data;
	struct weir_counter counter;

	if (datapath_read_decision(agent->datapath, number, &counter) < 0 ||
	    datapath_clear_decision(agent->datapath, number) < 0)
		return false;
	ledger_forget_counter(&agent->ledger, number, counter.packets);
	return true;
}

static bool is_held(struct agent *agent, uint32_t bucket)
{
	_cleanup_free_ uint64_t *open = NULL;

	if (!agent->sweeper.counts.held)
		return false;
	open = xcalloc(bucket + 1, sizeof(*open));
	return datapath_read_open(agent->datapath, bucket + 1, open) < 0 || open[bucket];
}

static bool release_bucket(void *data, uint32_t number)
{
	struct agent *agent = data;
	struct weir_charged charged;

	/* A silent connection gives its slot back when it expires: till then the number is the old limit's. */
	if (is_held(agent, number))
		return false;
	if (datapath_read_charged(agent->datapath, number, &charged) < 0 ||
	    datapath_clear_bucket(agent->datapath, number) < 0)
		return false;
	ledger_forget_bucket(&agent->ledger, number, &charged);
	return true;
}

static uint64_t patience(const struct numbering *numbering, bool any)
{
	if (any)
		return 0;
	return numbering_count(numbering) > numbering_room(numbering) / 4 * 3 ? PATIENCE_SHORT_S : PATIENCE_S;
}

static size_t prune_one(struct turn *turn, void (*use_all)(const struct turn *turn), bool any)
{
	_cleanup_free_ bool *used = xcalloc(numbering_end(turn->numbering) + 1, sizeof(*used));

	turn->used = used;
	use_all(turn);
	return numbering_prune(turn->numbering, &(struct numbering_prune){ .used = used,
									   .now = seconds_now(),
									   .patience = patience(turn->numbering, any),
									   .release = turn->release,
									   .data = turn->agent });
}

static bool bucket_is_used(void *numbering, uint32_t bucket)
{
	return numbering_key(numbering, bucket);
}

static size_t prune_buckets(struct agent *agent, bool any)
{
	struct numbering *buckets = agent->state.numbers.buckets;
	size_t n = prune_one(&(struct turn){ .agent = agent, .numbering = buckets, .release = release_bucket },
			     use_buckets, any);
	int r = n ? datapath_prune_sources(agent->datapath, bucket_is_used, buckets) : 0;

	if (r < 0)
		log_warning("sources of limits that are gone can't be forgotten: %s", strerror(-r));
	return n;
}

static void prune(struct agent *agent, bool any)
{
	const struct numberings *numbers = &agent->state.numbers;
	size_t n;

	if (!agent->compiled)
		return;
	n = prune_one(&(struct turn){ .agent = agent, .numbering = numbers->identities }, use_identities, any) +
	    prune_one(&(struct turn){ .agent = agent, .numbering = numbers->counters, .release = release_counter },
		      use_counters, any) +
	    prune_buckets(agent, any);
	if (!n)
		return;
	ledger_trim(&agent->ledger);
	log_debug("%zu numbers of identities, counters and buckets are free again", n);
}

void prune_idle(struct agent *agent)
{
	prune(agent, false);
}

void prune_all(struct agent *agent)
{
	prune(agent, true);
}
