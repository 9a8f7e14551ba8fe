// SPDX-License-Identifier: BSD-2-Clause
#include "agent/cluster.h"

#include "agent/api.h"
#include "agent/origins.h"
#include "base/mem.h"

const struct source *cluster_source(const struct agent *agent)
{
	vec_for_each (source, &agent->sources.list) {
		if (source->kube)
			return source;
	}
	return NULL;
}

/* Found when it is first asked for: most of the time there is nothing new to tell. */
struct asking {
	const struct sources *sources;
	struct origins origins;
	bool found;
};

static const char *other_source(void *data, const struct object *object)
{
	struct asking *asking = data;
	const struct origin *origin;

	if (asking->sources->list.items[0].kube)
		return NULL; /* it comes first */
	if (!asking->found)
		origins_find(asking->sources, ORIGINS_ALL & ~ORIGINS_OF(KIND_POD), &asking->origins);
	asking->found = true;
	origin = origin_of(&asking->origins, object->kind, object->namespace, object->name);
	return origin && !origin->source->kube ? origin->source->name : NULL;
}

void cluster_tell(struct agent *agent)
{
	const struct source *source = cluster_source(agent);
	struct asking asking = { .sources = &agent->sources };
	const struct kube_verdict verdict = {
		.in_force = agent->revision && !agent->stale,
		.revision = agent->revision,
		.failure = agent->failures.list.n ? agent->failures.list.items[0] : NULL,
		.other_source = other_source,
		.data = &asking,
	};

	if (source && sources_whole(&agent->sources))
		kube_tell(source->kube, &verdict);
	origins_free(&asking.origins);
}

static const struct kube_feedback *feedback_of(const struct agent *agent)
{
	const struct source *source = cluster_source(agent);

	return source ? kube_feedback(source->kube) : NULL;
}

struct kube_write_counts cluster_counts(const struct agent *agent)
{
	const struct kube_feedback *feedback = feedback_of(agent);

	return feedback ? *kube_feedback_counts(feedback) : (struct kube_write_counts){};
}

static json_t *counts_json(const struct kube_write_counts *counts, enum kube_written_kind kind)
{
	json_t *json = json_object();

	for (int i = 0; i < KUBE_RESULTS; i++)
		json_object_set_new(json, kube_result_name((enum kube_result)i),
				    json_integer((json_int_t)counts->n[kind][i]));
	return json;
}

static void append(void *list, const char *text)
{
	json_array_append_new(list, api_text(text));
}

json_t *cluster_json(const struct agent *agent)
{
	const struct kube_feedback *feedback = feedback_of(agent);
	json_t *problems, *writes;

	if (!feedback)
		return json_null();
	problems = json_array();
	writes = json_object();
	kube_feedback_problems(feedback, append, problems);
	for (int i = 0; i < KUBE_WRITTEN_KINDS; i++)
		json_object_set_new(writes, kube_written_kind_name((enum kube_written_kind)i),
				    counts_json(kube_feedback_counts(feedback), (enum kube_written_kind)i));
	return json_pack("{s:o, s:I, s:o}", "writes", writes, "waiting", (json_int_t)kube_feedback_waiting(feedback),
			 "problems", problems);
}

static void append_warning(void *list, const char *text)
{
	_cleanup_free_ char *whole =
		xasprintf("kube: %s (enforcement doesn't depend on it; kubeStatus: off ends the attempts)", text);

	append(list, whole);
}

void cluster_warnings(const struct agent *agent, json_t *list)
{
	const struct kube_feedback *feedback = feedback_of(agent);

	if (feedback)
		kube_feedback_problems(feedback, append_warning, list);
}
