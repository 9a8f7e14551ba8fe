// SPDX-License-Identifier: BSD-2-Clause
#include "agent/agent.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>

#include "agent/api.h"
#include "agent/attaching.h"
#include "agent/capture.h"
#include "agent/core.h"
#include "agent/counts.h"
#include "agent/link_events.h"
#include "agent/listen.h"
#include "agent/loop.h"
#include "agent/packet_events.h"
#include "agent/service.h"
#include "agent/takeover.h"
#include "agent/ui.h"
#include "base/mem.h"
#include "version.h"

static int open_links(struct agent *agent, struct error *error)
{
	const struct links_events events = link_events(agent);

	return links_open(&events, &agent->links, error) ?: finder_open(&agent->finder, error);
}

/* Only what arrives by an uplink can be shielded from; elsewhere, denied packets shall not pay for the question. */
bool agent_has_shield(const struct agent *agent)
{
	return agent->config->uplinks.n && agent->config->times.shield_packets_per_second;
}

static struct datapath_times times_of(const struct agent *agent)
{
	struct datapath_times times = agent->config->times;

	if (!agent_has_shield(agent))
		times.shield_packets_per_second = 0;
	return times;
}

static int open_datapath(struct agent *agent, struct error *error)
{
	const struct agent_config *config = agent->config;
	struct datapath_config datapath = config->capacities;
	int r;

	datapath.bpffs = config->bpffs;
	r = datapath_open(&datapath, &agent->datapath, error);
	if (r == 0) {
		const struct datapath_times times = times_of(agent);

		datapath_set_times(agent->datapath, &times);
		datapath_set_watch(agent->datapath, &config->watch);
		datapath_capture_clear(agent->datapath);
		if (datapath_probe_hook(agent->datapath) == HOOK_CLSACT)
			r = links_watch_filters(agent->links, error);
	}
	return r;
}

/* error: of what was opened; "" when nothing was wrong with it. */
static void note_found(struct agent *agent, struct error *error, const char *outcome)
{
	if (!*error->text)
		return;
	log_error("%s%s", error->text, outcome);
	notes_add(&agent->found, "%s%s", error->text, outcome);
	*error = (struct error){};
}

static int open_state(struct agent *agent, struct error *error)
{
	int r = state_open(agent->config->state_dir, &agent->ledger, &agent->state, error);

	if (r == 0)
		note_found(agent, error, agent->state.lost ? "; numbers begin afresh" : "");
	return r;
}

static int restore_counts(struct agent *agent, struct error *error)
{
	int r = counts_restore(agent, datapath_took_over(agent->datapath), error);

	if (r == 0)
		note_found(agent, error, "; what the agent itself counts begins at zero");
	return r;
}

static int open_attachments(struct agent *agent, struct error *error)
{
	int r = attachments_open(agent->config->state_dir, &agent->attachments, error);

	if (r < 0)
		return r;
	note_found(agent, error, "; what the CNI plugin said is lost, and pods are found by their addresses");
	agent->overlay = (struct overlay){ .attachments = &agent->attachments, .node = agent->config->node };
	agent->sources.overlay = &agent->overlay;
	attaching_check(agent);
	return 0;
}

static int open_sources(struct agent *agent, struct error *error)
{
	const struct kube_follower follower = { loop_kube_changed, agent };
	int r = sources_open(agent->config, &follower, &agent->sources, error);
	const char *damage = r < 0 ? NULL : store_damage(agent->sources.store);

	if (damage)
		log_error("%s", damage);
	if (damage && !store_is_lost(agent->sources.store))
		notes_add(&agent->found, "%s", damage);
	return r;
}

void agent_back_up(struct agent *agent)
{
	struct error error = {};

	if (state_back_up(&agent->state, &error) < 0 || store_back_up(agent->sources.store, &error) < 0)
		log_debug("%s", error.text);
}

static void wake_followers(void *data)
{
	const struct agent *agent = data;

	if (agent->events.followers)
		http_wake(agent->socket);
}

static int open_socket(struct agent *agent, struct error *error)
{
	_cleanup_free_ char *path = xasprintf("%s/weir.sock", agent->config->run_dir);
	const struct http_service service = {
		.routes = api_socket_routes, .n_routes = api_socket_n_routes, .data = agent, .is_local = true
	};
	int fd = listen_unix(path, error);

	return fd < 0 ? fd : http_start(loop_uv(agent->loop), fd, &service, &agent->socket, error);
}

/* The enforcer does its work without it, so a taken port is only said. */
static void open_metrics(struct agent *agent)
{
	const struct http_service service = { .routes = api_metrics_routes,
					      .n_routes = api_metrics_n_routes,
					      .data = agent };
	struct error error = {};
	int fd;

	if (strcmp(agent->config->metrics, "off") == 0)
		return;
	fd = listen_tcp("metrics", agent->config->metrics, &error);
	if (fd < 0 || http_start(loop_uv(agent->loop), fd, &service, &agent->metrics, &error) < 0)
		log_warning("metrics are only served on the control socket: %s (choose another --metrics)", error.text);
}

/* The same goes for a collector. */
static void open_otlp(struct agent *agent)
{
	const struct agent_config *config = agent->config;
	const struct otlp_setting setting = { &config->otlp, config->node, &agent->events, &agent->otlp_counts };
	struct error error = {};

	if (config->otlp.endpoint && otlp_start(loop_uv(agent->loop), &setting, &agent->otlp, &error) < 0)
		log_warning("events are not sent: %s", error.text);
}

/* Every directory, map and socket is open, and nobody has been listened to yet. */
static void shut(struct agent *agent)
{
	const struct confine_needs needs = {
		.config = agent->config,
		.kube = sources_kube(&agent->sources),
		.filters_by_number = datapath_filters_by_number(agent->datapath),
	};

	confine_finish(&needs, &agent->confinement);
}

static int start(struct agent *agent, struct error *error)
{
	struct event started;
	int r = locks_take(agent->config, &agent->locks, error) ?:
		open_state(agent, error) ?:
		open_sources(agent, error) ?:
		open_links(agent, error) ?:
		open_datapath(agent, error) ?:
		loop_open(agent, &agent->loop, error) ?:
		restore_counts(agent, error);

	if (r < 0)
		return r;
	agent->endpoints.config = agent->config;
	agent->endpoints.datapath = agent->datapath;
	agent->endpoints.links = agent->links;
	agent->endpoints.finder = agent->finder;
	agent->endpoints.attachments = &agent->attachments;
	agent->endpoints.events = agent->sources.events = agent->shields.events = agent->limits.events = &agent->events;
	agent->uplinks = (struct uplinks){
		.config = agent->config,
		.datapath = agent->datapath,
		.links = agent->links,
		.endpoints = &agent->endpoints,
	};
	agent->hooks = (struct hooks){
		.endpoints = &agent->endpoints,
		.uplinks = &agent->uplinks,
		.events = &agent->events,
	};
	agent->events_lost = packet_events_count(agent).lost;
	r = open_attachments(agent, error) ?: take_over(agent, error);
	if (r < 0)
		return r;
	gatekeeper_open(&agent->gatekeeper, &agent->endpoints);
	r = open_socket(agent, error);
	if (r < 0)
		return r;
	open_metrics(agent);
	open_otlp(agent);
	ui_open(agent, loop_uv(agent->loop));
	shut(agent);
	events_listen(&agent->events, wake_followers, agent);
	started = event_make(EVENT_AGENT_STARTED, "weir " WEIR_VERSION " started on node %s", agent->config->node);
	events_add(&agent->events, &started);
	return 0;
}

/* Programs, maps and links stay pinned: enforcement goes on. The socket goes before the lock does. */
static void stop(struct agent *agent)
{
	_cleanup_free_ char *path = xasprintf("%s/weir.sock", agent->config->run_dir);

	if (agent->socket)
		unlink(path);
	capture_finish(agent->capture);
	http_stop(agent->socket);
	http_stop(agent->metrics);
	otlp_stop(agent->otlp);
	http_stop(agent->ui);
	loop_close(agent->loop);
	compiled_free(agent->compiled);
	overlay_free(&agent->overlay);
	attachments_free(&agent->attachments);
	gatekeeper_free(&agent->gatekeeper);
	endpoints_free(&agent->endpoints);
	hooks_free(&agent->hooks);
	uplinks_free(&agent->uplinks);
	sweeper_free(&agent->sweeper);
	shields_free(&agent->shields);
	reclaim_free(&agent->reclaim);
	limit_watch_free(&agent->limits);
	pacing_free(&agent->pacing);
	addresses_free(&agent->addresses);
	datapath_close(agent->datapath);
	finder_close(agent->finder);
	links_close(agent->links);
	sources_free(&agent->sources);
	ledger_free(&agent->ledger);
	rulebook_free(&agent->rulebook);
	notes_free(&agent->warnings);
	notes_free(&agent->failures);
	notes_free(&agent->unsaved);
	notes_free(&agent->found);
	free(agent->counts_saved);
	events_free(&agent->events);
	confinement_free(&agent->confinement);
	state_free(&agent->state);
	locks_release(&agent->locks);
}

static void tell_stopping(struct agent *agent)
{
	struct event event =
		event_make(EVENT_AGENT_STOPPING, "stopped; policy revision %u stays in force", agent->revision);

	event.revision = agent->revision;
	events_add(&agent->events, &event);
}

int agent_run(const struct agent_config *config, struct error *error)
{
	struct agent agent = { .config = config, .locks = LOCKS_NONE, .stale = true };
	struct error unsaved = {};
	int r;

	mallopt(M_ARENA_MAX, 1); /* what a thread makes another one frees, and only one of them works at a time */
	events_init(&agent.events, config->event_history, config->log_events);
	signal(SIGPIPE, SIG_IGN);
	confine_start(config, &agent.confinement);
	r = start(&agent, error);
	if (r == 0) {
		loop_run(agent.loop);
		service_tell("STOPPING=1");
		tell_stopping(&agent);
		if (counts_save(&agent, &unsaved) < 0)
			log_warning("%s", unsaved.text);
	}
	stop(&agent);
	return r;
}
