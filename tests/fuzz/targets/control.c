// SPDX-License-Identifier: BSD-2-Clause
/*
 * The control socket: each part of the input is a request, "METHOD PATH?QUERY"
 * and, after the first line, its body. They go through HTTP to the agent's own
 * functions; what these would ask or tell the kernel is stood for here (the
 * linker's --wrap). A policy that passes is "in force" for the next request.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/api.h"
#include "agent/attaching.h"
#include "agent/capture.h"
#include "agent/flow_stream.h"
#include "agent/increment.h"
#include "agent/packet_events.h"
#include "agent/reconcile.h"
#include "base/mem.h"
#include "fuzz/targets/scratch.h"
#include "fuzz/targets/input.h"

#define TURNS	    64 /* of the loop, for one request */
#define IMAGE_WORDS (1u << 20)

/* --- instead of the kernel ------------------------------------------------------ */

void __wrap_links_addresses(const struct links *links, addr_list *list);
bool __wrap_links_by_name(const struct links *links, const char *name, struct link_info *ret);
uint32_t __wrap_datapath_image_words(const struct datapath *datapath);
int __real_compile(const struct world *world, struct numberings *numberings, uint32_t revision, uint32_t max_words,
		   struct compiled **ret, struct error *error);
int __wrap_compile(const struct world *world, struct numberings *numberings, uint32_t revision, uint32_t max_words,
		   struct compiled **ret, struct error *error);
int __wrap_agent_aside(struct agent *agent, int (*work)(void *data), void *data);
bool __wrap_packet_events_read(struct agent *agent);
void __wrap_agent_listen(struct agent *agent);
int __wrap_plan_enforce(struct agent *agent, struct plan *plan, struct error *error);
bool __wrap_increment_fits(const struct agent *agent, const struct objects_delta *delta);
void __wrap_reconcile(struct agent *agent, bool everything);
int __wrap_attach(struct agent *agent, struct attachment *attachment, struct error *error);
void __wrap_detach(struct agent *agent, const struct attachment *attachment);
int __wrap_flow_stream_open(struct agent *agent, struct flow_filter *filter, uint32_t limit, struct http_stream *ret);
int __wrap_capture_open(struct agent *agent, const struct capture_request *request, struct http_stream *ret,
			struct error *error);

void __wrap_links_addresses(const struct links *links, addr_list *list)
{
	vec_push(list, (struct addr){ .family = WEIR_IPV4, .bytes = { 192, 0, 2, 1 } });
}

bool __wrap_links_by_name(const struct links *links, const char *name, struct link_info *ret)
{
	return false;
}

uint32_t __wrap_datapath_image_words(const struct datapath *datapath)
{
	return IMAGE_WORDS;
}

/* The largest image takes half a gigabyte, for all of which AddressSanitizer has a shadow to write. */
int __wrap_compile(const struct world *world, struct numberings *numberings, uint32_t revision, uint32_t max_words,
		   struct compiled **ret, struct error *error)
{
	return __real_compile(world, numberings, revision, IMAGE_WORDS, ret, error);
}

bool __wrap_increment_fits(const struct agent *agent, const struct objects_delta *delta)
{
	return false;
}

/* No links move meanwhile. */
int __wrap_agent_aside(struct agent *agent, int (*work)(void *data), void *data)
{
	return work(data);
}

void __wrap_reconcile(struct agent *agent, bool everything)
{
}

/* No packets. */
bool __wrap_packet_events_read(struct agent *agent)
{
	return false;
}

void __wrap_agent_listen(struct agent *agent)
{
}

int __wrap_plan_enforce(struct agent *agent, struct plan *plan, struct error *error)
{
	endpoints_adopt(&agent->endpoints, &plan->endpoints);
	compiled_free(agent->compiled);
	agent->compiled = TAKE_PTR(plan->compiled);
	agent->revision = agent->compiled->revision;
	agent->stale = false;
	plan_free(plan);
	return 0;
}

int __wrap_attach(struct agent *agent, struct attachment *attachment, struct error *error)
{
	return attachments_put(&agent->attachments, attachment);
}

void __wrap_detach(struct agent *agent, const struct attachment *attachment)
{
	struct attachment taken = attachments_take(&agent->attachments, attachment);

	attachment_free(&taken);
}

/* Which flows would be told. */
int __wrap_flow_stream_open(struct agent *agent, struct flow_filter *filter, uint32_t limit, struct http_stream *ret)
{
	const struct datapath_flow flow = { .local = { WEIR_IPV4, { 10, 0, 0, 1 } },
					    .remote = { WEIR_IPV4, { 10, 0, 0, 2 } } };

	flow_filter_matches(filter, &agent->endpoints, &flow);
	return -ENODEV;
}

int __wrap_capture_open(struct agent *agent, const struct capture_request *request, struct http_stream *ret,
			struct error *error)
{
	return error_set(error, -EBUSY, "somebody is capturing already");
}

/* --- an agent --------------------------------------------------------------------- */

static void agent_begin(struct agent *agent, const struct agent_config *config)
{
	struct error error = {};

	*agent = (struct agent){ .config = config };
	events_init(&agent->events, 64, EVENT_LOG_NONE);
	agent->endpoints.config = config;
	agent->endpoints.attachments = &agent->attachments;
	agent->endpoints.events = agent->sources.events = &agent->events;
	state_open(config->state_dir, &agent->ledger, &agent->state, &error);
	attachments_open(config->state_dir, &agent->attachments, &error);
	agent->overlay = (struct overlay){ .attachments = &agent->attachments, .node = config->node };
	agent->sources.overlay = &agent->overlay;
	if (sources_open(config, &(struct kube_follower){}, &agent->sources, &error) < 0)
		abort();
}

static void agent_end(struct agent *agent)
{
	_cleanup_free_ char *store = xasprintf("%s/store.json", agent->config->state_dir);

	compiled_free(agent->compiled);
	overlay_free(&agent->overlay);
	attachments_free(&agent->attachments);
	endpoints_free(&agent->endpoints);
	sources_free(&agent->sources);
	ledger_free(&agent->ledger);
	rulebook_free(&agent->rulebook);
	notes_free(&agent->warnings);
	notes_free(&agent->failures);
	events_free(&agent->events);
	state_free(&agent->state);
	unlink(store);
}

/* --- a client --------------------------------------------------------------------- */

static int listen_somewhere(struct sockaddr_un *ret_address, socklen_t *ret_length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*ret_length = sizeof(*ret_address);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)ret_address, ret_length) < 0)
		abort();
	return fd;
}

static void ask(int fd, const char *request, size_t length)
{
	const char *end = memchr(request, '\n', length) ?: request + length;
	const char *body = end < request + length ? end + 1 : end;
	const size_t size = (size_t)(request + length - body);
	_cleanup_free_ char *head = xasprintf("%.*s HTTP/1.0\r\nHost: weir\r\nContent-Length: %zu\r\n\r\n",
					      (int)(end - request), request, size);

	send(fd, head, strlen(head), MSG_NOSIGNAL);
	send(fd, body, size, MSG_NOSIGNAL);
}

static bool answered(int fd)
{
	char answer[16384];
	ssize_t n;

	do
		n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
	while (n > 0);
	return n == 0 || errno != EAGAIN;
}

static void serve(struct agent *agent, uv_loop_t *loop, const char *request, size_t length)
{
	const struct http_service service = {
		.routes = api_socket_routes, .n_routes = api_socket_n_routes, .data = agent, .is_local = true
	};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	struct error error = {};
	socklen_t size;

	if (http_start(loop, listen_somewhere(&address, &size), &service, &agent->socket, &error) < 0 ||
	    connect(fd, (struct sockaddr *)&address, size) < 0)
		abort();
	ask(fd, request, length);
	for (unsigned i = 0; i < TURNS && !answered(fd); i++)
		uv_run(loop, UV_RUN_NOWAIT);
	http_stop(agent->socket);
	uv_run(loop, UV_RUN_DEFAULT);
}

/* What is parsed, not what is read from the kernel. */
static bool is_for_us(const char *request)
{
	static const char *const paths[] = { "/v1/objects", "/v1/diff",	   "/v1/explain",     "/v1/flows",
					     "/v1/events",  "/v1/capture", "/v1/attachments", "/v1/policies" };
	const char *path = request + strcspn(request, " \n");

	for (size_t i = 0; *path == ' ' && i < ARRAY_SIZE(paths); i++) {
		if (strncmp(path + 1, paths[i], strlen(paths[i])) == 0)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct agent_config config = { .state_dir = (char *)scratch_make(), .node = (char *)"node" };
	struct agent agent;
	struct input input;
	uv_loop_t loop;

	log_open(LOG_LEVEL_ERROR + 1);
	uv_loop_init(&loop);
	agent_begin(&agent, &config);
	input_split(bytes, size, &input);
	for (size_t i = 0; i < input.n; i++) {
		if (is_for_us(input.parts[i]))
			serve(&agent, &loop, input.parts[i], input.lengths[i]);
	}
	input_free(&input);
	agent_end(&agent);
	uv_loop_close(&loop);
	return 0;
}
