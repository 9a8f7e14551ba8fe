// SPDX-License-Identifier: BSD-2-Clause
#include "agent/rounds.h"

#include "agent/core.h"
#include "agent/packet_events.h"
#include "agent/reconcile.h"

#define BEAT_MS		 HOOKS_MS
#define BEATS_PER_SECOND (1000 / BEAT_MS)
#define EVENTS_MS	 100 /* while there are records */
#define EVENTS_PATIENCE	 10  /* readings in vain, and then with the beat again */

_Static_assert(PACING_MS % BEAT_MS == 0 && LIMIT_WATCH_MS % BEAT_MS == 0, "whole beats");

static bool has_caps(const struct compiled *compiled)
{
	for (size_t i = 0; compiled && i < compiled->limits.n; i++) {
		if (compiled->limits.items[i].limit.unit == LIMIT_MAX_CONNECTIONS)
			return true;
	}
	return false;
}

static void sweep(struct agent *agent)
{
	int r;

	if (agent->sweeper.counts.held || has_caps(agent->compiled))
		r = sweeper_recount(&agent->sweeper, agent->datapath, &agent->config->capacities);
	else
		r = sweeper_run(&agent->sweeper, agent->datapath, &agent->config->capacities);
	if (r == 0)
		pressure_watch(agent);
	reclaim_pairs(agent);
	packet_events_check(agent);
	uplinks_sync(&agent->uplinks); /* routes change without a word to us */
}

/* What could not be put back is a failure of the interface's as any other, and tried again as such. */
static void watch_hooks(struct agent *agent)
{
	hooks_watch(&agent->hooks);
	if (agent->endpoints.stale)
		reconcile_endpoints(agent);
	gatekeeper_watch(&agent->gatekeeper);
}

static void watch_pacing(struct agent *agent)
{
	if (pacing_watch(&agent->pacing, agent->links, agent->compiled) && agent->stale)
		agent_schedule(agent);
}

/* --- records of packets --------------------------------------------------------- */

static void on_events(uv_timer_t *timer)
{
	struct rounds *rounds = timer->data;

	rounds->in_vain = packet_events_read(rounds->agent) ? 0 : rounds->in_vain + 1;
	if (rounds->in_vain >= EVENTS_PATIENCE && !rounds->agent->events.followers)
		uv_timer_stop(timer);
}

void rounds_hurry(struct rounds *rounds)
{
	rounds->in_vain = 0;
	if (!uv_is_active((uv_handle_t *)&rounds->events))
		uv_timer_start(&rounds->events, on_events, EVENTS_MS, EVENTS_MS);
}

/*
 * Nobody wakes the agent up for a record, so those of a flood that begins after a
 * quiet time wait for a beat. Half a second touches three ticks at most, and in
 * each a decision may tell its share: by default 300 records of 10,000 that fit.
 */
static void look_for_events(struct rounds *rounds)
{
	if (!uv_is_active((uv_handle_t *)&rounds->events) && packet_events_read(rounds->agent))
		rounds_hurry(rounds);
}

/* --- the beat ------------------------------------------------------------------- */

static bool is_due(const struct rounds *rounds, uint64_t beats)
{
	return rounds->beats % beats == 0;
}

static void on_beat(uv_timer_t *timer)
{
	struct rounds *rounds = timer->data;
	struct agent *agent = rounds->agent;

	look_for_events(rounds);
	agent_back_up(agent);
	watch_hooks(agent);
	if (is_due(rounds, BEATS_PER_SECOND) && agent_has_shield(agent))
		shields_watch(&agent->shields, agent->datapath);
	if (is_due(rounds, LIMIT_WATCH_MS / BEAT_MS))
		limit_watch_run(&agent->limits, agent->datapath, agent->compiled);
	if (is_due(rounds, PACING_MS / BEAT_MS))
		watch_pacing(agent);
	if (is_due(rounds, (uint64_t)agent->config->sweep_seconds * BEATS_PER_SECOND))
		sweep(agent);
	rounds->beats++;
}

void rounds_init(struct rounds *rounds, uv_loop_t *loop, struct agent *agent)
{
	*rounds = (struct rounds){ .agent = agent };
	uv_timer_init(loop, &rounds->beat);
	uv_timer_init(loop, &rounds->events);
	rounds->beat.data = rounds->events.data = rounds;
}

void rounds_start(struct rounds *rounds)
{
	uv_timer_start(&rounds->beat, on_beat, 0, BEAT_MS);
}
