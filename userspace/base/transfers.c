// SPDX-License-Identifier: BSD-2-Clause
#include "base/transfers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/vec.h"

/* A request under way. */
struct transfer {
	CURL *easy;
	void (*done)(void *data, CURLcode result);
	void *data;
};

struct transfers {
	CURLM *multi;
	uv_loop_t *loop;
	uv_timer_t timer;
	VEC(struct transfer *) under_way;
};

/* A socket of libcurl's, as the loop watches it. */
struct watched_socket {
	uv_poll_t poll;
	struct transfers *transfers;
	curl_socket_t socket;
};

static void take_finished(struct transfers *transfers)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(transfers->multi, &left))) {
		CURL *easy = message->easy_handle;
		CURLcode result = message->data.result;

		for (size_t i = 0; message->msg == CURLMSG_DONE && i < transfers->under_way.n; i++) {
			struct transfer *transfer = transfers->under_way.items[i];

			if (transfer->easy != easy)
				continue;
			curl_multi_remove_handle(transfers->multi, easy);
			vec_remove(&transfers->under_way, i);
			transfer->done(transfer->data, result);
			free(transfer);
			break;
		}
	}
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	const struct watched_socket *watched = poll->data;
	struct transfers *transfers = watched->transfers;
	/* What is wrong libcurl finds out, and says, when it reads. */
	int action = status < 0 ? CURL_CSELECT_IN | CURL_CSELECT_OUT
				: (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
					  (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(transfers->multi, watched->socket, action, &running);
	take_finished(transfers);
}

static void free_watched(uv_handle_t *handle)
{
	free(handle->data);
}

static void unwatch(struct watched_socket *watched)
{
	if (!watched)
		return;
	uv_poll_stop(&watched->poll);
	if (!uv_is_closing((uv_handle_t *)&watched->poll))
		uv_close((uv_handle_t *)&watched->poll, free_watched);
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *data, void *of_socket)
{
	struct transfers *transfers = data;
	struct watched_socket *watched = of_socket;
	int events = (what != CURL_POLL_IN ? UV_WRITABLE : 0) | (what != CURL_POLL_OUT ? UV_READABLE : 0);

	if (what == CURL_POLL_REMOVE) {
		unwatch(watched);
		curl_multi_assign(transfers->multi, socket, NULL);
		return 0;
	}
	if (!watched) {
		watched = new0(struct watched_socket);
		watched->transfers = transfers;
		watched->socket = socket;
		watched->poll.data = watched;
		if (uv_poll_init_socket(transfers->loop, &watched->poll, socket) < 0) {
			free(watched);
			return -1;
		}
		curl_multi_assign(transfers->multi, socket, watched);
	}
	return uv_poll_start(&watched->poll, events, on_socket) < 0 ? -1 : 0;
}

static void on_timer(uv_timer_t *timer)
{
	struct transfers *transfers = timer->data;
	int running;

	curl_multi_socket_action(transfers->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_finished(transfers);
}

static int set_timer(CURLM *multi, long ms, void *data)
{
	struct transfers *transfers = data;

	if (ms < 0)
		uv_timer_stop(&transfers->timer);
	else /* not from inside of this call, which libcurl forbids */
		uv_timer_start(&transfers->timer, on_timer, (uint64_t)ms, 0);
	return 0;
}

int transfers_open(uv_loop_t *loop, struct transfers **ret, struct error *error)
{
	struct transfers *transfers = new0(struct transfers);

	transfers->loop = loop;
	transfers->multi = curl_multi_init();
	if (!transfers->multi) {
		free(transfers);
		return error_set(error, -ENOMEM, "libcurl does not start");
	}
	curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETDATA, transfers);
	curl_multi_setopt(transfers->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(transfers->multi, CURLMOPT_TIMERDATA, transfers);
	uv_timer_init(loop, &transfers->timer);
	transfers->timer.data = transfers;
	*ret = transfers;
	return 0;
}

static void free_transfers(uv_handle_t *timer)
{
	free(timer->data);
}

void transfers_close(struct transfers *transfers)
{
	if (!transfers)
		return;
	curl_multi_cleanup(transfers->multi);
	vec_free(&transfers->under_way);
	uv_close((uv_handle_t *)&transfers->timer, free_transfers);
}

void transfers_start(struct transfers *transfers, CURL *easy, void (*done)(void *data, CURLcode result), void *data)
{
	struct transfer *transfer = new0(struct transfer);

	*transfer = (struct transfer){ .easy = easy, .done = done, .data = data };
	vec_push(&transfers->under_way, transfer);
	curl_multi_add_handle(transfers->multi, easy);
}

void transfers_stop(struct transfers *transfers, CURL *easy)
{
	for (size_t i = 0; i < transfers->under_way.n; i++) {
		struct transfer *transfer = transfers->under_way.items[i];

		if (transfer->easy != easy)
			continue;
		curl_multi_remove_handle(transfers->multi, easy);
		vec_remove(&transfers->under_way, i);
		free(transfer);
		return;
	}
}
