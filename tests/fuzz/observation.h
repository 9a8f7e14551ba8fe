/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be seen after a sequence: flows, fragments and every counter. The model and the programs must agree in it.
 */
#ifndef WEIR_TESTS_FUZZ_OBSERVATION_H
#define WEIR_TESTS_FUZZ_OBSERVATION_H

#include <stdint.h>
#include <stdio.h>

#include "fuzz/setting.h"

#define OBSERVED_FLOWS	   256u
#define OBSERVED_FRAGMENTS 96u
#define OBSERVED_ACCOUNTS  512u

/* Ports in host order, an IPv4 address in the last four bytes; no hidden padding. */
struct flow_name {
	uint8_t local[16];
	uint8_t remote[16];
	uint32_t ifindex;
	uint16_t local_port;
	uint16_t remote_port;
	uint8_t family;
	uint8_t table;
	uint8_t protocol;
	uint8_t pad;
};

/* The account of a flow is an index of observation.accounts, or WEIR_ACCOUNT_NONE. */
struct observed_flow {
	struct flow_name name;
	struct weir_flow flow;
};

/* A row of a pair. Which one it is, nobody needs to know. */
struct observed_account {
	uint64_t tag;
	struct weir_account counted;
};

struct observed_fragment {
	struct weir_fragment_key key;
	struct weir_fragment first;
};

struct observation {
	unsigned n_flows, n_fragments;
	struct observed_flow flows[OBSERVED_FLOWS];
	struct observed_fragment fragments[OBSERVED_FRAGMENTS];
	struct weir_counter reasons[WEIR_REASON_MAX * WEIR_DIRECTIONS];
	unsigned n_accounts;
	struct observed_account accounts[OBSERVED_ACCOUNTS];
	uint64_t tallies[WEIR_TALLIES];
	struct weir_bucket buckets[SETTING_BUCKETS];
	struct weir_charged charged[SETTING_BUCKETS];
};

/* Of a key of the flow tables; without the table. */
void observation_name(enum weir_family family, const void *key, struct flow_name *ret);
/* The index of the account of a tag, new where there is none. */
uint32_t observation_account(struct observation *observation, uint64_t tag);
/* Of rows that were read: turns the rows that flows have into indexes. */
void observation_name_accounts(struct observation *observation, const struct weir_pair pairs[SETTING_PAIRS],
			       const struct weir_account counted[SETTING_PAIRS]);
/* Sorts both. Returns how many things differ; each as a line of out, unless that is NULL. */
unsigned observation_differs(struct observation *model, struct observation *program, FILE *out);

#endif
