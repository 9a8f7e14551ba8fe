// SPDX-License-Identifier: BSD-2-Clause
#include "agent/takeover.h"

#include <string.h>

#include "base/mem.h"

/* Keeps a number that the kernel uses, and whose meaning is lost, from being given to something else. */
static size_t reserve(struct numbering *numbering, uint32_t number)
{
	_cleanup_free_ char *key = NULL;

	if (numbering_key(numbering, number))
		return 0;
	key = xasprintf("lost/%u", number);
	return numbering_restore(numbering, key, number) == 0;
}

static size_t reserve_identities(struct agent *agent)
{
	struct numbering *identities = agent->state.numbers.identities;
	size_t n = 0;

	vec_for_each (address, &agent->addresses.kernel)
		n += reserve(identities, address->identity);
	for (const struct port *port = agent->endpoints.ports; port; port = port->hh.next)
		n += port->has_identity ? reserve(identities, port->entry.identity) : 0;
	return n;
}

/* As long as there are rows of them, their numbers are nobody else's. */
static size_t reserve_pair(struct agent *agent, uint64_t tag)
{
	const struct numberings *numbers = &agent->state.numbers;

	if (!(tag & WEIR_PAIR_USED))
		return 0;
	return reserve(numbers->identities, weir_pair_source(tag)) +
	       reserve(numbers->identities, weir_pair_destination(tag)) +
	       (weir_pair_counter(tag) == WEIR_PAIR_LIMITED ? 0 : reserve(numbers->counters, weir_pair_counter(tag)));
}

static size_t reserve_counters(struct agent *agent)
{
	struct datapath_accounts accounts;
	size_t n = 0;

	if (datapath_read_accounts(agent->datapath, COUNTERS_MAX, &accounts) < 0)
		return 0;
	for (uint32_t i = WEIR_COUNTER_OVERFLOW + 1; i < COUNTERS_MAX; i++)
		n += accounts.decisions[i].packets ? reserve(agent->state.numbers.counters, i) : 0;
	vec_for_each (row, &accounts.pairs)
		n += reserve_pair(agent, row->tag);
	datapath_accounts_free(&accounts);
	return n;
}

/* One per identity or address is never charged itself, but counts. */
static bool bucket_was_used(const struct agent *agent, uint32_t number)
{
	struct weir_charged charged;
	struct weir_bucket bucket;

	return (datapath_read_bucket(agent->datapath, number, &bucket) == 0 && bucket.tat) ||
	       (datapath_read_charged(agent->datapath, number, &charged) == 0 &&
		(charged.passed_packets || charged.dropped_packets));
}

/* Only when the whole file is lost, as each bucket is a system call or two of its own. */
static size_t reserve_buckets(struct agent *agent)
{
	size_t n = 0;

	for (uint32_t i = 0; i < BUCKETS_MAX && agent->state.lost; i++) {
		if (bucket_was_used(agent, i))
			n += reserve(agent->state.numbers.buckets, i);
	}
	return n;
}

static void say_notes(const struct agent *agent)
{
	_cleanup_free_ char *notes = xstrdup(datapath_notes(agent->datapath));
	char *saved = NULL;

	for (const char *note = strtok_r(notes, "\n", &saved); note; note = strtok_r(NULL, "\n", &saved))
		log_info("%s", note);
}

int take_over(struct agent *agent, struct error *error)
{
	size_t lost;
	int r;

	say_notes(agent);
	agent->revision = datapath_revision(agent->datapath);
	agent->revision_before = datapath_revision_before(agent->datapath);
	r = endpoints_load(&agent->endpoints, error);
	if (r < 0)
		return r;
	reclaim_leftovers(agent);
	if (!datapath_took_over(agent->datapath))
		return 0;
	agent->sources.hold = agent->revision != 0;
	r = addresses_load(&agent->addresses, agent->datapath);
	if (r < 0)
		return error_set(error, r, "addresses can't be read from the kernel: %s", strerror(-r));
	log_info("took over from an earlier agent: policy revision %u, %zu addresses, %u interfaces", agent->revision,
		 agent->addresses.kernel.n, HASH_COUNT(agent->endpoints.ports));
	lost = reserve_identities(agent) + reserve_counters(agent) + reserve_buckets(agent);
	if (lost)
		log_warning("%zu numbers in the kernel are not in %s: what has them is closed and decided again", lost,
			    agent->state.path);
	return 0;
}
