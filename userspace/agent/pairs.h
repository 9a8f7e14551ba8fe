/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel has counted by decision and pair, read and summed. */
#ifndef WEIR_AGENT_PAIRS_H
#define WEIR_AGENT_PAIRS_H

#include "agent/core.h"
#include "observe/pairs.h"

struct pairs_reading {
	struct datapath_accounts accounts;
	struct pairs pairs;
};

int pairs_read(struct agent *agent, struct pairs_reading *ret);
void pairs_reading_free(struct pairs_reading *reading); /* what it holds */
/* Of a row that is to be freed: what it had counted stays in the sums of its decision and its pair. */
void pairs_carry(struct agent *agent, const struct datapath_pair *row);
/* What a decision has counted, in all rows. */
void pairs_decisions(const struct datapath_accounts *accounts, struct weir_counter *ret);

#endif
