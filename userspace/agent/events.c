// SPDX-License-Identifier: BSD-2-Clause
#include "agent/events.h"

#include "base/cleanup.h"

void events_add(struct events *events, struct event *event)
{
	_cleanup_free_ char *message = event_message(event);

	if (!event_is_packet(event))
		log_write(event_severity(event->type), "%s", message);
	event_free(event);
}
