// SPDX-License-Identifier: BSD-2-Clause
#include "agent/loop.h"

#include <signal.h>

#include "agent/aside.h"
#include "agent/attaching.h"
#include "agent/packet_events.h"
#include "agent/reconcile.h"
#include "agent/rounds.h"
#include "agent/service.h"
#include "base/mem.h"

#define SETTLE_MS    20	  /* what is written together is taken in together */
#define RETRY_MS     1000 /* after the kernel or the disk refused something, then twice as long each time */
#define RETRY_MS_MAX 60000

struct watched_source {
	uv_poll_t poll;
	struct agent *agent;
};

struct agent_loop {
	struct agent *agent;
	uv_loop_t uv;
	uv_signal_t terminate, interrupt, hangup;
	uv_timer_t settle, retry, search, watchdog;
	struct rounds rounds;
	uint64_t retry_ms;
	uint64_t reconciled; /* ms of the loop, when it had been done last */
	uv_poll_t links, whereabouts;
	bool links_moved; /* while something was worked at aside */
	uv_prepare_t idle;
	struct watched_source *sources; /* one per directory */
	size_t n_sources;
};

uv_loop_t *loop_uv(struct agent_loop *loop)
{
	return &loop->uv;
}

static void watch_sources(struct agent_loop *loop);

static void on_settle(uv_timer_t *timer)
{
	struct agent_loop *loop = timer->data;

	reconcile(loop->agent, false);
	watch_sources(loop);
	uv_update_time(&loop->uv);
	loop->reconciled = uv_now(&loop->uv);
}

static void on_retry(uv_timer_t *timer)
{
	struct agent_loop *loop = timer->data;

	loop->agent->stale |= loop->agent->failures.list.n > 0;
	reconcile(loop->agent, false);
}

static void reconcile_in(struct agent_loop *loop, uint64_t ms)
{
	loop->retry_ms = RETRY_MS;
	if (!uv_is_active((uv_handle_t *)&loop->settle))
		uv_timer_start(&loop->settle, on_settle, ms, 0);
}

void agent_schedule(struct agent *agent)
{
	if (agent->loop)
		reconcile_in(agent->loop, SETTLE_MS);
}

void agent_retry(struct agent *agent)
{
	struct agent_loop *loop = agent->loop;

	if (!loop || uv_is_active((uv_handle_t *)&loop->retry))
		return;
	uv_timer_start(&loop->retry, on_retry, loop->retry_ms, 0);
	loop->retry_ms = loop->retry_ms * 2 > RETRY_MS_MAX ? RETRY_MS_MAX : loop->retry_ms * 2;
}

/* Pods that come and go are not kept waiting. For the rest the descriptor is not looked at until then. */
static void on_source(uv_poll_t *poll, int status, int events)
{
	struct watched_source *source = poll->data;

	if (reconcile_pods(source->agent))
		return;
	uv_poll_stop(poll);
	agent_schedule(source->agent);
}

/*
 * Objects of the API are whole and come one by one: the first after quiet is
 * taken in at once, and what comes in quick succession after it together.
 */
void loop_kube_changed(void *data)
{
	struct agent *agent = data;
	struct agent_loop *loop = agent->loop;
	uint64_t rested;

	if (reconcile_pods(agent))
		return;
	rested = uv_now(&loop->uv) - loop->reconciled;
	reconcile_in(loop, rested < SETTLE_MS ? SETTLE_MS - rested : 0);
}

static void watch_sources(struct agent_loop *loop)
{
	for (size_t i = 0; i < loop->n_sources; i++)
		uv_poll_start(&loop->sources[i].poll, UV_READABLE, on_source);
}

void agent_listen(struct agent *agent)
{
	rounds_hurry(&agent->loop->rounds);
}

static void on_search(uv_timer_t *timer)
{
	reconcile_endpoints(((struct agent_loop *)timer->data)->agent);
}

static void search_again(struct agent *agent)
{
	if (finder_seeks(agent->finder) && finder_wait_ms(agent->finder) == 0)
		reconcile_endpoints(agent);
	else
		agent_search(agent);
}

static void on_whereabouts(uv_poll_t *poll, int status, int events)
{
	struct agent *agent = ((struct agent_loop *)poll->data)->agent;

	if (finder_dispatch(agent->finder))
		search_again(agent);
}

/* Routes and neighbours are only listened to while there is somebody to find. */
void agent_search(struct agent *agent)
{
	struct agent_loop *loop = agent->loop;
	const bool seeks = finder_seeks(agent->finder);

	if (!loop)
		return;
	finder_watch(agent->finder, seeks);
	if (seeks) {
		uv_timer_start(&loop->search, on_search, finder_wait_ms(agent->finder), 0);
		uv_poll_start(&loop->whereabouts, UV_READABLE, on_whereabouts);
	} else {
		uv_timer_stop(&loop->search);
		uv_poll_stop(&loop->whereabouts);
	}
}

static void follow_links(struct agent *agent)
{
	if (agent->attachments.stale)
		attaching_check(agent);
	if (agent->endpoints.stale)
		reconcile_endpoints(agent);
	else
		search_again(agent);
	uplinks_sync(&agent->uplinks);
}

static void on_links(uv_poll_t *poll, int status, int events)
{
	struct agent *agent = ((struct agent_loop *)poll->data)->agent;

	packet_events_read(agent);
	links_dispatch(agent->links);
	hooks_watch_touched(&agent->hooks);
	follow_links(agent);
}

/* Closes strangers, and puts back what they take off. All else that follows from it touches what is being worked at,
 * and waits for on_idle(). */
static void mind_links(void *data)
{
	struct agent *agent = data;

	links_dispatch(agent->links);
	hooks_mind(&agent->hooks);
	agent->loop->links_moved = true;
}

int agent_aside(struct agent *agent, int (*work)(void *data), void *data)
{
	return aside_run(&(struct aside_watch){ links_fd(agent->links), HOOKS_MS, mind_links, agent }, work, data);
}

/* Before the loop sleeps, so no plan is in the making. */
static void on_idle(uv_prepare_t *idle)
{
	struct agent_loop *loop = idle->data;
	struct agent *agent = loop->agent;

	if (loop->links_moved) {
		loop->links_moved = false;
		follow_links(agent);
	}
	overlay_tidy(&agent->overlay, agent->compiled);
	if (agent->attaching)
		http_wake(agent->socket);
}

void loop_links_moved(struct agent_loop *loop)
{
	loop->links_moved = true;
}

static void on_stop_signal(uv_signal_t *signal, int number)
{
	uv_stop(signal->loop);
}

static void on_hangup(uv_signal_t *signal, int number)
{
	struct agent_loop *loop = signal->data;

	log_info("reading all sources again");
	loop->agent->stale = true;
	reconcile(loop->agent, true);
}

static void open_sources(struct agent_loop *loop)
{
	const struct sources *sources = &loop->agent->sources;

	loop->sources = xcalloc(sources->list.n + 1, sizeof(*loop->sources));
	vec_for_each (source, &sources->list) {
		struct watched_source *watched = &loop->sources[loop->n_sources];

		if (!source->directory)
			continue;
		watched->agent = loop->agent;
		watched->poll.data = watched;
		uv_poll_init(&loop->uv, &watched->poll, directory_fd(source->directory));
		loop->n_sources++;
	}
}

static void open_signal(struct agent_loop *loop, uv_signal_t *handle, uv_signal_cb callback, int number)
{
	uv_signal_init(&loop->uv, handle);
	handle->data = loop;
	uv_signal_start(handle, callback, number);
}

int loop_open(struct agent *agent, struct agent_loop **ret, struct error *error)
{
	struct agent_loop *loop = new0(struct agent_loop);
	int r = uv_loop_init(&loop->uv);

	if (r < 0) {
		free(loop);
		return error_set(error, r, "event loop can't be made: %s", uv_strerror(r));
	}
	loop->agent = agent;
	loop->retry_ms = RETRY_MS;
	open_signal(loop, &loop->terminate, on_stop_signal, SIGTERM);
	open_signal(loop, &loop->interrupt, on_stop_signal, SIGINT);
	open_signal(loop, &loop->hangup, on_hangup, SIGHUP);
	uv_timer_init(&loop->uv, &loop->settle);
	uv_timer_init(&loop->uv, &loop->retry);
	uv_timer_init(&loop->uv, &loop->watchdog);
	uv_timer_init(&loop->uv, &loop->search);
	uv_poll_init(&loop->uv, &loop->whereabouts, finder_fd(agent->finder));
	uv_poll_init(&loop->uv, &loop->links, links_fd(agent->links));
	uv_prepare_init(&loop->uv, &loop->idle);
	rounds_init(&loop->rounds, &loop->uv, agent);
	loop->settle.data = loop->retry.data = loop->links.data = loop->search.data = loop->whereabouts.data =
		loop->idle.data = loop;
	open_sources(loop);
	*ret = loop;
	return 0;
}

static void start_kube(struct agent_loop *loop)
{
	struct error error = {};

	vec_for_each (source, &loop->agent->sources.list) {
		if (source->kube && kube_start(source->kube, &loop->uv, &error) < 0)
			log_error("source %s: %s", source->name, error.text);
	}
}

static void stop_kube(struct agent_loop *loop)
{
	vec_for_each (source, &loop->agent->sources.list)
		kube_stop(source->kube);
}

static void on_watchdog(uv_timer_t *timer)
{
	service_tell("WATCHDOG=1");
}

/* What was in force before is in force, and what there is of the sources now; interfaces that nobody knows are shut. */
static void tell_ready(struct agent_loop *loop)
{
	const uint64_t interval = service_watchdog_ms();

	service_tell("READY=1");
	if (interval)
		uv_timer_start(&loop->watchdog, on_watchdog, interval, interval);
}

void loop_run(struct agent_loop *loop)
{
	reconcile(loop->agent, true);
	tell_ready(loop);
	start_kube(loop);
	watch_sources(loop);
	rounds_start(&loop->rounds);
	uv_poll_start(&loop->links, UV_READABLE, on_links);
	uv_prepare_start(&loop->idle, on_idle);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

static void close_handle(uv_handle_t *handle, void *data)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void loop_close(struct agent_loop *loop)
{
	if (!loop)
		return;
	stop_kube(loop);
	uv_walk(&loop->uv, close_handle, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	uv_loop_close(&loop->uv);
	free(loop->sources);
	free(loop);
}
