// SPDX-License-Identifier: BSD-2-Clause
#include "agent/pairs.h"

#include "policy/workload.h"

int pairs_read(struct agent *agent, struct pairs_reading *ret)
{
	const struct numberings *numbers = &agent->state.numbers;
	struct pairs_reading reading = {};
	int r = datapath_read_accounts(agent->datapath, numbering_end(numbers->counters), &reading.accounts);

	if (r < 0)
		return r;
	pairs_sum(&reading.accounts, numbers, &agent->ledger.pairs, agent->config->pair_series, &reading.pairs);
	vec_for_each (row, &reading.accounts.pairs)
		datapath_mark_pair(agent->datapath, row->row, row->series);
	*ret = reading;
	return 0;
}

void pairs_reading_free(struct pairs_reading *reading)
{
	datapath_accounts_free(&reading->accounts);
	pairs_free(&reading->pairs);
}

void pairs_carry(struct agent *agent, const struct datapath_pair *row)
{
	const struct numberings *numbers = &agent->state.numbers;
	const bool named = row->series == PAIR_NAMED;
	struct pair_carried carried = {
		.source = named ? (char *)workload_of(numbers->identities, weir_pair_source(row->tag)) : NULL,
		.destination = named ? (char *)workload_of(numbers->identities, weir_pair_destination(row->tag)) : NULL,
		.counted = row->counted,
	};

	ledger_carry_row(&agent->ledger, row->row, row->tag);
	ledger_carry_counter(&agent->ledger, weir_pair_counter(row->tag), row->counted.packets);
	if (pair_verdict_of(numbers, row->tag, &carried.verdict))
		ledger_carry_pair(&agent->ledger, &carried);
}

void pairs_decisions(const struct datapath_accounts *accounts, struct weir_counter *ret)
{
	for (uint32_t i = 0; i < accounts->n_decisions; i++)
		ret[i] = (struct weir_counter){ accounts->decisions[i].packets, accounts->decisions[i].bytes };
	vec_for_each (row, &accounts->pairs) {
		const uint32_t counter = weir_pair_counter(row->tag);

		if (!(row->tag & WEIR_PAIR_USED) || counter >= accounts->n_decisions)
			continue;
		ret[counter].packets += row->counted.packets;
		ret[counter].bytes += row->counted.bytes;
	}
}
