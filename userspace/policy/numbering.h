/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stable small numbers for keys: the same key has the same number for as long
 * as it is known, across policy changes and agent restarts. Identities,
 * decision counters and token buckets are numbered so, because flow entries
 * and counters in the kernel refer to them by number. A key that nothing has
 * used for a while is forgotten, and its number given to another one.
 */
#ifndef WEIR_POLICY_NUMBERING_H
#define WEIR_POLICY_NUMBERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct numbering;

/* Numbers from first up to limit - 1. */
struct numbering *numbering_new(uint32_t first, uint32_t limit);
void numbering_free(struct numbering *numbering);
DEFINE_CLEANUP(struct numbering, numbering_free);

/* The key's number, given now if it has none; overflow when all numbers are taken. */
uint32_t numbering_get(struct numbering *numbering, const char *key, uint32_t overflow);
bool numbering_find(const struct numbering *numbering, const char *key, uint32_t *ret);
const char *numbering_key(const struct numbering *numbering, uint32_t number); /* NULL when not given */

/*
 * What the number is called, for people: kept with it, and the first one stays.
 * NULL when it has none yet.
 */
const char *numbering_title(const struct numbering *numbering, uint32_t number);
void numbering_set_title(struct numbering *numbering, uint32_t number, const char *title);

/* Takes over a number given in an earlier life. -EEXIST when the key or the number is taken, -ERANGE outside. */
int numbering_restore(struct numbering *numbering, const char *key, uint32_t number);

size_t numbering_count(const struct numbering *numbering);
uint32_t numbering_room(const struct numbering *numbering); /* how many it can give in all */
uint32_t numbering_end(const struct numbering *numbering);  /* one past the highest number given */
/* Grows by one with every number that is given, called something or freed: tells whether the numbers on disk are the
 * newest. */
uint64_t numbering_changes(const struct numbering *numbering);

struct numbering_prune {
	const bool *used; /* by number, as many as numbering_end() */
	uint64_t now;	  /* seconds of a clock that doesn't go back */
	uint64_t patience;
};

/*
 * Says by number, as many as numbering_end(), which ones were unused in every
 * call since one that is `patience` ago. Gives back how many these are.
 */
size_t numbering_due(struct numbering *numbering, const struct numbering_prune *prune, bool *ret_due);
/* Frees a number that has been given. */
void numbering_forget(struct numbering *numbering, uint32_t number);

/* The three numberings that the kernel's state refers to. */
struct numberings {
	struct numbering *identities; /* key: namespace, labels, service account and named ports; see identity.c */
	struct numbering *counters;   /* key: a decision's verdict and rules */
	struct numbering *buckets;    /* key: a limit's policy, rule and index */
};

#define COUNTERS_MAX   65536u
#define BUCKETS_MAX    65536u
#define IDENTITIES_MAX (1u << 20)

void numberings_init(struct numberings *numberings);
void numberings_free(struct numberings *numberings); /* what it holds */

#endif
