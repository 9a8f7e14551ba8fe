/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two compiled policies -> the connections that one allows, or only audits, and
 * the other doesn't. Pods and addresses that both policies take for the same are one row,
 * so the work follows the policies, not the number of pods.
 */
#ifndef WEIR_POLICY_DIFF_H
#define WEIR_POLICY_DIFF_H

#include "policy/compile.h"

struct policy_view {
	const struct world *world;
	const struct compiled *compiled;
};

/* One end of a row: a pod, or an address that is nobody's, and how many more are like it. */
struct diff_end {
	const struct object *pod; /* of the world after; NULL: an address */
	struct addr addr;
	size_t n_alike; /* this one included */
};

/* Of both sides of a connection together: the first of these that one of them says. */
enum diff_verdict {
	DIFF_DENY,
	DIFF_AUDIT, /* it passes, and an audited policy would deny it */
	DIFF_ALLOW,
	DIFF_VERDICTS,
};

const char *diff_verdict_name(enum diff_verdict verdict); /* "deny", "audit", "allow" */

enum diff_side { DIFF_BEFORE, DIFF_AFTER, DIFF_SIDES };

struct diff_row {
	struct diff_end from, to;
	enum diff_verdict verdict[DIFF_SIDES];
	VEC(char *) policies[DIFF_SIDES]; /* that decide; none: nobody isolates either end */
	char *ports;			  /* "TCP/80, UDP/53-54", "ICMP and others", or "everything" */
};

struct diff {
	VEC(struct diff_row) rows;
	uint64_t n_more;		     /* rows beyond the limit */
	size_t n_pods_added, n_pods_removed; /* which are in one world only, so have no row */
	bool complete;			     /* false: the time was up before all was compared */
};

struct diff_limits {
	size_t rows;
	unsigned ms;
};

/* The result borrows pods from after's world. */
void diff_policies(const struct policy_view *before, const struct policy_view *after, const struct diff_limits *limits,
		   struct diff *ret);
void diff_free(struct diff *diff); /* what it holds */

#endif
