/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes to the limits in force, looked at once a second: the rates, and
 * when one begins to drop and when it stops. One that drops now and then is one
 * bite, over when nothing was dropped for a while.
 */
#ifndef WEIR_AGENT_LIMIT_WATCH_H
#define WEIR_AGENT_LIMIT_WATCH_H

#include <time.h>

#include "agent/events.h"
#include "datapath/datapath.h"
#include "policy/compile.h"

#define LIMIT_WATCH_MS	   1000
#define LIMIT_WATCH_CALM_S 10 /* without a drop: it has stopped */

/* A second, of the limit's own unit. */
struct limit_rates {
	double offered, delivered, dropped;
};

struct limit_bite {
	bool bites;
	uint64_t began_ns, last_ns; /* of the monotonic clock */
	time_t since;		    /* when it began */
	uint64_t packets;	    /* dropped since it began; of an audited limit: that would have been */
};

struct watched_limit {
	uint32_t bucket;
	struct rule_ref rule; /* its own */
	char *name;	      /* "limit 1000 packetsPerSecond of TrafficPolicy shop/backend rule from-frontend" */
	bool audit;
	enum limit_unit unit;
	uint64_t rate_milli;
	struct weir_charged charged; /* when it was looked at last */
	bool is_new;		     /* it was looked at for the first time */
	bool has_rates;
	struct limit_rates rates;
	struct limit_bite bite;
};

struct limit_watch {
	struct events *events;		/* that are told of it; NULL: only the log is */
	VEC(struct watched_limit) list; /* by bucket */
	uint64_t taken_ns;
	uint64_t bites; /* that have begun, ever */
	uint64_t biting;
	unsigned n_said; /* in this second */
};

/* Looks. compiled: the policy in force, or NULL. What can't be read leaves things as they were. */
void limit_watch_run(struct limit_watch *watch, struct datapath *datapath, const struct compiled *compiled);
/* The same with what was found: charged has an item for each bucket up to the last limit's. */
void limit_watch_take(struct limit_watch *watch, const struct compiled *compiled, const struct weir_charged *charged,
		      uint64_t now_ns);
const struct watched_limit *limit_watch_find(const struct limit_watch *watch, uint32_t bucket);
void limit_watch_free(struct limit_watch *watch); /* what it holds */

#endif
