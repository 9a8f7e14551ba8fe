// SPDX-License-Identifier: BSD-2-Clause
#include "agent/events.h"

#include "base/timestamp.h"

void events_init(struct events *events, size_t kept, enum event_log_choice choice)
{
	*events = (struct events){ .log.choice = choice };
	history_init(&events->history, kept);
	detector_init(&events->detector);
}

void events_free(struct events *events)
{
	history_free(&events->history);
	detector_free(&events->detector);
	vec_free(&events->listeners);
}

void events_listen(struct events *events, void (*heard)(void *data), void *data)
{
	vec_push(&events->listeners, (struct events_listener){ heard, data });
}

static const struct event *add(struct events *events, struct event *event)
{
	event_log(&events->log, event);
	events->added[event->type]++;
	if (event->type == EVENT_EVENTS_LOST)
		events->lost += event->count;
	return history_add(&events->history, event);
}

/* What a packet's event gives away about its sender is an event of its own, told right after it. */
static void detect(struct events *events, const struct event *cause)
{
	struct event found;

	if (!detector_see(&events->detector, cause, &found))
		return;
	found.time = cause->time;
	add(events, &found);
}

void events_add(struct events *events, struct event *event)
{
	const struct event *added;

	if (!event->time)
		event->time = timestamp_now();
	if (!events) {
		event_log(&(struct event_log){}, event);
		event_free(event);
		return;
	}
	added = add(events, event);
	if (event_is_packet(added))
		detect(events, added);
	vec_for_each (listener, &events->listeners)
		listener->heard(listener->data);
}
