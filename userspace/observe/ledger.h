/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose packets a decision counter or a token bucket counts. Numbers are given
 * once and for all (policy/numbering.h), so what was learnt of one holds also
 * when its rule is no longer in the image: its series stays, and stands still.
 */
#ifndef WEIR_OBSERVE_LEDGER_H
#define WEIR_OBSERVE_LEDGER_H

#include "policy/compile.h"

/* The labels of one number, as series_labels() makes them. */
struct ledger_account {
	VEC(char *) labels; /* one per rule that had a say; none: not known yet */
	bool audit;	    /* a bucket that only counts what is over its limit */
};

struct ledger {
	VEC(struct ledger_account) counters; /* by counter number */
	VEC(struct ledger_account) buckets;  /* by bucket number, one label text each */
};

/* Learns the counters and buckets of a compiled policy. */
void ledger_learn(struct ledger *ledger, const struct compiled *compiled);
void ledger_free(struct ledger *ledger); /* what it holds */

#endif
