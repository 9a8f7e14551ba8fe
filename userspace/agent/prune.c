// SPDX-License-Identifier: BSD-2-Clause
#include "agent/prune.h"

#include <stdlib.h>
#include <string.h>

#include "agent/pairs.h"
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
	struct numbering *numbering;
	uint32_t n;	  /* numbering_end(), before anything is freed */
	bool *used, *due; /* by number */
	size_t n_due;
};

enum turns { IDENTITIES, COUNTERS, BUCKETS, TURNS };

struct pruning {
	struct agent *agent;
	struct turn turns[TURNS];
	struct pairs_reading reading; /* before anything is freed */
};

static void use(const struct turn *turn, uint32_t number)
{
	if (number < turn->n)
		turn->used[number] = true;
}

static void use_identities(const struct agent *agent, const struct turn *turn)
{
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

/* A silent connection gives its slot back when it expires: till then the number is its limit's. */
static void use_held(const struct agent *agent, const struct turn *turn)
{
	_cleanup_free_ uint64_t *open = NULL;

	if (!agent->sweeper.counts.held)
		return;
	open = xcalloc(turn->n + 1, sizeof(*open));
	datapath_read_open(agent->datapath, turn->n, open);
	for (uint32_t bucket = 0; bucket < turn->n; bucket++) {
		if (open[bucket])
			use(turn, bucket);
	}
}

static void use_all(const struct pruning *pruning)
{
	const struct agent *agent = pruning->agent;

	use_identities(agent, &pruning->turns[IDENTITIES]);
	vec_for_each (decision, &agent->compiled->decisions)
		use(&pruning->turns[COUNTERS], decision->counter);
	vec_for_each (limit, &agent->compiled->limits)
		use(&pruning->turns[BUCKETS], limit->bucket);
	use_held(agent, &pruning->turns[BUCKETS]);
}

static uint64_t patience(const struct numbering *numbering, bool any)
{
	if (any)
		return 0;
	return numbering_count(numbering) > numbering_room(numbering) / 4 * 3 ? PATIENCE_SHORT_S : PATIENCE_S;
}

/* How many numbers are due. */
static size_t begin(struct agent *agent, bool any, struct pruning *ret)
{
	const struct numberings *numbers = &agent->state.numbers;
	struct numbering *const numberings[TURNS] = { numbers->identities, numbers->counters, numbers->buckets };
	size_t n = 0;

	*ret = (struct pruning){ .agent = agent };
	for (int i = 0; i < TURNS; i++) {
		struct turn *turn = &ret->turns[i];

		turn->numbering = numberings[i];
		turn->n = numbering_end(turn->numbering);
		turn->used = xcalloc(turn->n + 1, sizeof(*turn->used));
		turn->due = xcalloc(turn->n + 1, sizeof(*turn->due));
	}
	use_all(ret);
	for (int i = 0; i < TURNS; i++) {
		struct turn *turn = &ret->turns[i];
		const struct numbering_prune prune = { turn->used, seconds_now(), patience(turn->numbering, any) };

		turn->n_due = numbering_due(turn->numbering, &prune, turn->due);
		n += turn->n_due;
	}
	return n;
}

static void end(struct pruning *pruning)
{
	for (int i = 0; i < TURNS; i++) {
		free(pruning->turns[i].used);
		free(pruning->turns[i].due);
	}
	pairs_reading_free(&pruning->reading);
}

static bool is_due(const struct turn *turn, uint32_t number)
{
	return number < turn->n && turn->due[number];
}

static bool row_is_due(const struct pruning *pruning, uint64_t tag)
{
	return is_due(&pruning->turns[COUNTERS], weir_pair_counter(tag)) ||
	       is_due(&pruning->turns[IDENTITIES], weir_pair_source(tag)) ||
	       is_due(&pruning->turns[IDENTITIES], weir_pair_destination(tag));
}

/* --- what they had counted --- */

static void carry_decision(struct agent *agent, uint32_t counter, const struct weir_account *counted)
{
	struct pair_carried carried = { .counted = *counted };

	ledger_carry_counter(&agent->ledger, counter, counted->packets);
	if (pair_verdict_of_counter(&agent->state.numbers, counter, &carried.verdict))
		ledger_carry_pair(&agent->ledger, &carried);
}

static void carry_counters(const struct pruning *pruning)
{
	const struct turn *turn = &pruning->turns[COUNTERS];
	const struct datapath_accounts *accounts = &pruning->reading.accounts;

	vec_for_each (row, &accounts->pairs) {
		if (row_is_due(pruning, row->tag))
			pairs_carry(pruning->agent, row);
	}
	for (uint32_t number = 0; number < accounts->n_decisions; number++) {
		if (is_due(turn, number))
			carry_decision(pruning->agent, number, &accounts->decisions[number]);
	}
}

static void carry_bucket(struct agent *agent, uint32_t bucket)
{
	struct weir_charged charged;

	/* What can't be read was never used. */
	if (datapath_read_charged(agent->datapath, bucket, &charged) == 0)
		ledger_forget_bucket(&agent->ledger, bucket, &charged);
}

/* --- freeing --- */

static void forget(const struct pruning *pruning, enum turns which)
{
	const struct turn *turn = &pruning->turns[which];
	struct agent *agent = pruning->agent;

	for (uint32_t number = 0; number < turn->n; number++) {
		if (!turn->due[number])
			continue;
		if (which == COUNTERS)
			ledger_forget_counter(&agent->ledger, number);
		else if (which == BUCKETS)
			carry_bucket(agent, number);
		numbering_forget(turn->numbering, number);
	}
}

static bool bucket_is_used(void *numbering, uint32_t bucket)
{
	return numbering_key(numbering, bucket);
}

/* In the kernel. A row or bucket that can't be wiped is as it was for the next one to have its number. */
static int wipe(const struct pruning *pruning)
{
	const struct turn *counters = &pruning->turns[COUNTERS], *buckets = &pruning->turns[BUCKETS];
	struct datapath *datapath = pruning->agent->datapath;
	int r = 0;

	vec_for_each (row, &pruning->reading.accounts.pairs) {
		if (row_is_due(pruning, row->tag))
			r = datapath_free_pair(datapath, row->row) ?: r;
	}
	for (uint32_t number = 0; counters->n_due && number < pruning->reading.accounts.n_decisions; number++) {
		if (counters->due[number])
			r = datapath_clear_decision(datapath, number) ?: r;
	}
	if (!buckets->n_due)
		return r;
	for (uint32_t number = 0; number < buckets->n; number++) {
		if (buckets->due[number])
			r = datapath_clear_bucket(datapath, number) ?: r;
	}
	return datapath_prune_sources(datapath, bucket_is_used, buckets->numbering) ?: r;
}

static void free_numbers(struct pruning *pruning)
{
	struct agent *agent = pruning->agent;
	struct error error = {};
	int r = pairs_read(agent, &pruning->reading);

	if (r < 0) {
		log_warning("numbers that nothing uses are kept: counters can't be read: %s", strerror(-r));
		return;
	}
	carry_counters(pruning);
	for (enum turns which = 0; which < TURNS; which++)
		forget(pruning, which);
	ledger_trim(&agent->ledger);
	ledger_trim_pairs(&agent->ledger, agent->state.numbers.identities);
	/* A crash between the two leaves numbers in the kernel that nobody has, and nothing uncounted or counted twice.
	 */
	if (agent->state.path && state_save(&agent->state, &error) < 0)
		log_warning("%s", error.text);
	r = wipe(pruning);
	ledger_rows_wiped(&agent->ledger);
	if (r < 0)
		log_warning("counters and buckets that are gone can't be wiped: %s", strerror(-r));
}

static void prune(struct agent *agent, bool any)
{
	struct pruning pruning;
	size_t n;

	if (!agent->compiled)
		return;
	n = begin(agent, any, &pruning);
	if (n)
		free_numbers(&pruning);
	end(&pruning);
	if (n)
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
