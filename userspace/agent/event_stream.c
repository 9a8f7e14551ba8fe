// SPDX-License-Identifier: BSD-2-Clause
#include "agent/event_stream.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/timestamp.h"

struct event_stream {
	struct events *events;
	struct event_filter filter;
	struct event_stream_options options;
	struct history_cursor cursor, end; /* what doesn't follow ends where the history did */
	char *line;			   /* what is to be sent */
	size_t length, sent;
};

static void set_line(struct event_stream *stream, const struct event *event)
{
	json_t *json = event_json(event);
	_cleanup_free_ char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	free(stream->line);
	stream->line = xasprintf("%s\n", text ?: "{}");
	stream->length = strlen(stream->line);
	stream->sent = 0;
}

static void say_lost(struct event_stream *stream, uint64_t lost)
{
	struct event event =
		event_make(EVENT_EVENTS_LOST, "%" PRIu64 " events were overwritten before this reader took them", lost);

	event.time = timestamp_now();
	event.count = lost;
	set_line(stream, &event);
	event_free(&event);
}

static bool is_at_end(const struct event_stream *stream)
{
	for (int kind = 0; kind < HISTORY_KINDS; kind++) {
		if (stream->cursor.at[kind] < stream->end.at[kind])
			return false;
	}
	return !stream->options.follow;
}

/* False: there is none now. */
static bool next_line(struct event_stream *stream)
{
	const uint64_t lost = history_lost(&stream->events->history, &stream->cursor);
	const struct event *event;

	if (lost) {
		say_lost(stream, lost);
		return true;
	}
	while (!is_at_end(stream) && (event = history_next(&stream->events->history, &stream->cursor))) {
		if (!event_filter_matches(&stream->filter, event))
			continue;
		set_line(stream, event);
		return true;
	}
	return false;
}

static ssize_t read_lines(void *data, char *buffer, size_t size)
{
	struct event_stream *stream = data;
	size_t n = 0, part;

	while (n < size && (stream->sent < stream->length || next_line(stream))) {
		part = stream->length - stream->sent < size - n ? stream->length - stream->sent : size - n;
		memcpy(buffer + n, stream->line + stream->sent, part);
		stream->sent += part;
		n += part;
	}
	return n || !stream->options.follow ? (ssize_t)n : -EAGAIN;
}

static void free_stream(void *data)
{
	struct event_stream *stream = data;

	stream->events->followers -= stream->options.follow;
	event_filter_free(&stream->filter);
	free(stream->line);
	free(stream);
}

/* Where the last so many events begin that match. */
static struct history_cursor find_last(const struct event_stream *stream)
{
	const struct history *history = &stream->events->history;
	struct history_cursor found = history_newest(history), cursor = found;
	const struct event *event;
	uint32_t n = 0;

	while (n < stream->options.last && (event = history_previous(history, &cursor))) {
		if (!event_filter_matches(&stream->filter, event))
			continue;
		found = cursor;
		n++;
	}
	return found;
}

int event_stream_open(struct events *events, struct event_filter *filter, const struct event_stream_options *options,
		      struct http_stream *ret)
{
	struct event_stream *stream;

	if (options->follow && events->followers == EVENT_FOLLOWERS_MAX)
		return -EUSERS;
	stream = new0(struct event_stream);
	*stream = (struct event_stream){
		.events = events,
		.filter = *filter,
		.options = *options,
		.cursor = history_oldest(&events->history),
		.end = history_newest(&events->history),
	};
	*filter = (struct event_filter){};
	if (options->by_last)
		stream->cursor = find_last(stream);
	events->followers += options->follow;
	*ret = (struct http_stream){ read_lines, free_stream, stream, options->follow };
	return 0;
}
