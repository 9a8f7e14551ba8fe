// SPDX-License-Identifier: BSD-2-Clause
#include "agent/sources.h"

#include <string.h>

#include "base/mem.h"
#include "observe/interned.h"

static int open_store(const struct agent_config *config, struct sources *sources, struct error *error)
{
	_cleanup_free_ char *path = xasprintf("%s/store.jsonl", config->state_dir);
	int r = store_open(path, &sources->store, error);

	if (r < 0)
		return r;
	vec_push(&sources->list, (struct source){ .name = xstrdup("store") });
	return 0;
}

int sources_open(const struct agent_config *config, struct sources *ret, struct error *error)
{
	for (size_t i = 0; i < config->directories.n; i++) {
		struct source source = {};
		int r = directory_open(config->directories.items[i], &source.directory, error);

		if (r < 0)
			return r;
		source.name = xasprintf("dir:%s", directory_path(source.directory));
		vec_push(&ret->list, source);
	}
	return open_store(config, ret, error);
}

void sources_free(struct sources *sources)
{
	vec_for_each (source, &sources->list) {
		free(source->name);
		directory_free(source->directory);
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

static bool refresh(struct sources *sources, struct source *source, bool everything)
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
	tell(sources, source, &errors);
	sources->n_errors += notes_replace(&source->errors, &errors, LOG_LEVEL_ERROR);
	notes_replace(&source->warnings, &warnings, LOG_LEVEL_WARNING);
	return changed;
}

bool sources_refresh(struct sources *sources, bool everything)
{
	bool changed = false;

	vec_for_each (source, &sources->list) {
		if (source->directory)
			changed |= refresh(sources, source, everything);
	}
	return changed;
}

void sources_delta(const struct sources *sources, struct objects_delta *ret)
{
	vec_for_each (source, &sources->list) {
		const struct objects_delta *delta = source->directory ? directory_delta(source->directory) : NULL;

		for (size_t i = 0; delta && i < delta->gone.n; i++)
			vec_push(&ret->gone, delta->gone.items[i]);
		for (size_t i = 0; delta && i < delta->come.n; i++)
			vec_push(&ret->come, delta->come.items[i]);
	}
}

const struct objects *source_objects(const struct sources *sources, const struct source *source)
{
	return source->directory ? directory_objects(source->directory) : store_objects(sources->store);
}

void sources_world(const struct sources *sources, const struct objects *store, struct world *world, struct diags *diags)
{
	vec_for_each (source, &sources->list)
		world_add(world, source->directory ? directory_objects(source->directory) : store, diags);
	world_finish(world, diags);
}

const struct source *sources_of(const struct sources *sources, const struct object *object)
{
	vec_for_each (source, &sources->list) {
		const struct objects *objects = source_objects(sources, source);

		for (size_t i = 0; i < objects->list.n; i++) {
			if (objects->list.items[i] == object)
				return source;
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
