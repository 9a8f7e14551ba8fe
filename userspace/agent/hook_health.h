/* SPDX-License-Identifier: BSD-2-Clause */
/* How it is with weir's programs on one interface; hooks.h looks. */
#ifndef WEIR_AGENT_HOOK_HEALTH_H
#define WEIR_AGENT_HOOK_HEALTH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Bits: which of them is missing. */
enum hook_part { HOOK_FROM_POD = 1, HOOK_TO_POD = 2, HOOK_AT_XDP = 4 };
#define HOOK_PARTS_TC (HOOK_FROM_POD | HOOK_TO_POD)

/* Somebody who takes them off whenever they are there must not keep the agent busy. */
#define REPAIRS_AT_ONCE	  5
#define REPAIRS_WINDOW_MS 60000
#define REPAIRS_PAUSE_MS  10000 /* from one to the next when there were so many within the window */

struct repairs {
	uint64_t since, last; /* ms */
	unsigned n;
};

struct hook_health {
	unsigned missing; /* enum hook_part, as it was told */
	uint64_t whole;	  /* ms: nothing was missing then */
	struct repairs repairs;
	char *ahead;  /* who runs before ours, and where; NULL: nobody */
	bool touched; /* something has happened there */
};

/* Whether it is time to put a program back, and notes that it is done. */
bool repairs_take(struct repairs *repairs, uint64_t now);

static inline void hook_health_free(struct hook_health *health)
{
	free(health->ahead);
}

#endif
