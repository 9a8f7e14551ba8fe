/* SPDX-License-Identifier: BSD-2-Clause */
/* Events in the agent's log: its own always, those of packets when asked for, and no more of these than a reader takes.
 */
#ifndef WEIR_AGENT_EVENT_LOG_H
#define WEIR_AGENT_EVENT_LOG_H

#include "observe/event.h"

#define EVENT_LOG_RATE 100u /* events of packets that are logged a second */

/* Of packets. */
enum event_log_choice { EVENT_LOG_OFF, EVENT_LOG_DENIED, EVENT_LOG_ALL };

struct event_log {
	enum event_log_choice choice;
	uint64_t second; /* of the count: */
	unsigned logged;
	uint64_t withheld; /* since the last one that was logged */
};

/* Whether an event is one of those: the agent's own always are. */
bool event_log_chooses(enum event_log_choice choice, const struct event *event);
/* Whether an event goes to the log. *ret_withheld: how many before it did not, for being too many. */
bool event_log_takes(struct event_log *log, const struct event *event, uint64_t *ret_withheld);
void event_log(struct event_log *log, const struct event *event);

#endif
