// SPDX-License-Identifier: BSD-2-Clause
#include "agent/curl_loop.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

struct curl_loop {
	uv_loop_t *uv;
	CURLM *multi;
	uv_timer_t timer;
	void (*done)(void *data, CURL *easy, CURLcode code);
	void *data;
	bool stopping;
};

/* One socket of libcurl's; freed when its handle is closed. */
struct watched {
	uv_poll_t poll;
	struct curl_loop *loop;
	curl_socket_t fd;
};

static void tell_done(struct curl_loop *loop)
{
	CURLMsg *message;
	CURLcode code;
	CURL *easy;
	int left;

	while ((message = curl_multi_info_read(loop->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		easy = message->easy_handle; /* the message is gone once the handle is taken out */
		code = message->data.result;
		curl_multi_remove_handle(loop->multi, easy);
		loop->done(loop->data, easy, code);
	}
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watched *watched = poll->data;
	struct curl_loop *loop = watched->loop;
	int running, what = 0;

	if (status < 0)
		what = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		what |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		what |= CURL_CSELECT_OUT;
	/* watched may be freed by this */
	curl_multi_socket_action(loop->multi, watched->fd, what, &running);
	tell_done(loop);
}

static void on_timer(uv_timer_t *timer)
{
	struct curl_loop *loop = timer->data;
	int running;

	curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	tell_done(loop);
}

static int set_timer(CURLM *multi, long ms, void *data)
{
	struct curl_loop *loop = data;

	if (loop->stopping)
		return 0;
	if (ms < 0)
		uv_timer_stop(&loop->timer);
	else
		uv_timer_start(&loop->timer, on_timer, (uint64_t)ms, 0);
	return 0;
}

static void on_watched_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static struct watched *watch(struct curl_loop *loop, curl_socket_t fd)
{
	struct watched *watched = new0(struct watched);

	*watched = (struct watched){ .loop = loop, .fd = fd };
	if (uv_poll_init_socket(loop->uv, &watched->poll, fd) < 0) {
		free(watched);
		return NULL;
	}
	watched->poll.data = watched;
	curl_multi_assign(loop->multi, fd, watched);
	return watched;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *of_socket)
{
	struct curl_loop *loop = data;
	struct watched *watched = of_socket;

	if (what == CURL_POLL_REMOVE) {
		if (watched) {
			uv_poll_stop(&watched->poll);
			uv_close((uv_handle_t *)&watched->poll, on_watched_closed);
			curl_multi_assign(loop->multi, fd, NULL);
		}
		return 0;
	}
	watched = watched ?: watch(loop, fd);
	if (!watched)
		return -1;
	uv_poll_start(&watched->poll,
		      (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0), on_ready);
	return 0;
}

struct curl_loop *curl_loop_start(uv_loop_t *uv, void (*done)(void *data, CURL *easy, CURLcode code), void *data)
{
	struct curl_loop *loop = new0(struct curl_loop);

	*loop = (struct curl_loop){ .uv = uv, .multi = curl_multi_init(), .done = done, .data = data };
	if (!loop->multi) {
		free(loop);
		return NULL;
	}
	uv_timer_init(uv, &loop->timer);
	loop->timer.data = loop;
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
	return loop;
}

void curl_loop_add(struct curl_loop *loop, CURL *easy)
{
	curl_multi_add_handle(loop->multi, easy);
}

void curl_loop_remove(struct curl_loop *loop, CURL *easy)
{
	curl_multi_remove_handle(loop->multi, easy);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void curl_loop_stop(struct curl_loop *loop)
{
	if (!loop)
		return;
	loop->stopping = true;
	uv_timer_stop(&loop->timer);
	curl_multi_cleanup(loop->multi);
	uv_close((uv_handle_t *)&loop->timer, on_closed);
}
