// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "agent/api.h"
#include "agent/event_stream.h"
#include "agent/packet_events.h"
#include "base/timestamp.h"

static int read_bool(const struct http_request *request, const char *name, bool *ret, struct error *error)
{
	const char *text = http_query(request, name);

	if (!text || strcmp(text, "false") == 0)
		*ret = false;
	else if (strcmp(text, "true") == 0)
		*ret = true;
	else
		return error_set(error, -EINVAL, "%s: \"%s\" is neither true nor false", name, text);
	return 0;
}

static int read_last(const struct http_request *request, struct event_stream_options *options, struct error *error)
{
	const char *text = http_query(request, "last");
	unsigned long last;
	char *end;

	if (!text)
		return 0;
	last = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : UINT32_MAX;
	if (last >= UINT32_MAX || *end)
		return error_set(error, -EINVAL, "last: \"%s\" is not a number", text);
	options->by_last = true;
	options->last = (uint32_t)last;
	return 0;
}

static int read_filter(const struct http_request *request, struct event_filter *ret, struct error *error)
{
	const struct event_filter_words words = {
		.since = http_query(request, "since"),
		.type = http_query(request, "type"),
		.verdict = http_query(request, "verdict"),
		.reason = http_query(request, "reason"),
		.namespace = http_query(request, "namespace"),
		.pod = http_query(request, "pod"),
		.from = http_query(request, "from"),
		.to = http_query(request, "to"),
		.label = http_query(request, "label"),
		.port = http_query(request, "port"),
		.protocol = http_query(request, "protocol"),
	};

	return event_filter_parse(&words, timestamp_now(), ret, error);
}

void api_events(void *data, const struct http_request *request, struct http_reply *reply)
{
	struct event_stream_options options = {};
	struct event_filter filter = {};
	struct agent *agent = data;
	struct error error = {};
	int r = read_bool(request, "follow", &options.follow, &error) ?:
		read_last(request, &options, &error) ?:
		read_filter(request, &filter, &error);

	if (r < 0) {
		http_fail(reply, HTTP_BAD_REQUEST, "events: %s", error.text);
		return;
	}
	packet_events_read(agent);
	if (event_stream_open(&agent->events, &filter, &options, &reply->stream) < 0)
		http_fail(reply, HTTP_UNAVAILABLE, "events: %u streams are followed already (end one of them)",
			  EVENT_FOLLOWERS_MAX);
	if (agent->events.followers)
		agent_listen(agent);
	reply->content_type = "application/x-ndjson";
	event_filter_free(&filter);
}
