// SPDX-License-Identifier: BSD-2-Clause
/* GET /v1/capture: what is asked for, and how much of it. */
#include <limits.h>
#include <string.h>

#include "agent/api.h"
#include "agent/capture.h"
#include "agent/peer.h"
#include "base/mem.h"
#include "policy/eval.h"

#define PACKETS_PER_SECOND 20000u /* what the agent's thread may be kept busy with */
#define SECONDS_DEFAULT	   60u
#define SECONDS_MAX	   86400u
#define BYTES_DEFAULT	   (100ull << 20)
#define BYTES_MIN	   4096ull /* the file's own words */
#define BYTES_MAX	   (1ull << 40)
#define SNAPLEN_MIN	   14u /* a link header */

/* Untouched when it isn't said. */
static int read_number(const struct http_request *request, const char *name, uint64_t min, uint64_t max, uint64_t *ret)
{
	const char *text = http_query(request, name);
	unsigned long long number;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	number = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : ULLONG_MAX;
	if (number == ULLONG_MAX || *end || errno || number < min || number > max)
		return -EINVAL;
	*ret = number;
	return 0;
}

static int read_flag(const struct http_request *request, const char *name, bool *ret, struct error *error)
{
	const char *text = http_query(request, name);

	if (!text)
		return 0;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return error_set(error, -EINVAL, "%s: \"%s\" is neither true nor false", name, text);
	*ret = strcmp(text, "true") == 0;
	return 0;
}

static int read_numbers(const struct http_request *request, struct capture_request *capture, struct error *error)
{
	uint64_t seconds = SECONDS_DEFAULT, snaplen = WEIR_CAPTURE_BYTES_MAX, port = 0;
	const struct {
		const char *name;
		uint64_t min, max;
		uint64_t *value;
	} numbers[] = {
		{ "seconds", 1, SECONDS_MAX, &seconds },
		{ "snaplen", SNAPLEN_MIN, WEIR_CAPTURE_BYTES_MAX, &snaplen },
		{ "port", 1, UINT16_MAX, &port },
		{ "count", 1, INT64_MAX, &capture->filter.packets },
		{ "bytes", BYTES_MIN, BYTES_MAX, &capture->bytes },
	};

	capture->bytes = BYTES_DEFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (read_number(request, numbers[i].name, numbers[i].min, numbers[i].max, numbers[i].value) < 0)
			return error_set(error, -EINVAL, "%s: must be a number from %llu to %llu", numbers[i].name,
					 (unsigned long long)numbers[i].min, (unsigned long long)numbers[i].max);
	}
	capture->seconds = (uint32_t)seconds;
	capture->filter.snaplen = (uint32_t)snaplen;
	capture->filter.port = (uint16_t)port;
	return 0;
}

static int read_words(const struct http_request *request, struct capture_request *capture, struct error *error)
{
	const char *host = http_query(request, "host"), *protocol = http_query(request, "protocol");

	if (host && addr_parse(host, &capture->host) < 0)
		return error_set(error, -EINVAL, "host: \"%s\" is not an address", host);
	if (protocol && eval_protocol_parse(protocol, &capture->filter.protocol) < 0)
		return error_set(error, -EINVAL, "protocol: \"%s\" is not TCP, UDP, SCTP, ICMP or a number up to 255",
				 protocol);
	capture->filter.host = host ? &capture->host : NULL;
	capture->filter.by_protocol = protocol;
	return read_flag(request, "drops", &capture->filter.drops, error)
		       ?: read_flag(request, "headers", &capture->filter.headers_only, error);
}

static int find_pod(const struct agent *agent, const char *name, uint32_t *ret_ifindex, struct error *error)
{
	vec_for_each (endpoint, &agent->endpoints.list) {
		_cleanup_free_ char *own = xasprintf("%s/%s", endpoint->namespace, endpoint->pod);

		if (strcmp(own, name) != 0)
			continue;
		if (!endpoint->ifindex)
			return endpoint->interface ? error_set(error, -ENOENT, "pod: interface %s of %s isn't there",
							       endpoint->interface, name)
						   : error_set(error, -ENOENT, "pod: the interface of %s isn't found",
							       name);
		*ret_ifindex = endpoint->ifindex;
		return 0;
	}
	if (!strchr(name, '/'))
		return error_set(error, -EINVAL, "pod: \"%s\" is not NAMESPACE/POD", name);
	return error_set(error, -ENOENT, "pod: %s has no interface on this node", name);
}

static int read_request(const struct agent *agent, const struct http_request *request, struct capture_request *capture,
			struct error *error)
{
	const char *pod = http_query(request, "pod");

	capture->filter.packets_per_second = PACKETS_PER_SECOND;
	capture->client = http_client(request);
	return read_numbers(request, capture, error) ?:
	       read_words(request, capture, error) ?:
	       (pod ? find_pod(agent, pod, &capture->filter.endpoint, error) : 0);
}

static enum http_status status_of(int code)
{
	return code == -EINVAL	 ? HTTP_BAD_REQUEST
	       : code == -ENOENT ? HTTP_NOT_FOUND
	       : code == -EBUSY	 ? HTTP_CONFLICT
				 : HTTP_INTERNAL_ERROR;
}

static void tell_who(struct agent *agent, const struct http_request *request, const struct capture_request *capture)
{
	_cleanup_free_ char *who = peer_name(http_client(request));
	const char *pod = http_query(request, "pod");
	struct event event =
		event_make(EVENT_CAPTURE_BEGAN, "%s captures%s packets%s%s, for %u s at most", who,
			   capture->filter.drops ? " dropped" : "", pod ? " of " : "", pod ?: "", capture->seconds);

	events_add(&agent->events, &event);
}

void api_capture(void *data, const struct http_request *request, struct http_reply *reply)
{
	struct capture_request capture = {};
	struct agent *agent = data;
	struct error error = {};
	int r = read_request(agent, request, &capture, &error);

	if (r == 0)
		r = capture_open(agent, &capture, &reply->stream, &error);
	if (r < 0) {
		http_fail(reply, status_of(r), "%s", error.text);
		return;
	}
	reply->content_type = "application/x-pcapng";
	tell_who(agent, request, &capture);
}
