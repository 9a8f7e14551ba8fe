/* SPDX-License-Identifier: BSD-2-Clause */
/* Events as they are sent, one JSON object a line, out of the history: what is there, and then what comes. */
#ifndef WEIR_AGENT_EVENT_STREAM_H
#define WEIR_AGENT_EVENT_STREAM_H

#include "agent/events.h"
#include "agent/http.h"
#include "observe/event_filter.h"

#define EVENT_FOLLOWERS_MAX 64u

struct event_stream_options {
	bool follow;
	bool by_last;
	uint32_t last; /* the last so many that match, of those that are there */
};

/* Takes the filter over. -EUSERS: too many follow already. */
int event_stream_open(struct events *events, struct event_filter *filter, const struct event_stream_options *options,
		      struct http_stream *ret);

#endif
