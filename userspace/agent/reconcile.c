// SPDX-License-Identifier: BSD-2-Clause
#include "agent/reconcile.h"

#include <string.h>

#include "agent/cluster.h"
#include "agent/corrupt.h"
#include "agent/increment.h"
#include "agent/packet_events.h"
#include "agent/prune.h"
#include "base/mem.h"

static double seconds_since(const struct timespec *begun)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begun->tv_sec) + (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

static void add_node_addresses(const struct agent *agent, struct world *world)
{
	addr_list list = {};

	links_addresses(agent->links, &list);
	vec_for_each (addr, &list)
		vec_push(&world->node_addrs, *addr);
	vec_free(&list);
}

void plan_world(const struct agent *agent, const struct objects *store, struct world *world, struct diags *diags)
{
	add_node_addresses(agent, world);
	sources_world(&agent->sources, store, world, diags);
}

/* How long an apply may wait for its image to be verified whole, and, where that is not enough, in a sample. */
#define VERIFY_BUDGET_MS 250u
#define VERIFY_SAMPLE_MS 100u

/* What is worked at aside: nothing in it is anybody else's meanwhile. */
struct draft {
	const struct world *world;
	struct numberings *numbers;
	uint32_t revision;
	struct compiled *compiled;
	struct verification verification;
	struct error *error;
};

static int draft_compile(void *data)
{
	struct draft *draft = data;

	return compile(draft->world, draft->numbers, draft->revision, WEIR_IMAGE_WORDS_MAX, &draft->compiled,
		       draft->error);
}

/* Each revision is verified along another path. */
static int draft_verify(void *data)
{
	struct draft *draft = data;
	const struct verify_options options = { .seed = draft->revision,
						.budget_ms = VERIFY_BUDGET_MS,
						.sample_ms = VERIFY_SAMPLE_MS };

	corrupt_as_asked(draft->world, draft->compiled);
	return verify(draft->world, draft->compiled, &options, &draft->verification, draft->error);
}

static uint32_t in_force(const struct agent *agent)
{
	return agent->revision ?: agent->revision_before;
}

static int compile_verified(struct agent *agent, const struct world *world, struct plan *plan, struct error *error)
{
	struct draft draft = { world, &agent->state.numbers, in_force(agent) + 1, .error = error };
	int r = agent_aside(agent, draft_compile, &draft);

	if (r == -ENOSPC) { /* what is no longer in use may be enough */
		prune_all(agent);
		r = agent_aside(agent, draft_compile, &draft);
	}
	plan->compiled = draft.compiled;
	if (r == 0)
		r = pacing_check(&agent->pacing, agent->links, agent->compiled, plan->compiled, error);
	if (r == 0)
		r = agent_aside(agent, draft_verify, &draft);
	plan->verification = draft.verification;
	return r;
}

int plan_make(struct agent *agent, const struct objects *store, struct plan *ret, struct error *error)
{
	struct plan plan = {};
	struct world world = {};
	int r;

	clock_gettime(CLOCK_MONOTONIC, &plan.begun);
	agent->overtaken = false;
	addresses_world(&agent->addresses, &world);
	endpoints_world(&agent->endpoints, &world);
	plan_world(agent, store, &world, &plan.diags);
	r = compile_verified(agent, &world, &plan, error);
	if (r < 0) {
		agent->n_refused++;
		plan_free(&plan);
	} else {
		endpoints_list(&agent->endpoints, &world, plan.compiled, &plan.endpoints);
		*ret = plan;
	}
	world_free(&world);
	return r;
}

void plan_free(struct plan *plan)
{
	compiled_free(plan->compiled);
	endpoint_list_free(&plan->endpoints);
	diags_free(&plan->diags);
	*plan = (struct plan){};
}

/* Whether two images say the same; a revision alone makes no difference. */
static bool same_image(const struct compiled *a, const struct compiled *b)
{
	const size_t at = offsetof(struct weir_image_header, revision) / sizeof(uint32_t);

	return a && b && a->n_words == b->n_words && memcmp(a->words, b->words, at * sizeof(uint32_t)) == 0 &&
	       memcmp(a->words + at + 1, b->words + at + 1, (a->n_words - at - 1) * sizeof(uint32_t)) == 0;
}

/*
 * The next agent must know the numbers that this one gives the kernel. Where
 * the disk won't have them policy matters more: an agent that finds numbers in
 * the kernel that it doesn't know gives them to nobody else.
 */
static void save_numbers(struct agent *agent, struct notes *failures)
{
	struct error error = {};

	if (state_save(&agent->state, &error) < 0)
		notes_add(failures, "%s", error.text);
}

struct reservation {
	struct datapath *datapath;
	uint32_t n_words;
	struct error *error;
};

static int reserve(void *data)
{
	struct reservation *reservation = data;

	return datapath_reserve(reservation->datapath, reservation->n_words, reservation->error);
}

static int swap_image(struct agent *agent, const struct compiled *compiled, struct error *error)
{
	struct reservation reservation = { agent->datapath, compiled->n_words, error };
	int r = agent_aside(agent, reserve, &reservation)
			?: datapath_swap(agent->datapath, compiled->words, compiled->n_words, error);

	if (r < 0) {
		agent->n_refused++;
		return r;
	}
	agent->revision = compiled->revision;
	if (!agent->since)
		agent->since = time(NULL);
	return 0;
}

static bool shares_counters(const struct compiled *compiled)
{
	vec_for_each (decision, &compiled->decisions) {
		if (decision->counter == WEIR_COUNTER_OVERFLOW)
			return true;
	}
	return false;
}

static void note_warnings(struct agent *agent, const struct diags *diags)
{
	struct notes warnings = {};

	vec_for_each (diag, &diags->list) {
		_cleanup_free_ char *text = diag_format(diag);

		notes_add(&warnings, "%s", text);
	}
	if (shares_counters(agent->compiled))
		notes_add(&warnings,
			  "all %u decision counters are taken: some decisions are counted together, without "
			  "the names of their rules (merge some rules)",
			  COUNTERS_MAX);
	notes_replace(&agent->warnings, &warnings, LOG_LEVEL_WARNING);
}

static void note_failures(struct agent *agent, struct notes *failures)
{
	if (agent->addresses.n_failed)
		notes_add(failures, "%zu addresses are not known to the kernel and count as the world: %s%s",
			  agent->addresses.n_failed, strerror(-agent->addresses.failure),
			  agent->addresses.failure == -E2BIG ? " (give the agent a larger addresses setting)" : "");
	notes_replace(&agent->failures, failures, LOG_LEVEL_ERROR);
	if (agent->failures.list.n || endpoints_failed(&agent->endpoints))
		agent_retry(agent);
}

static size_t count_policies(const struct agent *agent)
{
	size_t n = 0;

	vec_for_each (source, &agent->sources.list) {
		vec_for_each (object, &source_objects(&agent->sources, source)->list)
			n += kind_info((*object)->kind)->is_policy;
	}
	return n;
}

static void tell_applied(struct agent *agent, double seconds)
{
	struct event event = event_make(
		EVENT_POLICY_APPLIED,
		"policy revision %u in force: %zu policies, %zu identities, %zu endpoints, %.1f ms", agent->revision,
		count_policies(agent), agent->compiled->identities.n, agent->endpoints.list.n, seconds * 1e3);

	event.revision = agent->revision;
	events_add(&agent->events, &event);
}

void agent_tell_refused(struct agent *agent, const char *what, const struct error *error)
{
	struct event event = event_make(EVENT_POLICY_REFUSED, "%s: %s (revision %u stays in force)", what, error->text,
					in_force(agent));

	event.revision = in_force(agent);
	events_add(&agent->events, &event);
}

bool agent_sync_endpoints(struct agent *agent)
{
	datapath_addresses places = {};
	bool changed = endpoints_sync(&agent->endpoints);

	endpoints_places(&agent->endpoints, &places);
	changed |= addresses_place(&agent->addresses, agent->datapath, &places);
	vec_free(&places);
	if (agent->addresses.n_failed) {
		agent->stale = true;
		agent_retry(agent);
	}
	agent_search(agent);
	return changed;
}

/*
 * The image goes first: an identity that an image doesn't know counts as the
 * world, so no address or endpoint may have one before its image is there. For
 * the same reason the image still knows the identities that the kernel's tables
 * have until they follow. Flows are decided again when all of it is in place.
 */
int plan_enforce(struct agent *agent, struct plan *plan, struct error *error)
{
	const bool swap = !same_image(agent->compiled, plan->compiled);
	struct notes failures = {};
	bool changed;
	int r;

	ledger_learn(&agent->ledger, plan->compiled, &agent->state.numbers);
	save_numbers(agent, &failures);
	if (swap) {
		endpoints_close_lost(&agent->endpoints, plan->compiled);
		r = swap_image(agent, plan->compiled, error);
		if (r < 0) {
			notes_add(&failures, "policy can't be put in force: %s (it is tried again)", error->text);
			agent->stale = true;
			reconcile_endpoints(agent);
			note_failures(agent, &failures);
			agent_tell_refused(agent, "policy can't be put in force", error);
			return r;
		}
	}
	changed = addresses_sync(&agent->addresses, agent->datapath, plan->compiled);
	endpoints_adopt(&agent->endpoints, &plan->endpoints);
	changed |= agent_sync_endpoints(agent);
	if (changed)
		datapath_new_generation(agent->datapath);

	compiled_free(agent->compiled);
	agent->compiled = TAKE_PTR(plan->compiled);
	agent->verification = plan->verification;
	agent->stale = agent->overtaken;
	rulebook_learn(&agent->rulebook, agent->compiled);
	prune_idle(agent);
	pacing_watch(&agent->pacing, agent->links, agent->compiled);
	note_warnings(agent, &plan->diags);
	note_failures(agent, &failures);
	if (swap) {
		histogram_add(&agent->apply, seconds_since(&plan->begun));
		tell_applied(agent, seconds_since(&plan->begun));
	}
	plan_free(plan);
	return 0;
}

/* What changed is either enforced at once, or makes the compiled policy stale. */
static void refresh(struct agent *agent, bool everything)
{
	packet_events_read(agent); /* while their pods are there */
	if (sources_refresh(&agent->sources, everything) && !increment(agent))
		agent->stale = true;
}

bool reconcile_pods(struct agent *agent)
{
	refresh(agent, false);
	cluster_tell(agent);
	return !agent->stale || !sources_whole(&agent->sources);
}

static void take_in(struct agent *agent, bool everything)
{
	struct notes failures = {};
	struct error error = {};
	struct plan plan = {};

	refresh(agent, everything);
	if (!sources_whole(&agent->sources))
		return;
	if (agent->stale) {
		if (plan_make(agent, store_objects(agent->sources.store), &plan, &error) < 0) {
			notes_add(&failures, "policy refused: %s%s", error.text,
				  agent->revision ? "; the one before stays in force" : "");
			if (notes_replace(&agent->failures, &failures, LOG_LEVEL_DEBUG))
				agent_tell_refused(agent, "policy refused", &error);
			return;
		}
		plan_enforce(agent, &plan, &error);
		plan_free(&plan);
	} else if (endpoints_failed(&agent->endpoints)) {
		reconcile_endpoints(agent);
	}
}

void reconcile(struct agent *agent, bool everything)
{
	take_in(agent, everything);
	cluster_tell(agent);
}

void reconcile_endpoints(struct agent *agent)
{
	/* Before the first policy there are no pods: what an earlier agent left stays as it is. */
	if (!agent->compiled)
		return;
	if (agent_sync_endpoints(agent))
		datapath_new_generation(agent->datapath);
	if (endpoints_failed(&agent->endpoints))
		agent_retry(agent);
}

bool agent_settled(const struct agent *agent)
{
	return agent->revision && !agent->stale && !agent->failures.list.n && !sources_broken(&agent->sources) &&
	       !endpoints_failed(&agent->endpoints);
}
