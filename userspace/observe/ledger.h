/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose packets a decision counter or a token bucket counts. What was learnt of
 * a number holds for as long as its key has it (policy/numbering.h), also when
 * its rule is no longer in the image: its series stays, and stands still. When
 * the number is freed, what it counted is carried over to those that count for
 * the same series, so that none goes backwards; a series that nobody counts for
 * any more ends.
 */
#ifndef WEIR_OBSERVE_LEDGER_H
#define WEIR_OBSERVE_LEDGER_H

#include <jansson.h>
#include <stdio.h>

#include "observe/pairs.h"
#include "policy/compile.h"
#include "weir/maps.h"

/* The labels of one number, as series_labels() makes them. */
struct ledger_account {
	VEC(char *) labels; /* one per rule that had a say; none: not known yet */
	bool audit;	    /* a bucket that only counts what is over its limit */
	bool caps;	    /* a bucket of a limit on open connections */
};

typedef VEC(struct ledger_account) ledger_accounts;

/* What freed numbers had counted for a series. */
struct ledger_carried {
	char *labels;
	uint64_t packets;
	uint64_t passed; /* a bucket's: packets within the limit */
	uint64_t marked, paced;
	bool audit;
};

typedef VEC(struct ledger_carried) ledger_carries;

/* A row of pairs whose counts are carried, and that is to be wiped: if it is still there, it counts twice. */
struct ledger_row {
	uint32_t row;
	uint64_t tag;
};

struct ledger {
	ledger_accounts counters;	 /* by counter number */
	ledger_accounts buckets;	 /* by bucket number, one label text each */
	pair_carries pairs;		 /* of rows of pairs that were freed */
	VEC(struct ledger_row) leaving;	 /* these rows, until they are wiped */
	ledger_carries counted, dropped; /* of freed counters, and of freed buckets; by labels after ledger_trim() */
	uint64_t changes;		 /* grows with whatever is carried, or no more */
};

/* Learns the counters and buckets of a compiled policy, and has the numberings remember what they are called. */
void ledger_learn(struct ledger *ledger, const struct compiled *compiled, struct numberings *numbers);
/* Learns them from the numberings, as an earlier agent left them. */
void ledger_recall(struct ledger *ledger, const struct numberings *numbers);
/* Packets that the counter had counted in a row that is no more. */
void ledger_carry_counter(struct ledger *ledger, uint32_t counter, uint64_t packets);
/* The same of a pair; without names, of those that are summed as one. */
void ledger_carry_pair(struct ledger *ledger, const struct pair_carried *carried);
void ledger_carry_row(struct ledger *ledger, uint32_t row, uint64_t tag);
/* What was carried is wiped where it was counted first. */
void ledger_rows_wiped(struct ledger *ledger);
/* The number means nothing any more. */
void ledger_forget_counter(struct ledger *ledger, uint32_t counter);
void ledger_forget_bucket(struct ledger *ledger, uint32_t bucket, const struct weir_charged *charged);
/* Ends the series that nobody counts for. To be called after the last of several that are forgotten. */
void ledger_trim(struct ledger *ledger);
/* Likewise of the pairs of workloads that no identity has any more. */
void ledger_trim_pairs(struct ledger *ledger, const struct numbering *identities);
/* What is carried, a line of JSON each; gives back how many. */
size_t ledger_write(const struct ledger *ledger, FILE *out);
/* As if nothing had ever been freed. */
void ledger_forget_carried(struct ledger *ledger);
/* Takes in such a line; -EBADMSG when it is none. */
int ledger_read(struct ledger *ledger, json_t *row);
void ledger_free(struct ledger *ledger); /* what it holds */

#endif
