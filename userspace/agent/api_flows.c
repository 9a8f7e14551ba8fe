// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "agent/api.h"
#include "agent/flow_stream.h"

static int read_limit(const char *text, uint32_t *ret, struct error *error)
{
	char *end;
	const unsigned long limit = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;

	if (limit < 1 || limit > FLOW_LIMIT_MAX || *end)
		return error_set(error, -EINVAL, "limit: \"%s\" is not a number from 1 to %u", text, FLOW_LIMIT_MAX);
	*ret = (uint32_t)limit;
	return 0;
}

static int read_filter(const struct agent *agent, const struct http_request *request, struct flow_filter *ret,
		       struct error *error)
{
	const struct flow_filter_words words = {
		.pod = http_query(request, "pod"),
		.namespace = http_query(request, "namespace"),
		.from = http_query(request, "from"),
		.to = http_query(request, "to"),
		.port = http_query(request, "port"),
		.protocol = http_query(request, "protocol"),
		.state = http_query(request, "state"),
	};
	struct world world = {};
	int r;

	api_world(agent, &world);
	r = flow_filter_parse(&words, &world, &agent->endpoints, ret, error);
	world_free(&world);
	return r;
}

void api_flows(void *data, const struct http_request *request, struct http_reply *reply)
{
	const char *limit_text = http_query(request, "limit");
	struct flow_filter filter = {};
	struct agent *agent = data;
	struct error error = {};
	uint32_t limit = 0;
	int r = limit_text ? read_limit(limit_text, &limit, &error) : 0;

	if (r == 0)
		r = read_filter(agent, request, &filter, &error);
	if (r < 0) {
		http_fail(reply, r == -ENOENT ? HTTP_NOT_FOUND : HTTP_BAD_REQUEST, "flows: %s", error.text);
		return;
	}
	r = flow_stream_open(agent, &filter, limit, &reply->stream);
	if (r < 0)
		http_fail(reply, HTTP_INTERNAL_ERROR, "flows can't be read from the kernel: %s", strerror(-r));
	flow_filter_free(&filter);
}
