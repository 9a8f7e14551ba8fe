/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who talks to whom: rows of accounts, by decision and identities, summed by
 * workload. So many pairs have names of their own; what counts for the others
 * is summed as one. Which of the two a row counts for is kept with it in the
 * kernel for as long as it is there, so that no sum ever goes backwards.
 */
#ifndef WEIR_OBSERVE_PAIRS_H
#define WEIR_OBSERVE_PAIRS_H

#include "datapath/datapath.h"
#include "policy/numbering.h"

enum pair_verdict {
	PAIR_ALLOWED,
	PAIR_DENIED,
	PAIR_LIMITED, /* over a limit */
	PAIR_AUDITED, /* passed, but a policy in audit mode would deny it */
	PAIR_VERDICTS,
};

/* As the API and the metrics have it. */
const char *pair_verdict_name(enum pair_verdict verdict);   /* "allowed" */
const char *pair_verdict_metric(enum pair_verdict verdict); /* "pass" */

struct pair {
	const char *source, *destination; /* borrowed from the numberings, or from what is carried */
	struct weir_account by[PAIR_VERDICTS];
};

struct pairs {
	VEC(struct pair) list; /* sorted by source, destination */
	struct weir_account other[PAIR_VERDICTS];
};

/* What rows that are no more had counted. */
struct pair_carried {
	char *source, *destination; /* NULL: of no pair that had a name */
	enum pair_verdict verdict;
	struct weir_account counted;
};
typedef VEC(struct pair_carried) pair_carries;

void pair_carried_free(struct pair_carried *carried); /* what it holds */
void account_add(struct weir_account *sum, const struct weir_account *counted);

/* datapath_pair.series */
enum pair_series {
	PAIR_UNDECIDED,
	PAIR_NAMED,
	PAIR_OTHER,
};

/* What a row of accounts says. False: nothing about a pair. */
bool pair_verdict_of(const struct numberings *numbers, uint64_t tag, enum pair_verdict *ret);
/* Of a decision counter. False: it is none that is known. */
bool pair_verdict_of_counter(const struct numberings *numbers, uint32_t counter, enum pair_verdict *ret);

/*
 * Decides for rows that are new whether they count for a pair with a name, of
 * which there are at most so many, and sums all. The caller frees, and keeps
 * the rows' series.
 */
void pairs_sum(struct datapath_accounts *accounts, const struct numberings *numbers, const pair_carries *carried,
	       size_t most, struct pairs *ret);
void pairs_free(struct pairs *pairs); /* what it holds */

#endif
