/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last events, in a ring each for those of packets and those of the agent,
 * so that no flood of the one pushes the other out. Readers have a cursor each:
 * one that is too slow loses the oldest, is told how many, and holds up nobody.
 */
#ifndef WEIR_OBSERVE_HISTORY_H
#define WEIR_OBSERVE_HISTORY_H

#include <stddef.h>

#include "observe/event.h"

#define HISTORY_OWN 1024u /* events of the agent's own that are kept */

enum history_kind { HISTORY_PACKETS, HISTORY_AGENT, HISTORY_KINDS };

struct history_ring {
	struct event *items; /* number i is items[i % capacity] */
	size_t capacity;
	uint64_t n; /* ever added */
};

struct history {
	struct history_ring rings[HISTORY_KINDS];
	uint64_t sequence;		       /* of the last event */
	uint64_t overwritten[EVENT_TYPES_END]; /* by others, ever, by type */
};

/* Numbers of what comes next in each ring. */
struct history_cursor {
	uint64_t at[HISTORY_KINDS];
};

static inline enum history_kind history_kind(const struct event *event)
{
	return event_is_packet(event) ? HISTORY_PACKETS : HISTORY_AGENT;
}

void history_init(struct history *history, size_t packets); /* how many events of packets are kept */
void history_free(struct history *history);		    /* what it holds */

/* Takes what the event holds, numbers it; the result is good until the next one is added. */
const struct event *history_add(struct history *history, struct event *event);

struct history_cursor history_oldest(const struct history *history);
struct history_cursor history_newest(const struct history *history); /* behind the last event */

/* Takes a cursor over what was overwritten before it was read, and says how much that was. */
uint64_t history_lost(const struct history *history, struct history_cursor *cursor);
/* The next event, oldest first, for a cursor that has lost nothing; NULL: there is none yet. */
const struct event *history_next(const struct history *history, struct history_cursor *cursor);
/* The one before, likewise; NULL: there is none any more. */
const struct event *history_previous(const struct history *history, struct history_cursor *cursor);

#endif
