// SPDX-License-Identifier: BSD-2-Clause
/* POST /v1/diff. Both sides are compiled anew: what is in force may be older than the sources. Nothing is changed. */
#include "agent/api.h"
#include "agent/cluster.h"
#include "agent/origins.h"
#include "agent/reconcile.h"
#include "agent/rehearsal.h"
#include "base/mem.h"
#include "policy/diff.h"

/* The loop waits for it. */
#define DIFF_MS	  1000u
#define DIFF_ROWS 500u

struct side {
	struct world world;
	struct compiled *compiled;
	struct numberings *numbers;
	uint32_t revision, max_words;
	struct error *error;
};

static void side_free(struct side *side)
{
	compiled_free(side->compiled);
	world_free(&side->world);
}

/* What would be changed. */
struct proposal {
	const struct objects *store;	  /* that it would become */
	const struct objects *in_cluster; /* that the Kubernetes API would have, or (gone) have no more; NULL: none */
	bool gone;
};

static int compile_side(void *data)
{
	struct side *side = data;

	return compile(&side->world, side->numbers, side->revision, side->max_words, &side->compiled, side->error);
}

static int side_compile(struct agent *agent, const struct objects *store, struct side *side, struct error *error)
{
	struct diags diags = {};

	side->numbers = &agent->state.numbers;
	side->revision = agent->revision + 1;
	side->max_words = datapath_image_words(agent->datapath);
	side->error = error;
	plan_world(agent, store, &side->world, &diags);
	diags_free(&diags);
	return agent_aside(agent, compile_side, side);
}

static json_t *end_json(const struct diff_end *end)
{
	char addr[ADDR_TEXT_MAX];
	_cleanup_free_ char *name = end->pod ? xasprintf("%s/%s", end->pod->namespace, end->pod->name)
					     : xstrdup(addr_format(&end->addr, addr));

	return json_pack("{s:o, s:s, s:I}", "name", api_text(name), "kind", end->pod ? "pod" : "address", "more",
			 (json_int_t)end->n_alike - 1);
}

static json_t *policies_json(const struct diff_row *row, enum diff_side side)
{
	json_t *list = json_array();

	vec_for_each (name, &row->policies[side])
		json_array_append_new(list, api_text(*name));
	return list;
}

static json_t *diff_json(const struct diff *diff)
{
	json_t *rows = json_array();

	vec_for_each (row, &diff->rows)
		json_array_append_new(rows,
				      json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:o}", "from", end_json(&row->from),
						"to", end_json(&row->to), "ports", row->ports, "before",
						diff_verdict_name(row->verdict[DIFF_BEFORE]), "after",
						diff_verdict_name(row->verdict[DIFF_AFTER]), "policiesBefore",
						policies_json(row, DIFF_BEFORE), "policiesAfter",
						policies_json(row, DIFF_AFTER)));
	return json_pack("{s:o, s:I, s:b, s:{s:I, s:I}}", "changes", rows, "more", (json_int_t)diff->n_more, "complete",
			 diff->complete, "pods", "added", (json_int_t)diff->n_pods_added, "removed",
			 (json_int_t)diff->n_pods_removed);
}

struct comparison {
	const struct side *before, *after;
	struct diff diff;
};

static int compare(void *data)
{
	struct comparison *comparison = data;
	const struct side *before = comparison->before, *after = comparison->after;

	diff_policies(&(struct policy_view){ &before->world, before->compiled },
		      &(struct policy_view){ &after->world, after->compiled },
		      &(struct diff_limits){ .rows = DIFF_ROWS, .ms = DIFF_MS }, &comparison->diff);
	return 0;
}

/* The sources as they are, and as they would be. */
static void answer(struct agent *agent, const struct proposal *proposal, struct http_reply *reply)
{
	_cleanup_(rehearsal_end) struct rehearsal rehearsal = {};
	_cleanup_(side_free) struct side before = {}, after = {};
	struct comparison comparison = { .before = &before, .after = &after };
	struct error error = {};

	if (side_compile(agent, store_objects(agent->sources.store), &before, &error) < 0) {
		error_prefix(&error, "the sources as they are can't be compiled");
		http_fail(reply, HTTP_UNPROCESSABLE, "%s", error.text);
		return;
	}
	if (proposal->in_cluster)
		rehearsal_begin(&rehearsal, &agent->sources, proposal->in_cluster, proposal->gone);
	if (side_compile(agent, proposal->store, &after, &error) < 0) {
		http_fail(reply, HTTP_UNPROCESSABLE, "%s", error.text);
		return;
	}
	agent_aside(agent, compare, &comparison);
	reply->json = diff_json(&comparison.diff);
	diff_free(&comparison.diff);
}

static void draft_puts(struct store_draft *draft, struct objects *objects)
{
	vec_for_each (object, &objects->list)
		store_draft_put(draft, TAKE_PTR(*object));
}

static void draft_deletions(struct store_draft *draft, const struct objects *objects)
{
	vec_for_each (object, &objects->list)
		store_draft_delete(draft, (*object)->kind, (*object)->namespace, (*object)->name);
}

static bool has_any(const struct agent *agent, const struct objects *objects)
{
	struct origins origins;
	bool has = false;

	origins_find(&agent->sources, ORIGINS_ALL, &origins);
	vec_for_each (object, &objects->list) {
		const struct origin *origin =
			origin_of(&origins, (*object)->kind, (*object)->namespace, (*object)->name);

		has |= origin && !origin->source->directory;
	}
	origins_free(&origins);
	return has;
}

void api_diff(void *data, const struct http_request *request, struct http_reply *reply)
{
	struct agent *agent = data;
	_cleanup_(store_draft_freep) struct store_draft *draft = store_draft_new(agent->sources.store);
	_cleanup_(objects_free) struct objects objects = {};
	_cleanup_(diags_free) struct diags diags = {};
	struct proposal proposal = { .gone = http_query(request, "delete") != NULL };

	if (api_manifests(request, reply, &objects, &diags) < 0)
		return;
	if (cluster_source(agent) && !http_flag(request, "local"))
		proposal.in_cluster = &objects;
	if (proposal.gone)
		draft_deletions(draft, &objects);
	else if (!proposal.in_cluster)
		draft_puts(draft, &objects);
	if (objects.list.n && proposal.gone && !store_draft_changed(draft) &&
	    !(proposal.in_cluster && has_any(agent, &objects))) {
		http_fail(reply, HTTP_NOT_FOUND,
			  "nothing of it is in the store (what a directory holds is deleted there)");
		return;
	}
	proposal.store = store_draft_objects(draft);
	answer(agent, &proposal, reply);
}
