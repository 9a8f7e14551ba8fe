// SPDX-License-Identifier: BSD-2-Clause
/* /v1/attachments: what weir-cni tells and asks. */
#include <string.h>

#include "agent/api.h"
#include "agent/attaching.h"
#include "agent/loop.h"
#include "base/mem.h"

#define WAIT_SECONDS_MAX 60
#define NS_PER_SECOND	 1000000000ull

/* A plugin that waits until its pod is enforced. */
struct waiting {
	struct agent *agent;
	char *container, *ifname;
	uint64_t deadline_ns;
	char *text; /* the answer, when there is one */
	size_t sent;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static json_t *state_json(const struct agent *agent, const struct attachment *attachment)
{
	_cleanup_free_ char *obstacle = attaching_obstacle(agent, attachment);
	json_t *json = attachment_json(attachment);

	json_object_set_new(json, "state", json_string(obstacle ? "closed" : "enforced"));
	json_object_set_new(json, "why", api_text(obstacle));
	return json;
}

/* NULL: not yet. */
static char *answer(const struct waiting *waiting)
{
	const struct attachment *attachment =
		attachments_find(&waiting->agent->attachments, waiting->container, waiting->ifname);
	_cleanup_free_ char *obstacle = NULL;
	char *text;
	json_t *json;

	if (!attachment)
		return xstrdup("{\"state\": \"gone\", \"why\": \"it was taken back meanwhile\"}");
	obstacle = attaching_obstacle(waiting->agent, attachment);
	if (obstacle && now_ns() < waiting->deadline_ns)
		return NULL;
	json = state_json(waiting->agent, attachment);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text ?: xstrdup("{}");
}

static ssize_t read_answer(void *data, char *buffer, size_t size)
{
	struct waiting *waiting = data;
	size_t n;

	if (!waiting->text)
		waiting->text = answer(waiting);
	if (!waiting->text)
		return -EAGAIN;
	n = strlen(waiting->text) - waiting->sent;
	n = n < size ? n : size;
	memcpy(buffer, waiting->text + waiting->sent, n);
	waiting->sent += n;
	return (ssize_t)n;
}

static void free_waiting(void *data)
{
	struct waiting *waiting = data;

	waiting->agent->attaching--;
	free(waiting->container);
	free(waiting->ifname);
	free(waiting->text);
	free(waiting);
}

static struct http_stream wait_for(struct agent *agent, const struct attachment *attachment, uint64_t seconds)
{
	struct waiting *waiting = new0(struct waiting);

	*waiting = (struct waiting){
		.agent = agent,
		.container = xstrdup(attachment->container),
		.ifname = xstrdup(attachment->ifname),
		.deadline_ns = now_ns() + seconds * NS_PER_SECOND,
	};
	agent->attaching++;
	return (struct http_stream){ read_answer, free_waiting, waiting, true };
}

static int read_seconds(const json_t *body, uint64_t *ret, struct error *error)
{
	const json_t *seconds = json_object_get(body, "timeoutSeconds");

	if (!json_is_integer(seconds) || json_integer_value(seconds) < 0 ||
	    json_integer_value(seconds) > WAIT_SECONDS_MAX)
		return error_set(error, -EINVAL, "timeoutSeconds: must be 0 to %d", WAIT_SECONDS_MAX);
	*ret = (uint64_t)json_integer_value(seconds);
	return 0;
}

static enum http_status status_of(int r)
{
	return r == -EINVAL   ? HTTP_BAD_REQUEST
	       : r == -ENODEV ? HTTP_CONFLICT
	       : r == -ENOSPC ? HTTP_NO_SPACE
			      : HTTP_UNAVAILABLE;
}

/* From the answer on, what the plugins after this one make is closed from its first instant, where the kernel can. */
void api_expect(void *data, const struct http_request *request, struct http_reply *reply)
{
	json_auto_t *body = json_loadb(request->body, request->length, 0, NULL);
	const char *container = json_string_value(json_object_get(body, "containerId"));
	const char *ifname = json_string_value(json_object_get(body, "ifname"));
	struct agent *agent = data;
	struct error error = {};
	uint64_t seconds = 0;
	int r = container && ifname ? read_seconds(body, &seconds, &error)
				    : error_set(&error, -EINVAL, "containerId and ifname are needed");

	if (r == 0)
		r = gatekeeper_expect(&agent->gatekeeper, container, ifname, seconds, &error);
	loop_links_moved(agent->loop);
	if (r < 0)
		http_fail(reply, status_of(r), "%s", error.text);
	else
		reply->json = gatekeeper_json(&agent->gatekeeper);
}

void api_attach(void *data, const struct http_request *request, struct http_reply *reply)
{
	_cleanup_(attachment_free) struct attachment attachment = {};
	json_auto_t *body = json_loadb(request->body, request->length, 0, NULL);
	const struct attachment *kept;
	_cleanup_free_ char *obstacle = NULL, *container = NULL, *ifname = NULL;
	struct agent *agent = data;
	struct error error = {};
	uint64_t seconds = 0;
	int r = attachment_read(body, &attachment, &error) ?: read_seconds(body, &seconds, &error);

	if (r == 0) {
		container = xstrdup(attachment.container);
		ifname = xstrdup(attachment.ifname);
		r = attach(agent, &attachment, &error);
	}
	if (r < 0) {
		http_fail(reply, status_of(r), "%s", error.text);
		return;
	}
	kept = attachments_find(&agent->attachments, container, ifname);
	obstacle = attaching_obstacle(agent, kept);
	if (obstacle && seconds)
		reply->stream = wait_for(agent, kept, seconds);
	else
		reply->json = state_json(agent, kept);
}

void api_detach(void *data, const struct http_request *request, struct http_reply *reply)
{
	json_auto_t *body = json_loadb(request->body, request->length, 0, NULL);
	const char *container = json_string_value(json_object_get(body, "containerId"));
	const char *ifname = json_string_value(json_object_get(body, "ifname"));
	const struct attachment *attachment;
	struct agent *agent = data;

	if (!container || !ifname) {
		http_fail(reply, HTTP_BAD_REQUEST, "containerId and ifname are needed");
		return;
	}
	gatekeeper_arrived(&agent->gatekeeper, container, ifname);
	attachment = attachments_find(&agent->attachments, container, ifname);
	reply->json = json_pack("{s:b}", "known", attachment != NULL);
	if (attachment)
		detach(agent, attachment);
}

void api_attachments(void *data, const struct http_request *request, struct http_reply *reply)
{
	const struct agent *agent = data;
	json_t *list = json_array();

	vec_for_each (attachment, &agent->attachments.list)
		json_array_append_new(list, state_json(agent, attachment));
	reply->json = api_items(list);
}

static bool is_among(const json_t *valid, const struct attachment *attachment)
{
	const json_t *item;
	size_t index;

	json_array_foreach (valid, index, item) {
		const char *container = json_string_value(json_object_get(item, "containerId"));
		const char *ifname = json_string_value(json_object_get(item, "ifname"));

		if (container && ifname && strcmp(container, attachment->container) == 0 &&
		    strcmp(ifname, attachment->ifname) == 0)
			return true;
	}
	return false;
}

/* Those of the network that are not named are of containers that are no more. */
void api_keep_attachments(void *data, const struct http_request *request, struct http_reply *reply)
{
	json_auto_t *body = json_loadb(request->body, request->length, 0, NULL);
	const char *network = json_string_value(json_object_get(body, "network"));
	const json_t *valid = json_object_get(body, "valid");
	struct agent *agent = data;
	json_int_t n = 0;

	if (!network || !json_is_array(valid)) {
		http_fail(reply, HTTP_BAD_REQUEST, "network and valid, a list, are needed");
		return;
	}
	for (size_t i = agent->attachments.list.n; i--;) {
		const struct attachment *attachment = &agent->attachments.list.items[i];

		if (strcmp(attachment->network, network) != 0 || is_among(valid, attachment))
			continue;
		detach(agent, attachment);
		n++;
	}
	reply->json = json_pack("{s:I}", "forgotten", n);
}
