/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `weir top` knows: the pairs of services as the agent counts them, and
 * their rates from one reading to the next. Draws nothing and asks nobody.
 */
#ifndef WEIR_CLI_TOP_MODEL_H
#define WEIR_CLI_TOP_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <uthash.h>

#include "base/vec.h"

#define TOP_HISTORY 64 /* readings that are remembered of a pair */

/* What a pair is measured and sorted by. */
enum top_key {
	TOP_PACKETS,	 /* that passed */
	TOP_BYTES,	 /* of those */
	TOP_CONNECTIONS, /* that began */
	TOP_DROPS,	 /* packets denied, or over a limit */
	TOP_KEYS
};

struct top_key_info {
	const char *name;  /* as --sort takes it */
	const char *field; /* in JSON */
	const char *title; /* of a column */
	int letter;	   /* that sorts by it */
};

extern const struct top_key_info top_keys[TOP_KEYS];
enum top_key top_key_by_name(const char *name); /* TOP_KEYS: none */

struct top_rates {
	double of[TOP_KEYS]; /* a second */
};

struct top_pair {
	char *name; /* of both ends, as the pair is looked up */
	char *source, *destination;
	double totals[TOP_KEYS]; /* ever, as last read */
	struct top_rates now;
	struct top_rates history[TOP_HISTORY]; /* a ring; the last one is before history[next] */
	unsigned next, n_history;
	unsigned long seen; /* the reading that it was last in */
	UT_hash_handle hh;
};

struct top_model {
	struct top_pair *pairs; /* by name */
	struct top_rates sum;	/* of all pairs */
	double uptime;		/* the agent's, at the last reading */
	double seconds;		/* that the rates are of; 0: there are none yet */
	unsigned long readings;
};

void top_model_free(struct top_model *model); /* what it holds */

/*
 * Takes an answer of GET /v1/pairs. Rates are since the reading before by the
 * agent's own clock; an agent that began anew gives none, and no total that
 * went back gives a negative one. A pair that isn't told any more is forgotten.
 */
void top_model_take(struct top_model *model, const json_t *answer);

/* How a pair's rate was `ago` readings ago, 0 being now; -1 when nothing is known of that time. */
double top_pair_past(const struct top_pair *pair, enum top_key key, unsigned ago);

typedef VEC(const struct top_pair *) top_list;

/*
 * The pairs that have the filter in one of their names, upper and lower case
 * alike, largest rate first, then most packets, then largest total, then by name. The list is
 * emptied first and valid until the next reading.
 */
void top_model_list(const struct top_model *model, enum top_key key, const char *filter, top_list *list);

#endif
