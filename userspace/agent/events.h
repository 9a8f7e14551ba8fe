/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where every event comes together: those that the kernel told of packets and
 * those that the agent makes. Each goes into the history, to the log where it
 * belongs there, to the detectors, and to whoever listens.
 */
#ifndef WEIR_AGENT_EVENTS_H
#define WEIR_AGENT_EVENTS_H

#include "agent/event_log.h"
#include "base/vec.h"
#include "observe/detector.h"
#include "observe/event.h"
#include "observe/history.h"

/* Is told that there are more events. */
struct events_listener {
	void (*heard)(void *data);
	void *data;
};

struct events {
	struct history history;
	struct event_log log;
	struct detector detector;
	VEC(struct events_listener) listeners;
	uint64_t added[EVENT_TYPES_END]; /* ever, by type */
	uint64_t lost;			 /* that nobody could be told of, as EVENT_EVENTS_LOST counts them */
	unsigned followers;		 /* streams that wait for more */
};

/* kept: how many events of packets the history holds. */
void events_init(struct events *events, size_t kept, enum event_log_choice choice);
void events_free(struct events *events); /* what it holds */

/* Takes what the event holds; gives it a time where it has none. events: NULL: it is only logged. */
void events_add(struct events *events, struct event *event);
void events_listen(struct events *events, void (*heard)(void *data), void *data);

#endif
