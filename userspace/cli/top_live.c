// SPDX-License-Identifier: BSD-2-Clause
#include "cli/top_live.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <uv.h>

#include "cli/client.h"
#include "cli/top_screen.h"

#define ANSWER_SECONDS 5
#define STATUS_SECONDS 5

struct live {
	const struct invocation *invocation;
	struct top_screen *screen;
	struct top_model model;
	struct top_view view;
	json_t *status;
	uint64_t status_due; /* by the loop's clock */

	uv_loop_t loop;
	uv_poll_t keys;
	uv_timer_t timer;
	uv_signal_t signals[4];
	int terminal; /* a description of its own, as libuv makes what it polls non-blocking */

	/* Of the thread that asks, while asking is set. */
	uv_work_t work;
	bool asking, wants_status;
	json_t *pairs, *new_status;
	struct error error;
	int result; /* 0 or -errno, with error */
};

static int ask_for(struct live *live, const char *path, json_t **ret)
{
	const struct request request = {
		.socket = live->invocation->socket, .method = "GET", .path = path, .seconds = ANSWER_SECONDS
	};

	return client_call(&request, ret, &live->error);
}

static void ask_all(struct live *live)
{
	live->result = live->wants_status ? ask_for(live, "/v1/status?brief=true", &live->new_status) : 0;
	live->result = live->result ?: ask_for(live, PAIRS_PATH, &live->pairs);
}

/* Not on the loop's thread. */
static void ask(uv_work_t *work)
{
	ask_all(work->data);
}

static void draw(struct live *live)
{
	top_screen_draw(live->screen, &live->view);
}

static void take(struct live *live)
{
	if (live->new_status) {
		json_decref(live->status);
		live->status = TAKE_PTR(live->new_status);
		live->view.status = live->status;
		live->status_due = uv_now(&live->loop) + STATUS_SECONDS * 1000;
	}
	if (!live->view.paused)
		top_model_take(&live->model, live->pairs);
	json_decref(live->pairs);
	live->pairs = NULL;
}

static void answered(uv_work_t *work, int status)
{
	struct live *live = work->data;

	live->asking = false;
	if (live->result) {
		uv_stop(&live->loop);
		return;
	}
	take(live);
	draw(live);
}

static void on_timer(uv_timer_t *timer)
{
	struct live *live = timer->data;

	if (live->view.paused || live->asking)
		return;
	live->wants_status = uv_now(&live->loop) >= live->status_due;
	live->asking = uv_queue_work(&live->loop, &live->work, ask, answered) == 0;
}

/* A terminal that is readable and has nothing to read is gone. */
static bool has_hung_up(const struct live *live)
{
	int waiting = 0;

	return ioctl(live->terminal, FIONREAD, &waiting) < 0 || waiting == 0;
}

static void on_keys(uv_poll_t *poll, int status, int events)
{
	struct live *live = poll->data;
	int key;

	if (status < 0 || has_hung_up(live)) {
		uv_stop(&live->loop);
		return;
	}
	while ((key = top_screen_key(live->screen)) >= 0) {
		if (top_view_press(&live->view, key) == TOP_QUIT) {
			uv_stop(&live->loop);
			return;
		}
	}
	draw(live);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct live *live = handle->data;

	if (number != SIGWINCH) {
		uv_stop(&live->loop);
		return;
	}
	top_screen_resized(live->screen);
	draw(live);
}

static void start(struct live *live)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
	const uint64_t period = live->view.interval * UINT64_C(1000);

	uv_timer_init(&live->loop, &live->timer);
	uv_poll_init(&live->loop, &live->keys, live->terminal);
	live->work.data = live->timer.data = live->keys.data = live;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uv_signal_init(&live->loop, &live->signals[i]);
		live->signals[i].data = live;
		uv_signal_start(&live->signals[i], on_signal, numbers[i]);
	}
	uv_poll_start(&live->keys, UV_READABLE, on_keys);
	uv_timer_start(&live->timer, on_timer, period, period);
}

static void close_handle(uv_handle_t *handle, void *data)
{
	uv_close(handle, NULL);
}

/* What is being asked for is waited for: it ends within ANSWER_SECONDS. */
static void finish(struct live *live)
{
	uv_walk(&live->loop, close_handle, NULL);
	uv_run(&live->loop, UV_RUN_DEFAULT);
	uv_loop_close(&live->loop);
	json_decref(live->pairs);
	json_decref(live->new_status);
	json_decref(live->status);
	top_view_free(&live->view);
	top_model_free(&live->model);
}

static int open_terminal(struct live *live)
{
	char name[PATH_MAX];
	int r = ttyname_r(STDIN_FILENO, name, sizeof(name));

	live->terminal = r == 0 ? open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
	if (live->terminal < 0)
		return say_failed("top: the terminal can't be opened: %s (use --once)", strerror(r ?: errno));
	return EXIT_DONE;
}

int top_live(const struct invocation *invocation, const struct top_wish *wish)
{
	struct live live = { .invocation = invocation, .wants_status = true };
	_cleanup_close_ int terminal = -1;
	int code = open_terminal(&live);

	if (code)
		return code;
	terminal = live.terminal;
	live.view = (struct top_view){ .model = &live.model, .key = wish->key, .interval = wish->interval };
	strncat(live.view.filter, wish->filter, sizeof(live.view.filter) - 1);
	uv_loop_init(&live.loop);

	/* What can't be done is said before the terminal is touched. */
	ask_all(&live);
	live.result = live.result ?: top_screen_open(invocation->color, &live.screen, &live.error);
	if (live.result == 0) {
		take(&live);
		draw(&live);
		start(&live);
		uv_run(&live.loop, UV_RUN_DEFAULT);
		top_screen_close(live.screen);
	}
	if (live.result)
		code = say_error(&live.error);
	finish(&live);
	return code;
}
