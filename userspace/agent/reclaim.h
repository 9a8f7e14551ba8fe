/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of pairs that count nothing now make room for others, when the table is
 * half full: with four entries to look at, one new pair in sixteen finds no room
 * then. What they had counted stays in the sums.
 *
 * A flow knows its row by number. So a row is retired first, which hides it from
 * whatever is decided anew, and a new generation has all be decided anew; at the
 * next look nothing counts in it any more, and it is freed.
 */
#ifndef WEIR_AGENT_RECLAIM_H
#define WEIR_AGENT_RECLAIM_H

#include <stdbool.h>
#include <stdint.h>

struct agent;

struct reclaim {
	uint64_t *counted; /* packets by row, at the last look; NULL: there was room */
	bool retired;	   /* rows were, at the last look, and a generation has begun since */
};

/* Looks; with seconds between one and the next, in which every packet that was on its way then is through. */
void reclaim_pairs(struct agent *agent);
/* Wipes what an earlier agent had carried and not wiped. */
void reclaim_leftovers(struct agent *agent);
void reclaim_free(struct reclaim *reclaim); /* what it holds */

#endif
