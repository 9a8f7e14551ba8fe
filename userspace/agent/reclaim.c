// SPDX-License-Identifier: BSD-2-Clause
#include "agent/reclaim.h"

#include <stdlib.h>
#include <string.h>

#include "agent/pairs.h"
#include "base/mem.h"

#define NEW_ROW	    UINT64_MAX /* of reclaim.counted */
#define WORTH_PART  16u	       /* of the table: for less, all flows are not decided anew */
#define AT_ONCE_MAX 4096u      /* each costs a system call */

static bool is_retired(const struct datapath_pair *row)
{
	return row->tag & WEIR_PAIR_RETIRED;
}

/* --- the second look: what was retired is freed --- */

static int wipe_retired(struct agent *agent, const struct datapath_accounts *accounts, size_t *ret_n)
{
	size_t n = 0;
	int r = 0;

	vec_for_each (row, &accounts->pairs) {
		if (!is_retired(row))
			continue;
		r = datapath_free_pair(agent->datapath, row->row) ?: r;
		n++;
	}
	*ret_n = n;
	return r;
}

static void free_retired(struct agent *agent)
{
	struct pairs_reading reading;
	struct error error = {};
	size_t n = 0;
	int r = pairs_read(agent, &reading);

	if (r < 0) {
		log_warning("rows of idle pairs are kept: counters can't be read: %s", strerror(-r));
		return;
	}
	vec_for_each (row, &reading.accounts.pairs) {
		if (is_retired(row))
			pairs_carry(agent, row);
	}
	ledger_trim(&agent->ledger);
	if (agent->state.path && state_save(&agent->state, &error) < 0)
		log_warning("%s", error.text);
	r = wipe_retired(agent, &reading.accounts, &n);
	if (r < 0)
		log_warning("rows of idle pairs can't be wiped: %s", strerror(-r));
	ledger_rows_wiped(&agent->ledger);
	pairs_reading_free(&reading);
	agent->reclaim.retired = false;
	log_debug("%zu rows of idle pairs are free again", n);
}

/* --- the first one: what is idle is retired --- */

/* Rows that have counted nothing since the last look. */
static size_t find_idle(struct reclaim *reclaim, const struct datapath_accounts *accounts, bool *idle)
{
	size_t n = 0;

	vec_for_each (row, &accounts->pairs) {
		const uint64_t before = reclaim->counted[row->row];

		reclaim->counted[row->row] = row->counted.packets;
		idle[row->row] = n < AT_ONCE_MAX && before == row->counted.packets;
		n += idle[row->row];
	}
	return n;
}

/* What is on disk of rows that were wiped must not be taken for these. */
static bool forget_wiped(struct agent *agent)
{
	struct error error = {};

	if (!agent->state.path || state_save(&agent->state, &error) == 0)
		return true;
	log_warning("%s", error.text);
	return false;
}

static void retire(struct agent *agent, const struct datapath_accounts *accounts, const bool *idle)
{
	vec_for_each (row, &accounts->pairs) {
		if (!idle[row->row])
			continue;
		datapath_retire_pair(agent->datapath, row->row);
		agent->reclaim.counted[row->row] = NEW_ROW;
	}
	datapath_new_generation(agent->datapath);
	agent->reclaim.retired = true;
}

static void retire_idle(struct agent *agent, uint32_t capacity)
{
	_cleanup_free_ bool *idle = xcalloc(capacity, sizeof(*idle));
	struct datapath_accounts accounts;

	if (!agent->reclaim.counted) {
		agent->reclaim.counted = xcalloc(capacity, sizeof(*agent->reclaim.counted));
		memset(agent->reclaim.counted, 0xff, capacity * sizeof(*agent->reclaim.counted));
	}
	if (datapath_read_accounts(agent->datapath, 0, &accounts) < 0)
		return;
	if (find_idle(&agent->reclaim, &accounts, idle) >= (capacity + WORTH_PART - 1) / WORTH_PART &&
	    forget_wiped(agent))
		retire(agent, &accounts, idle);
	datapath_accounts_free(&accounts);
}

void reclaim_pairs(struct agent *agent)
{
	const uint32_t capacity = agent->config->capacities.pairs;
	struct datapath_pairs_fill fill;

	datapath_pairs_fill(agent->datapath, &fill);
	if (agent->reclaim.retired) {
		free_retired(agent);
	} else if (fill.retired) { /* an earlier agent's */
		datapath_new_generation(agent->datapath);
		agent->reclaim.retired = true;
	} else if (fill.used >= capacity / 2) {
		retire_idle(agent, capacity);
	} else {
		reclaim_free(&agent->reclaim);
	}
}

void reclaim_leftovers(struct agent *agent)
{
	vec_for_each (one, &agent->ledger.leaving) {
		if (datapath_pair_has(agent->datapath, one->row, one->tag) &&
		    datapath_free_pair(agent->datapath, one->row) < 0)
			log_warning("row %u of pairs can't be wiped and counts twice", one->row);
	}
	ledger_rows_wiped(&agent->ledger);
}

void reclaim_free(struct reclaim *reclaim)
{
	free(TAKE_PTR(reclaim->counted));
}
