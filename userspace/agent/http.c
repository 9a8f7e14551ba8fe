// SPDX-License-Identifier: BSD-2-Clause
#include "agent/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/guests.h"
#include "agent/http_stream.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"

#define BODY_MAX		((size_t)64 << 20)
#define CONNECTIONS_MAX		128u
#define CONNECTION_TIMEOUT_S	60u
#define CONNECTION_MEMORY_BYTES ((size_t)64 << 10)
#define WAKE_MS			10   /* what comes together is sent together */
#define LAST_RUNS		32   /* of libmicrohttpd, for what streams end with */
#define LOOK_FOR_GONE_MS	1000 /* clients that listen and are no more */
#define RUN_AGAIN_MS		1000 /* libmicrohttpd, whatever it waits for */
#define RUN_AT_REST_MS		10000
#define EXHAUSTED_MS		100

struct http {
	struct MHD_Daemon *daemon;
	struct http_service service;
	size_t body_max; /* bytes; 0 where nothing is written */
	uv_poll_t poll;
	uv_timer_t timer, wake, gone;
	struct waiting_streams waiting;
	struct guests guests; /* of a local service */
	bool exhausted;	      /* no descriptor can be had */
	unsigned open_handles;
};

/* A request whose body is still coming in. */
struct incoming {
	char *body;
	size_t length, capacity;
	bool too_large;
};

const char *http_query(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

bool http_flag(const struct http_request *request, const char *name)
{
	const char *text = http_query(request, name);

	return text && (strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || !*text);
}

static int socket_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

int http_client(const struct http_request *request)
{
	return socket_of(request->connection);
}

const char *http_request_header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void http_fail(struct http_reply *reply, enum http_status status, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	json_decref(reply->json);
	reply->status = status;
	reply->json = json_pack("{s:s}", "error", text ?: "out of memory");
	if (!reply->json)
		reply->json = json_pack("{s:s}", "error", "the request's text is not UTF-8");
	free(text);
}

/* HEAD is answered like GET; libmicrohttpd leaves the body out. */
static bool method_matches(const char *route, const char *method)
{
	return strcmp(route, method) == 0 || (strcmp(method, "HEAD") == 0 && strcmp(route, "GET") == 0);
}

static void route(const struct http *http, const char *method, const char *path, const struct http_request *request,
		  struct http_reply *reply)
{
	bool known = false;

	if (http->service.admits && !http->service.admits(http->service.data, request, reply))
		return;
	for (size_t i = 0; i < http->service.n_routes; i++) {
		const struct http_route *entry = &http->service.routes[i];

		if (strcmp(entry->path, path) != 0)
			continue;
		known = true;
		if (method_matches(entry->method, method)) {
			entry->answer(http->service.data, request, reply);
			return;
		}
	}
	if (known)
		http_fail(reply, HTTP_METHOD_NOT_ALLOWED, "%s is not answered here", method);
	else
		http_fail(reply, HTTP_NOT_FOUND, "there is nothing at this path");
}

static struct MHD_Response *text_response(char *text)
{
	struct MHD_Response *response;

	if (!text)
		text = xstrdup("{\"error\": \"the answer could not be written\"}");
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(text);
	return response;
}

static void run(struct http *http);

/* Only while somebody listens. */
static void on_gone(uv_timer_t *timer)
{
	struct http *http = timer->data;

	if (!http->waiting.list)
		uv_timer_stop(timer);
	else if (streams_wake_gone(&http->waiting))
		run(http);
}

/* Sends the reply and frees what it holds. */
static enum MHD_Result send_reply(struct http *http, struct MHD_Connection *connection, struct http_reply *reply)
{
	const struct http_header *header = http->service.headers;
	const char *type = reply->json ? NULL : reply->content_type;
	struct MHD_Response *response;
	enum MHD_Result result;

	if (reply->json) {
		reply->text = json_dumps(reply->json, JSON_COMPACT);
		json_decref(reply->json);
	}
	response = reply->stream.read ? stream_response(&reply->stream, connection, &http->waiting)
				      : text_response(reply->text);
	if (!response)
		return MHD_NO;
	if (reply->stream.waits)
		uv_timer_start(&http->gone, on_gone, LOOK_FOR_GONE_MS, LOOK_FOR_GONE_MS);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type ?: "application/json");
	for (; header && header->name; header++)
		MHD_add_response_header(response, header->name, header->value);
	result = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse_too_large(struct http *http, struct MHD_Connection *connection)
{
	struct http_reply reply = {};

	http_fail(&reply, HTTP_TOO_LARGE,
		  http->body_max ? "the body is larger than 64 MiB (send it in parts)" : "a body is not taken here");
	return send_reply(http, connection, &reply);
}

/* Keeps a part of the body; what is beyond the limit is only swallowed. */
static void take_part(struct incoming *incoming, size_t max, const char *part, size_t size)
{
	if (incoming->too_large || size > max - incoming->length) {
		incoming->too_large = true;
		return;
	}
	if (incoming->length + size + 1 > incoming->capacity) {
		incoming->capacity = (incoming->length + size + 1) * 2;
		incoming->body = xrealloc(incoming->body, incoming->capacity, 1);
	}
	memcpy(incoming->body + incoming->length, part, size);
	incoming->length += size;
	incoming->body[incoming->length] = '\0';
}

static bool announces_too_large(const struct http *http, struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return length && strtoull(length, NULL, 10) > http->body_max;
}

/* What libmicrohttpd calls a socket's context. */
static const struct guest *guest_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* Nothing of the body is read. */
static enum MHD_Result refuse_stranger(struct http *http, struct MHD_Connection *connection, uid_t uid)
{
	struct http_reply reply = {};

	http_fail(&reply, HTTP_FORBIDDEN,
		  "the agent refuses uid %u: neither root nor in the group " PEER_GROUP " (usermod -aG " PEER_GROUP
		  " NAME, and log in again)",
		  uid);
	return send_reply(http, connection, &reply);
}

static bool is_refused(const struct http *http, struct MHD_Connection *connection, uid_t *ret_uid)
{
	const struct guest *guest = http->service.is_local ? guest_of(connection) : NULL;

	if (!http->service.is_local || (guest && guest->peer.admitted))
		return false;
	*ret_uid = guest ? guest->peer.uid : (uid_t)-1;
	return true;
}

/* libmicrohttpd calls this when the headers are there, for each part of the body, and when all of it is. */
static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *path, const char *method,
				  const char *version, const char *part, size_t *size, void **state)
{
	struct http *http = data;
	struct incoming *incoming = *state;
	struct http_request request;
	struct http_reply reply = { .status = HTTP_OK };
	uid_t uid;

	if (!incoming) {
		*state = new0(struct incoming);
		if (is_refused(http, connection, &uid))
			return refuse_stranger(http, connection, uid);
		return announces_too_large(http, connection) ? refuse_too_large(http, connection) : MHD_YES;
	}
	if (*size) {
		take_part(incoming, http->body_max, part, *size);
		*size = 0;
		return MHD_YES;
	}
	if (incoming->too_large)
		return refuse_too_large(http, connection);
	request = (struct http_request){ incoming->body ?: "", incoming->length, connection };
	route(http, method, path, &request, &reply);
	return send_reply(http, connection, &reply);
}

static void on_completed(void *data, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct incoming *incoming = *state;

	if (incoming)
		free(incoming->body);
	free(incoming);
	*state = NULL;
}

/* A connection comes, before anything of it is read, or goes. One without a place ends at once. */
static void on_connection(void *data, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct http *http = data;
	const int fd = socket_of(connection);
	struct peer peer;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		guests_leave(&http->guests, *context);
		*context = NULL;
		return;
	}
	*context = peer_of(fd, guests_group(&http->guests), &peer) == 0 ? guests_enter(&http->guests, &peer) : NULL;
	if (!*context)
		shutdown(fd, SHUT_RDWR);
}

static void on_timer(uv_timer_t *timer);
static void on_readable(uv_poll_t *poll, int status, int events);

/*
 * Who waits to be accepted keeps the descriptor readable: while no connection
 * can have a descriptor of its own it is not looked at, and those that are there
 * are served by the clock.
 */
static void mind_exhaustion(struct http *http)
{
	_cleanup_close_ int spare =
		fcntl(MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, F_DUPFD_CLOEXEC, 0);
	const bool exhausted = spare < 0 && errno == EMFILE;

	if (exhausted == http->exhausted)
		return;
	http->exhausted = exhausted;
	if (exhausted) {
		log_warning("too many open files: clients have to wait (raise the limit, as by LimitNOFILE=)");
		uv_poll_stop(&http->poll);
	} else {
		log_info("clients are served again");
		uv_poll_start(&http->poll, UV_READABLE, on_readable);
	}
}

/*
 * Serves what is ready, then sleeps until the descriptor or libmicrohttpd's next
 * timeout, and never for long: when accepting has failed it no longer waits for
 * clients itself, until it is run again.
 */
static void run_again_in(struct http *http, uint64_t again)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	mind_exhaustion(http);
	if (http->exhausted)
		again = EXHAUSTED_MS;
	MHD_run(http->daemon);
	if (!http->exhausted && MHD_get_timeout(http->daemon, &timeout) == MHD_YES && timeout < again)
		again = timeout;
	uv_timer_start(&http->timer, on_timer, again, 0);
}

static void run(struct http *http)
{
	run_again_in(http, RUN_AGAIN_MS);
}

/* Nothing has come since it was run last, so accepting can't have failed either. */
static void on_timer(uv_timer_t *timer)
{
	struct http *http = timer->data;

	run_again_in(http, http->exhausted ? RUN_AGAIN_MS : RUN_AT_REST_MS);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	run(poll->data);
}

static void on_wake(uv_timer_t *timer)
{
	struct http *http = timer->data;

	if (streams_wake(&http->waiting))
		run(http);
}

void http_wake(struct http *http)
{
	if (http && !uv_is_active((uv_handle_t *)&http->wake))
		uv_timer_start(&http->wake, on_wake, WAKE_MS, 0);
}

static struct MHD_Daemon *start_daemon(struct http *http, int listen_fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http,
				MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
				MHD_OPTION_NOTIFY_CONNECTION, http->service.is_local ? on_connection : NULL, http,
				MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
				CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES,
				MHD_OPTION_END);
}

static bool takes_bodies(const struct http_service *service)
{
	for (size_t i = 0; i < service->n_routes; i++) {
		if (strcmp(service->routes[i].method, "GET") != 0)
			return true;
	}
	return false;
}

int http_start(uv_loop_t *loop, int listen_fd, const struct http_service *service, struct http **ret,
	       struct error *error)
{
	const union MHD_DaemonInfo *info;
	struct http *http = new0(struct http);

	http->service = *service;
	if (service->is_local)
		guests_init(&http->guests);
	http->body_max = takes_bodies(service) ? BODY_MAX : 0;
	http->daemon = start_daemon(http, listen_fd);
	info = http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		close(listen_fd);
		free(http);
		return error_set(error, -EIO, "HTTP can't be served: libmicrohttpd refused to start");
	}
	uv_timer_init(loop, &http->timer);
	uv_poll_init(loop, &http->poll, info->epoll_fd);
	uv_timer_init(loop, &http->wake);
	uv_timer_init(loop, &http->gone);
	http->open_handles = 4;
	http->timer.data = http->poll.data = http->wake.data = http->gone.data = http;
	uv_poll_start(&http->poll, UV_READABLE, on_readable);
	*ret = http;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct http *http = handle->data;

	if (--http->open_handles == 0)
		free(http);
}

void http_stop(struct http *http)
{
	if (!http)
		return;
	uv_poll_stop(&http->poll);
	/* Who listens gets the last words; none may be suspended when libmicrohttpd stops. */
	for (int i = 0; i < LAST_RUNS; i++) {
		streams_wake(&http->waiting);
		MHD_run(http->daemon);
	}
	streams_wake(&http->waiting);
	MHD_stop_daemon(http->daemon);
	uv_close((uv_handle_t *)&http->poll, on_closed);
	uv_close((uv_handle_t *)&http->timer, on_closed);
	uv_close((uv_handle_t *)&http->wake, on_closed);
	uv_close((uv_handle_t *)&http->gone, on_closed);
}
