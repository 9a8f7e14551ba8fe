// SPDX-License-Identifier: BSD-2-Clause
#include "cni/plugin.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"
#include "cni/call.h"
#include "cni/interface.h"
#include "cni/previous.h"

/* Beyond what the agent waits for by itself. */
#define GRACE_SECONDS 5
#define SHORT_SECONDS 5
#define OLDEST	      "0.4.0"

static void print(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	fputc('\n', stdout);
	json_decref(json);
}

/* What was given may not be text, and is in the words. */
static int print_error(const char *version, struct cni_error *error)
{
	utf8_printable(error->text);
	utf8_printable(error->details);
	print(json_pack("{s:s, s:i, s:s, s:s}", "cniVersion", version ?: OLDEST, "code", (int)error->code, "msg",
			error->text, "details", error->details));
	return 1;
}

static int agent_failed(int r, const struct error *why, const char *text, struct cni_error *error)
{
	return cni_fail(error, r == -EHOSTDOWN || r == -EAGAIN || r == -EPROTO ? CNI_TRY_AGAIN : CNI_REFUSED, text,
			"%s", why->text);
}

static json_t *attachment_of(const struct cni_request *request, const struct host_interface *host)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*, s:s, s:I, s:o, s:I}", "containerId", request->container,
			 "ifname", request->ifname, "network", request->network, "namespace", request->namespace, "pod",
			 request->pod, "uid", request->uid, "interface", host->name, "ifindex",
			 (json_int_t)host->ifindex, "addresses", previous_addresses(request->previous, request->ifname),
			 "timeoutSeconds", (json_int_t)request->timeout_seconds);
}

static int add(const struct cni_request *request, struct cni_error *error)
{
	json_auto_t *answer = NULL, *attachment = NULL;
	struct host_interface host;
	struct error why = {};
	struct call call = {
		.socket = request->socket,
		.method = "POST",
		.path = "/v1/attachments",
		.seconds = request->timeout_seconds + GRACE_SECONDS,
	};
	int r;

	if (previous_check(request->previous, error) < 0 ||
	    host_interface_find(request->netns, request->ifname, &host, error) < 0)
		return -1;
	call.body = attachment = attachment_of(request, &host);
	r = call_agent(&call, &answer, &why);
	if (r < 0 && !(r == -EHOSTDOWN && request->pass_without_agent))
		return agent_failed(r, &why, "weir can't enforce policy on this container", error);
	json_object_set_new(request->previous, "cniVersion", json_string(request->version));
	print(json_incref(request->previous));
	return 0;
}

/* The agent finds out by itself that an interface is gone, so nothing here may keep a container from being removed. */
static int del(const struct cni_request *request, struct cni_error *error)
{
	json_auto_t *answer = NULL,
		    *which = json_pack("{s:s, s:s}", "containerId", request->container, "ifname", request->ifname);
	const struct call call = { request->socket, "DELETE", "/v1/attachments", which, SHORT_SECONDS };
	struct error why = {};

	call_agent(&call, &answer, &why);
	return 0;
}

static const json_t *find_attachment(const json_t *list, const struct cni_request *request)
{
	const json_t *item;
	size_t index;

	json_array_foreach (list, index, item) {
		if (strcmp(json_string_value(json_object_get(item, "containerId")) ?: "", request->container) == 0 &&
		    strcmp(json_string_value(json_object_get(item, "ifname")) ?: "", request->ifname) == 0)
			return item;
	}
	return NULL;
}

static int check(const struct cni_request *request, struct cni_error *error)
{
	const struct call call = { request->socket, "GET", "/v1/attachments", NULL, SHORT_SECONDS };
	const json_t *attachment;
	json_auto_t *answer = NULL;
	struct host_interface host;
	struct error why = {};
	const char *state;
	int r;

	if (previous_check(request->previous, error) < 0 ||
	    host_interface_find(request->netns, request->ifname, &host, error) < 0)
		return -1;
	r = call_agent(&call, &answer, &why);
	if (r < 0)
		return agent_failed(r, &why, "the weir agent can't be asked", error);
	attachment = find_attachment(json_object_get(answer, "items"), request);
	if (!attachment || json_integer_value(json_object_get(attachment, "ifindex")) != (json_int_t)host.ifindex)
		return cni_fail(error, CNI_NOT_ENFORCED, "weir doesn't know this container",
				"interface %s, the other end of %s, isn't attached for container %s", host.name,
				request->ifname, request->container);
	state = json_string_value(json_object_get(attachment, "state"));
	if (!state || strcmp(state, "enforced") != 0)
		return cni_fail(error, CNI_NOT_ENFORCED, "the container is closed", "%s",
				json_string_value(json_object_get(attachment, "why")) ?: "");
	return 0;
}

static int status(const struct cni_request *request, struct cni_error *error)
{
	const struct call call = { request->socket, "GET", "/v1/status", NULL, SHORT_SECONDS };
	json_auto_t *answer = NULL;
	struct error why = {};

	if (call_agent(&call, &answer, &why) < 0)
		return cni_fail(error, CNI_NOT_AVAILABLE, "containers can't be added now", "%s", why.text);
	if (!json_is_true(json_object_get(answer, "enforcing")))
		return cni_fail(error, CNI_NOT_AVAILABLE, "containers can't be added now",
				"the weir agent has no policy in force yet (weir status says why)");
	return 0;
}

/* The agent's words for what the configuration lists as still valid. */
static json_t *valid_attachments(const struct cni_request *request)
{
	const json_t *given = json_object_get(request->config, "cni.dev/valid-attachments"), *item;
	json_t *valid = json_array();
	size_t index;

	json_array_foreach (given, index, item) {
		const char *container = json_string_value(json_object_get(item, "containerID"));
		const char *ifname = json_string_value(json_object_get(item, "ifname"));

		if (container && ifname)
			json_array_append_new(valid,
					      json_pack("{s:s, s:s}", "containerId", container, "ifname", ifname));
	}
	return valid;
}

static int collect(const struct cni_request *request, struct cni_error *error)
{
	json_auto_t *answer = NULL, *body = NULL;
	struct call call = { request->socket, "POST", "/v1/attachments/keep", NULL, SHORT_SECONDS };
	struct error why = {};
	int r;

	if (!json_is_array(json_object_get(request->config, "cni.dev/valid-attachments")))
		return cni_fail(error, CNI_INVALID_CONFIG, "the network configuration can't be used",
				"cni.dev/valid-attachments must be a list");
	call.body = body = json_pack("{s:s, s:o}", "network", request->network, "valid", valid_attachments(request));
	r = call_agent(&call, &answer, &why);
	return r < 0 ? agent_failed(r, &why, "what is left of containers can't be collected", error) : 0;
}

/* --- the same before the plugin that makes the interface ------------------------------- */

/* Of nothing there is nothing yet; runtimes want a result of every plugin all the same. */
static json_t *result_so_far(const struct cni_request *request)
{
	json_t *result = request->previous ? json_incref(request->previous)
					   : json_pack("{s:[], s:[], s:{}}", "interfaces", "ips", "dns");

	json_object_set_new(result, "cniVersion", json_string(request->version));
	return result;
}

/* An agent from before there were gates closes newcomers as it did then. */
static int expect(const struct cni_request *request, struct cni_error *error)
{
	json_auto_t *answer = NULL,
		    *body = json_pack("{s:s, s:s, s:I}", "containerId", request->container, "ifname", request->ifname,
				      "timeoutSeconds", (json_int_t)request->timeout_seconds);
	const struct call call = { request->socket, "POST", "/v1/attachments/expect", body, SHORT_SECONDS };
	struct error why = {};
	int r = call_agent(&call, &answer, &why);

	if (r < 0 && r != -ENOSYS && !(r == -EHOSTDOWN && request->pass_without_agent))
		return agent_failed(r, &why, "weir can't close this container's interface before there is one", error);
	print(result_so_far(request));
	return 0;
}

/* What is to be done then the last of the list does. */
static int leave_it(const struct cni_request *request, struct cni_error *error)
{
	return 0;
}

static int version(const struct cni_request *request, struct cni_error *error)
{
	print(json_pack("{s:s, s:o}", "cniVersion", CNI_VERSION_NEWEST, "supportedVersions", cni_versions()));
	return 0;
}

static int (*const commands[CNI_COMMANDS])(const struct cni_request *request, struct cni_error *error) = {
	[CNI_ADD] = add,       [CNI_DEL] = del,	   [CNI_CHECK] = check,
	[CNI_STATUS] = status, [CNI_GC] = collect, [CNI_VERSION] = version,
};

static int (*const gate_commands[CNI_COMMANDS])(const struct cni_request *request, struct cni_error *error) = {
	[CNI_ADD] = expect,    [CNI_DEL] = leave_it, [CNI_CHECK] = leave_it,
	[CNI_STATUS] = status, [CNI_GC] = leave_it,  [CNI_VERSION] = version,
};

int plugin_run(const struct cni_environment *environment)
{
	_cleanup_(cni_request_free) struct cni_request request = {};
	_cleanup_free_ char *config = NULL;
	struct cni_error error = {};
	size_t length = 0;
	int r = file_read("-", CNI_CONFIG_MAX, &config, &length);

	if (r < 0)
		r = cni_fail(&error, r == -EFBIG ? CNI_INVALID_CONFIG : CNI_IO_FAILURE,
			     "the network configuration can't be read", "standard input: %s",
			     r == -EFBIG ? "larger than 4 MiB" : strerror(-r));
	else
		r = cni_request_read(environment, config, length, &request, &error);
	if (r == 0)
		r = (request.is_gate ? gate_commands : commands)[request.command](&request, &error);
	return r < 0 ? print_error(request.version, &error) : 0;
}
