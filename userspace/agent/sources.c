// SPDX-License-Identifier: BSD-2-Clause
#include "agent/sources.h"

#include <string.h>

#include "base/interned.h"
#include "base/mem.h"

static int open_store(const struct agent_config *config, struct sources *sources, struct error *error)
{
	_cleanup_free_ char *path = xasprintf("%s/store.jsonl", config->state_dir);
	struct source source = { .since = time(NULL) };
	int r = store_open(path, &sources->store, error);

	if (r < 0)
		return r;
	source.name = xstrdup("store");
	if (store_is_lost(sources->store))
		notes_add(&source.errors,
			  "what weir apply brought is lost, so what is in force stays as it is: %s (apply all of it "
			  "again in "
			  "one go: it begins afresh)",
			  store_damage(sources->store));
	vec_push(&sources->list, source);
	return 0;
}

static int open_kube(const struct agent_config *config, const struct kube_follower *follower, struct sources *sources,
		     struct error *error)
{
	struct kube_options options = { .follower = *follower, .node = config->kube_silent ? NULL : config->node };
	struct source source = {};
	int r = config->kubeconfig ? kube_config_read(config->kubeconfig, &options.config, error)
				   : kube_config_in_cluster(NULL, &options.config, error);

	if (r == 0)
		r = kube_open(&options, &source.kube, error);
	kube_config_free(&options.config);
	if (r < 0)
		return r;
	source.name = xstrdup("kube");
	notes_add(&source.errors, "%s has not been read yet", kube_server(source.kube));
	vec_push(&sources->list, source);
	return 0;
}

int sources_open(const struct agent_config *config, const struct kube_follower *follower, struct sources *ret,
		 struct error *error)
{
	for (size_t i = 0; i < config->directories.n; i++) {
		struct source source = {};
		int r = directory_open(config->directories.items[i], &source.directory, error);

		if (r < 0)
			return r;
		source.name = xasprintf("dir:%s", directory_path(source.directory));
		vec_push(&ret->list, source);
	}
	if (config->kube) {
		int r = open_kube(config, follower, ret, error);

		if (r < 0)
			return r;
	}
	return open_store(config, ret, error);
}

void sources_free(struct sources *sources)
{
	vec_for_each (source, &sources->list) {
		free(source->name);
		directory_free(source->directory);
		kube_free(source->kube);
		notes_free(&source->errors);
		notes_free(&source->warnings);
	}
	vec_free(&sources->list);
	store_free(sources->store);
	*sources = (struct sources){};
}

/* Says that a source is in order no longer, or again. */
static void tell(const struct sources *sources, const struct source *source, const struct notes *errors)
{
	struct event event;

	if (!errors->list.n == !source->errors.list.n)
		return;
	if (errors->list.n) {
		event = event_make(EVENT_SOURCE_LOST, "source %s is not in order (%zu errors): %s", source->name,
				   errors->list.n, errors->list.items[0]);
		event.count = errors->list.n;
	} else {
		event = event_make(EVENT_SOURCE_REGAINED, "source %s is in order again", source->name);
	}
	event.subject = interned(source->name);
	events_add(sources->events, &event);
}

static void note_errors(struct sources *sources, struct source *source, struct notes *errors)
{
	tell(sources, source, errors);
	if (!source->since || !errors->list.n != !source->errors.list.n)
		source->since = time(NULL);
	sources->n_errors += notes_replace(&source->errors, errors, LOG_LEVEL_ERROR);
}

static void add_fault(void *data, const char *text)
{
	notes_add(data, "kube: %s", text);
}

static bool refresh_kube(struct sources *sources, struct source *source)
{
	struct notes errors = {};
	bool changed = kube_refresh(source->kube);

	kube_faults(source->kube, add_fault, &errors);
	if (!errors.list.n && !kube_is_synced(source->kube))
		notes_add(&errors, "%s has not been read yet", kube_server(source->kube));
	note_errors(sources, source, &errors);
	return changed;
}

static bool refresh_directory(struct sources *sources, struct source *source, bool everything)
{
	struct notes errors = {}, warnings = {};
	struct diags diags = {};
	struct error error = {};
	bool changed = false;

	if (directory_refresh(source->directory, everything, &changed, &diags, &error) < 0)
		notes_add(&errors, "%s", error.text);
	vec_for_each (diag, &diags.list) {
		_cleanup_free_ char *text = diag_format(diag);

		notes_add(diag->level == DIAG_ERROR ? &errors : &warnings, "%s", text);
	}
	diags_free(&diags);
	note_errors(sources, source, &errors);
	notes_replace(&source->warnings, &warnings, LOG_LEVEL_WARNING);
	return changed;
}

bool sources_refresh(struct sources *sources, bool everything)
{
	bool changed = false;

	vec_for_each (source, &sources->list) {
		if (source->directory)
			changed |= refresh_directory(sources, source, everything);
		else if (source->kube)
			changed |= refresh_kube(sources, source);
	}
	return changed;
}

void sources_delta(const struct sources *sources, struct objects_delta *ret)
{
	vec_for_each (source, &sources->list) {
		const struct objects_delta *delta = source->directory ? directory_delta(source->directory)
						    : source->kube    ? kube_delta(source->kube)
								      : NULL;

		for (size_t i = 0; delta && i < delta->gone.n; i++)
			vec_push(&ret->gone, delta->gone.items[i]);
		for (size_t i = 0; delta && i < delta->come.n; i++)
			vec_push(&ret->come, delta->come.items[i]);
	}
}

const struct objects *source_objects(const struct sources *sources, const struct source *source)
{
	return source->directory ? directory_objects(source->directory)
	       : source->kube	 ? kube_objects(source->kube)
				 : store_objects(sources->store);
}

void sources_world(const struct sources *sources, const struct objects *store, struct world *world, struct diags *diags)
{
	vec_for_each (source, &sources->list) {
		const struct objects *objects = source->kube ? sources->rehearsed : source->directory ? NULL : store;

		world_add(world, objects ?: source_objects(sources, source), diags);
	}
	if (sources->overlay)
		overlay_world(sources->overlay, world);
	world_finish(world, diags);
}

const struct object *sources_pod(const struct sources *sources, const char *namespace, const char *name)
{
	vec_for_each (source, &sources->list) {
		const struct objects *objects = source_objects(sources, source);

		for (size_t i = 0; i < objects->list.n; i++) {
			const struct object *object = objects->list.items[i];

			if (object->kind == KIND_POD && strcmp(object->name, name) == 0 &&
			    strcmp(object->namespace, namespace) == 0)
				return object;
		}
	}
	return NULL;
}

bool sources_broken(const struct sources *sources)
{
	vec_for_each (source, &sources->list) {
		if (source->errors.list.n)
			return true;
	}
	return false;
}

const struct kube_config *sources_kube(const struct sources *sources)
{
	vec_for_each (source, &sources->list) {
		if (source->kube)
			return kube_access(source->kube);
	}
	return NULL;
}

bool source_holds(const struct sources *sources, const struct source *source)
{
	return sources->hold && source->directory && directory_unknown(source->directory);
}

bool sources_read(const struct sources *sources)
{
	vec_for_each (source, &sources->list) {
		if ((source->kube && !kube_is_synced(source->kube)) || source_holds(sources, source))
			return false;
	}
	return true;
}

bool sources_whole(const struct sources *sources)
{
	return sources_read(sources) && !store_is_lost(sources->store);
}

void sources_store_kept(struct sources *sources)
{
	struct notes none = {};

	vec_for_each (source, &sources->list) {
		if (!source->directory && !source->kube && source->errors.list.n)
			note_errors(sources, source, &none);
	}
}
