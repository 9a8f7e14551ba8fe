// SPDX-License-Identifier: BSD-2-Clause
#include "cni/call.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define ANSWER_MAX	 ((size_t)16 << 20)
#define PART		 ((size_t)16 << 10)
#define MS_PER_SECOND	 1000
#define NS_PER_MS	 1000000
#define STATUS_ERROR	 400
#define STATUS_NOT_FOUND 404
#define STATUS_NOT_NOW	 503
#define STATUS_NO_SPACE	 507

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * MS_PER_SECOND + now.tv_nsec / NS_PER_MS;
}

static int unreachable(const struct call *call, int r, struct error *error)
{
	return error_set(error, -EHOSTDOWN, "the weir agent at %s can't be reached: %s", call->socket, strerror(-r));
}

/* 0 when the socket is ready, -ETIMEDOUT at the deadline. */
static int wait_for(int fd, short events, long long deadline)
{
	struct pollfd wanted = { .fd = fd, .events = events };
	const long long left = deadline - now_ms();
	int n = left > 0 ? poll(&wanted, 1, (int)left) : 0;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

/* While the agent has no time for it, connect() waits as long as sending may take. */
static int connect_to(const char *path, long seconds)
{
	const struct timeval patience = { .tv_sec = seconds };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int send_all(int fd, const char *text, size_t length, long long deadline)
{
	while (length) {
		int r = wait_for(fd, POLLOUT, deadline);
		ssize_t n;

		if (r < 0)
			return r;
		n = send(fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

/* To the end, which is where the agent closes. */
static int receive_all(int fd, long long deadline, char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;

	for (;;) {
		int r = wait_for(fd, POLLIN, deadline);
		ssize_t n;

		if (r < 0)
			return r;
		if (length > ANSWER_MAX)
			return -EFBIG;
		text = xrealloc(text, length + PART + 1, 1);
		n = recv(fd, text + length, PART, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		length += n > 0 ? (size_t)n : 0;
	}
	text[length] = '\0';
	*ret_text = TAKE_PTR(text);
	return 0;
}

static int exchange(const struct call *call, char **ret_answer, struct error *error)
{
	const long long deadline = now_ms() + (long long)call->seconds * MS_PER_SECOND;
	_cleanup_free_ char *body = call->body ? json_dumps(call->body, JSON_COMPACT) : xstrdup("");
	_cleanup_free_ char *request = NULL;
	_cleanup_close_ int fd = connect_to(call->socket, call->seconds);
	int r;

	if (fd < 0)
		return unreachable(call, fd, error);
	request = xasprintf("%s %s HTTP/1.0\r\nHost: weir\r\nContent-Length: %zu\r\n\r\n%s", call->method, call->path,
			    strlen(body ?: ""), body ?: "");
	r = send_all(fd, request, strlen(request), deadline) ?: receive_all(fd, deadline, ret_answer);
	return r < 0 ? unreachable(call, r, error) : 0;
}

static int refused(const struct call *call, int status, const json_t *json, struct error *error)
{
	const int code = status == STATUS_NOT_NOW || status == STATUS_NO_SPACE ? -EAGAIN
			 : status == STATUS_NOT_FOUND			       ? -ENOSYS
									       : -EREMOTEIO;
	const char *why = json_string_value(json_object_get(json, "error"));

	if (why)
		return error_set(error, code, "%s", why);
	return error_set(error, code, "%s %s: the weir agent answers with status %d", call->method, call->path, status);
}

int call_agent(const struct call *call, json_t **ret_json, struct error *error)
{
	_cleanup_free_ char *answer = NULL;
	json_auto_t *json = NULL;
	const char *body;
	int status, r = exchange(call, &answer, error);

	if (r < 0)
		return r;
	body = strstr(answer, "\r\n\r\n");
	if (!*answer)
		return error_set(error, -EHOSTDOWN, "the weir agent at %s ended before it answered", call->socket);
	if (sscanf(answer, "HTTP/1.%*1d %3d", &status) != 1 || !body)
		return error_set(error, -EPROTO, "what answers at %s is no weir agent", call->socket);
	json = json_loads(body + strlen("\r\n\r\n"), 0, NULL);
	if (status >= STATUS_ERROR)
		return refused(call, status, json, error);
	if (!json_is_object(json))
		return error_set(error, -EPROTO, "the weir agent's answer to %s %s is not whole", call->method,
				 call->path);
	*ret_json = TAKE_PTR(json);
	return 0;
}
