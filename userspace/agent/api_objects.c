// SPDX-License-Identifier: BSD-2-Clause
/*
 * PUT and DELETE /v1/objects. The order is compile, disk, kernel: what can't
 * be compiled is not kept, and what can't be kept is not enforced.
 */
#include <string.h>

#include "agent/api.h"
#include "agent/cluster.h"
#include "agent/increment.h"
#include "agent/origins.h"
#include "agent/peer.h"
#include "agent/reconcile.h"
#include "agent/rehearsal.h"
#include "base/mem.h"
#include "object/manifest.h"

/* One call on its way. */
struct change {
	struct agent *agent;
	const struct http_request *request;
	struct http_reply *reply;
	struct store_draft *draft;
	struct objects objects;	    /* of the body */
	struct diags diags;	    /* of the body */
	struct objects_delta delta; /* of the draft */
	struct plan plan;
	json_t *results; /* "objects" of the answer */
	json_t *warnings;
	struct rehearsal rehearsal;
	struct origins origins;	   /* found when something is deleted */
	const struct source *kube; /* where the objects belong, unless they shall be here alone; or NULL */
	bool dry_run;
};

static void change_release(struct change *change)
{
	rehearsal_end(&change->rehearsal);
	origins_free(&change->origins);
	plan_free(&change->plan); /* borrows from the draft */
	store_draft_free(change->draft);
	vec_free(&change->delta.gone);
	vec_free(&change->delta.come);
	objects_free(&change->objects);
	diags_free(&change->diags);
	json_decref(change->results);
	json_decref(change->warnings);
}

static void change_begin(struct change *change, void *data, const struct http_request *request,
			 struct http_reply *reply)
{
	*change = (struct change){ .agent = data, .request = request, .reply = reply };
	change->draft = store_draft_new(change->agent->sources.store);
	change->results = json_array();
	change->warnings = json_array();
	change->dry_run = http_flag(request, "dryRun");
	change->kube = http_flag(request, "local") ? NULL : cluster_source(change->agent);
}

static json_t *diag_json(const struct diag *diag)
{
	return json_pack("{s:o, s:i, s:i, s:o, s:o}", "file", api_text(diag->file), "line", diag->line, "column",
			 diag->column, "path", api_text(diag->path), "text", api_text(diag->text));
}

static void refuse_manifests(struct http_reply *reply, const struct diags *diags)
{
	json_t *errors = json_array();
	_cleanup_free_ char *first = NULL;

	vec_for_each (diag, &diags->list) {
		if (diag->level != DIAG_ERROR)
			continue;
		if (!first)
			first = diag_format(diag);
		json_array_append_new(errors, diag_json(diag));
	}
	http_fail(reply, HTTP_UNPROCESSABLE, "%s", first ?: "the body holds no manifest that can be read");
	json_object_set_new(reply->json, "errors", errors);
}

int api_manifests(const struct http_request *request, struct http_reply *reply, struct objects *objects,
		  struct diags *diags)
{
	const char *file = http_query(request, "file") ?: "-";
	int r = manifest_parse(file, request->body, request->length, MANIFEST_KEEP_JSON, objects, diags);

	if (r < 0)
		refuse_manifests(reply, diags);
	return r;
}

static void add_warning(struct change *change, const struct diag *diag)
{
	_cleanup_free_ char *text = diag_format(diag);

	json_array_append_new(change->warnings, api_text(text));
}

static int read_body(struct change *change)
{
	int r = api_manifests(change->request, change->reply, &change->objects, &change->diags);

	for (size_t i = 0; r == 0 && i < change->diags.list.n; i++)
		add_warning(change, &change->diags.list.items[i]);
	return r;
}

static void add_result(struct change *change, const struct object *object, enum store_change what)
{
	json_array_append_new(change->results, json_pack("{s:s, s:o, s:o, s:s}", "kind", kind_info(object->kind)->kind,
							 "namespace", api_text(object->namespace), "name",
							 api_text(object->name), "change", store_change_name(what)));
}

/* The warnings that are of this change: what the world didn't have to say before it. */
static void add_world_warnings(struct change *change)
{
	vec_for_each (diag, &change->plan.diags.list) {
		_cleanup_free_ char *text = diag_format(diag);
		bool known = false;

		vec_for_each (old, &change->agent->warnings.list)
			known |= strcmp(*old, text) == 0;
		if (!known)
			json_array_append_new(change->warnings, api_text(text));
	}
}

/* Pods of this change whose interface isn't there. */
static void add_endpoint_warnings(struct change *change, const endpoint_list *endpoints)
{
	size_t index;
	json_t *result;

	vec_for_each (endpoint, endpoints) {
		_cleanup_free_ char *problem = endpoint_problem(&change->agent->endpoints, endpoint);

		json_array_foreach (change->results, index, result) {
			const char *namespace = json_string_value(json_object_get(result, "namespace"));
			const char *kind = json_string_value(json_object_get(result, "kind"));
			const char *name = json_string_value(json_object_get(result, "name"));

			if (problem && strcmp(kind, kind_info(KIND_POD)->kind) == 0 && namespace &&
			    strcmp(namespace, endpoint->namespace) == 0 && strcmp(name, endpoint->pod) == 0)
				json_array_append_new(change->warnings, api_text(problem));
		}
	}
}

static int keep(struct change *change)
{
	const bool was_lost = store_is_lost(change->agent->sources.store);
	struct error error = {};
	int r = store_draft_commit(change->draft, &error);

	if (r < 0) {
		http_fail(change->reply, HTTP_NO_SPACE, "nothing was changed: %s", error.text);
		return r;
	}
	if (was_lost)
		json_array_append_new(change->warnings,
				      json_string("what had been applied before was lost with a damaged file: of weir "
						  "apply, only this is in force now"));
	sources_store_kept(&change->agent->sources);
	return 0;
}

static int not_in_force(struct change *change, int r, const struct error *error)
{
	http_fail(change->reply, HTTP_INTERNAL_ERROR,
		  "kept in the store, but not in force yet: %s (the old policy stays; it is tried again)", error->text);
	return r;
}

static int enforce(struct change *change)
{
	struct error error = {};
	int r = keep(change);

	if (r < 0)
		return r;
	change->agent->stale = true; /* until the plan is in force */
	r = plan_enforce(change->agent, &change->plan, &error);
	return r < 0 ? not_in_force(change, r, &error) : 0;
}

/* Pods that come and go under the policy in force. If the kernel won't have them so, all is compiled after all. */
static int enforce_pods(struct change *change)
{
	struct agent *agent = change->agent;
	struct error error = {};
	int r = keep(change);

	if (r < 0 || increment_delta(agent, &change->delta))
		return r;
	agent->stale = true;
	r = plan_make(agent, store_objects(agent->sources.store), &change->plan, &error)
		    ?: plan_enforce(agent, &change->plan, &error);
	return r < 0 ? not_in_force(change, r, &error) : 0;
}

static bool is_whole(struct change *change)
{
	if (sources_read(&change->agent->sources))
		return true;
	http_fail(change->reply, HTTP_UNAVAILABLE,
		  "nothing was changed: a source has not been read yet (weir status says why)");
	return false;
}

static int enforce_draft(struct change *change)
{
	struct agent *agent = change->agent;
	struct error error = {};

	if (!is_whole(change))
		return -EAGAIN;
	store_draft_delta(change->draft, &change->delta);
	if (!change->dry_run && increment_fits(agent, &change->delta))
		return enforce_pods(change);
	if (plan_make(agent, store_draft_objects(change->draft), &change->plan, &error) < 0) {
		http_fail(change->reply, HTTP_UNPROCESSABLE, "%s", error.text);
		if (!change->dry_run)
			agent_tell_refused(change->agent, "policy sent by weir apply or delete refused", &error);
		return error.code;
	}
	add_world_warnings(change);
	if (!change->dry_run)
		return enforce(change);
	add_endpoint_warnings(change, &change->plan.endpoints);
	return 0;
}

static void reply_change(struct change *change)
{
	change->reply->json =
		json_pack("{s:O, s:I, s:b, s:O}", "objects", change->results, "revision",
			  (json_int_t)change->agent->revision, "dryRun", change->dry_run, "warnings", change->warnings);
}

/* Who did what to how many objects. */
static void tell_who(const struct change *change, const char *verb)
{
	_cleanup_free_ char *who = peer_name(http_client(change->request));
	const size_t n = json_array_size(change->results);
	struct event event =
		event_make(EVENT_OBJECTS_CHANGED, "%s %s %zu object%s of the store", who, verb, n, n == 1 ? "" : "s");

	event.revision = change->agent->revision;
	events_add(&change->agent->events, &event);
}

/* From the draft to the answer. */
static void change_apply(struct change *change, const char *verb)
{
	struct agent *agent = change->agent;
	const bool changed = store_draft_changed(change->draft);

	if (changed && enforce_draft(change) < 0)
		return;
	if (changed && !change->dry_run)
		tell_who(change, verb);
	if (!change->dry_run)
		add_endpoint_warnings(change, &agent->endpoints.list);
	reply_change(change);
}

/* What the API's objects would be; whether one of them would be another than it is isn't known here. */
static void rehearse(struct change *change)
{
	struct agent *agent = change->agent;
	struct error error = {};
	struct origins origins;

	origins_find(&agent->sources, ORIGINS_ALL & ~ORIGINS_OF(KIND_POD), &origins);
	vec_for_each (object, &change->objects.list)
		add_result(change, *object,
			   origin_of(&origins, (*object)->kind, (*object)->namespace, (*object)->name)
				   ? STORE_CONFIGURED
				   : STORE_CREATED);
	origins_free(&origins);
	rehearsal_begin(&change->rehearsal, &agent->sources, &change->objects, false);
	if (plan_make(agent, store_objects(agent->sources.store), &change->plan, &error) < 0) {
		http_fail(change->reply, HTTP_UNPROCESSABLE, "%s", error.text);
		return;
	}
	add_world_warnings(change);
	add_endpoint_warnings(change, &change->plan.endpoints);
	reply_change(change);
}

/* Objects in the store of one node of a cluster would be nobody's. */
static void refuse_for_cluster(struct change *change)
{
	http_fail(change->reply, HTTP_CONFLICT,
		  "nothing was changed: the objects of this node come from the Kubernetes API at %s "
		  "(kubectl apply -f FILE; or with local=true into the store of this node alone)",
		  kube_server(change->kube->kube));
	json_object_set_new(change->reply->json, "kubernetes", json_string(kube_server(change->kube->kube)));
}

void api_put_objects(void *data, const struct http_request *request, struct http_reply *reply)
{
	_cleanup_(change_release) struct change change;

	change_begin(&change, data, request, reply);
	if (read_body(&change) < 0)
		return;
	if (change.kube) {
		if (!is_whole(&change))
			return;
		if (change.dry_run)
			rehearse(&change);
		else
			refuse_for_cluster(&change);
		return;
	}
	vec_for_each (object, &change.objects.list) {
		/* The draft may free the object, so its result is made first and its change filled in. */
		add_result(&change, *object, STORE_UNCHANGED);
		json_object_set_new(json_array_get(change.results, json_array_size(change.results) - 1), "change",
				    json_string(store_change_name(store_draft_put(change.draft, TAKE_PTR(*object)))));
	}
	change_apply(&change, "applied");
}

/* How somebody gets rid of an object that isn't in the store; the caller frees. */
static char *elsewhere(const struct origin *origin)
{
	const struct object *object = origin->object;
	_cleanup_free_ char *title = object_title(object);

	if (origin->source->kube)
		return xasprintf("%s is in the Kubernetes API (kubectl delete %s %s%s%s)", title,
				 kind_info(object->kind)->plural, object->name, object->namespace ? " -n " : "",
				 object->namespace ?: "");
	return xasprintf("%s is in %s (delete it there)", title, object->file ?: origin->source->name);
}

static void delete_object(struct change *change, const struct object *object)
{
	const enum store_change what = store_draft_delete(change->draft, object->kind, object->namespace, object->name);
	const struct origin *origin;

	add_result(change, object, what);
	if (!change->origins.list)
		origins_find(&change->agent->sources, ORIGINS_ALL, &change->origins);
	origin = origin_of(&change->origins, object->kind, object->namespace, object->name);
	if (origin && (origin->source->kube || origin->source->directory)) {
		_cleanup_free_ char *text = elsewhere(origin);

		json_array_append_new(change->warnings, api_text(text));
	}
}

/* Deletes what the query names. */
static int delete_named(struct change *change)
{
	const char *namespace = http_query(change->request, "namespace");
	const char *name = http_query(change->request, "name");
	struct object object = { .kind = kind_by_name(http_query(change->request, "kind")) };

	if (object.kind == KIND_MAX || !name || !*name) {
		http_fail(change->reply, HTTP_BAD_REQUEST,
			  "kind and name of a known kind are needed, or manifests as the body");
		return -EINVAL;
	}
	object.namespace =
		kind_info(object.kind)->namespaced ? (char *)(namespace && *namespace ? namespace : "default") : NULL;
	object.name = (char *)name;
	delete_object(change, &object);
	return 0;
}

static int delete_in_body(struct change *change)
{
	int r = read_body(change);

	if (r < 0)
		return r;
	vec_for_each (object, &change->objects.list)
		delete_object(change, *object);
	return 0;
}

static void refuse_deletion(struct change *change)
{
	const char *where = json_string_value(json_array_get(change->warnings, 0));

	http_fail(change->reply, HTTP_NOT_FOUND, "nothing of it is in the store%s%s", where ? ": " : "", where ?: "");
}

void api_delete_objects(void *data, const struct http_request *request, struct http_reply *reply)
{
	_cleanup_(change_release) struct change change;

	change_begin(&change, data, request, reply);
	if ((http_query(request, "kind") ? delete_named(&change) : delete_in_body(&change)) < 0)
		return;
	if (!store_draft_changed(change.draft))
		refuse_deletion(&change);
	else
		change_apply(&change, "deleted");
}
