/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where every event of the agent comes together: those that the kernel told of
 * packets and those that the agent makes. Each goes into the history, to the
 * log where it belongs there, and to whoever listens.
 */
#ifndef WEIR_AGENT_EVENTS_H
#define WEIR_AGENT_EVENTS_H

#include "observe/event.h"

struct events;

/* Takes what the event holds; gives it a time where it has none. events: NULL: it is only logged. */
void events_add(struct events *events, struct event *event);

#endif
