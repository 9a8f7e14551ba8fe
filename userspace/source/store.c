// SPDX-License-Identifier: BSD-2-Clause
#include "source/store.h"

#include <string.h>
#include <sys/stat.h>
#include <uthash.h>

#include "base/mem.h"
#include "object/manifest.h"
#include "source/sealed.h"

#define STORE_FORMAT "weir store"

struct entry {
	char *key;	       /* object_key() */
	struct object *object; /* in a draft: NULL when it is to be deleted */
	UT_hash_handle hh;
};

struct store {
	char *path;
	char *damage; /* see store_damage() */
	bool lost;
	bool unbacked; /* the copy is not what the file is */
	struct entry *entries;
	struct objects list; /* borrows from entries, sorted */
	struct objects old;  /* that the last commit replaced */
};

struct store_draft {
	struct store *store;
	struct entry *changes;
	struct objects *list; /* borrows from the store and from changes, sorted; empty: to be made when asked for */
};

static void entry_free(struct entry *entry)
{
	object_free(entry->object);
	free(entry->key);
	free(entry);
}

static void entries_free(struct entry **entries)
{
	struct entry *entry, *next;

	HASH_ITER (hh, *entries, entry, next) {
		HASH_DEL(*entries, entry);
		entry_free(entry);
	}
}

static struct entry *entry_find(struct entry *entries, const char *key)
{
	struct entry *entry;

	HASH_FIND_STR(entries, key, entry);
	return entry;
}

/* Takes key and object over, in place of what had the key. */
static void entry_put(struct entry **entries, char *key, struct object *object)
{
	struct entry *entry = entry_find(*entries, key);

	if (entry) {
		free(key);
		object_free(entry->object);
		entry->object = object;
		return;
	}
	entry = new0(struct entry);
	entry->key = key;
	entry->object = object;
	HASH_ADD_KEYPTR(hh, *entries, entry->key, strlen(entry->key), entry);
}

static void list_entries(const struct entry *entries, struct objects *list)
{
	vec_free(&list->list);
	for (; entries; entries = entries->hh.next)
		vec_push(&list->list, entries->object);
	objects_sort(list);
}

void store_free(struct store *store)
{
	if (!store)
		return;
	entries_free(&store->entries);
	vec_free(&store->list.list);
	objects_free(&store->old);
	free(store->path);
	free(store->damage);
	free(store);
}

/* When the file was last written: nothing in it is newer. */
static time_t written(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mtime : 0;
}

/* One line of the file is one object. A kind that this weir doesn't know is skipped. */
static int load_line(struct store *store, const char *line, size_t length, struct error *error)
{
	struct objects objects = { 0 };
	struct diags diags = { 0 };
	int r = manifest_parse(store->path, line, length, MANIFEST_KEEP_JSON, &objects, &diags);

	if (r < 0)
		r = error_set(error, -EBADMSG, "%s: %s", diags.list.n ? diags.list.items[0].path : "",
			      diags.list.n ? diags.list.items[0].text : "it is no object");
	vec_for_each (object, &objects.list) {
		(*object)->changed = written(store->path);
		entry_put(&store->entries, object_key((*object)->kind, (*object)->namespace, (*object)->name), *object);
		*object = NULL;
	}
	objects_free(&objects);
	diags_free(&diags);
	return r;
}

static int load_lines(struct store *store, const char *body, struct error *error)
{
	int number = 2, r;

	for (const char *line = body, *end; (end = strchr(line, '\n')); line = end + 1, number++) {
		r = load_line(store, line, (size_t)(end - line), error);
		if (r < 0) {
			entries_free(&store->entries);
			error_prefix(error, "%s can't be used: line %d", store->path, number);
			return r;
		}
	}
	return 0;
}

static int write_objects(const char *path, const struct objects *objects, struct error *error)
{
	_cleanup_free_ char *body = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);

	if (!out)
		return error_set(error, -errno, "%s can't be written: %s", path, strerror(errno));
	vec_for_each (object, &objects->list)
		fprintf(out, "%s\n", (*object)->json);
	if (fclose(out) != 0)
		return error_set(error, -errno, "%s can't be written: %s", path, strerror(errno));
	return sealed_write(path, STORE_FORMAT, body, objects->list.n, error);
}

int store_open(const char *path, struct store **ret, struct error *error)
{
	_cleanup_(store_freep) struct store *store = new0(struct store);
	_cleanup_free_ char *body = NULL;
	struct error damage = {};
	int r;

	store->path = xstrdup(path);
	r = sealed_read_either(path, STORE_FORMAT, &body, &damage);
	store->unbacked = r == 0;
	if (r == 0)
		r = load_lines(store, body, &damage);
	store->lost = r == -EBADMSG;
	if (r < 0 && r != -ENOENT && !store->lost)
		return error_set(error, r, "%s", damage.text);
	if (r != -ENOENT && *damage.text)
		store->damage = xstrdup(damage.text);
	list_entries(store->entries, &store->list);
	*ret = TAKE_PTR(store);
	return 0;
}

const char *store_damage(const struct store *store)
{
	return store->damage;
}

bool store_is_lost(const struct store *store)
{
	return store->lost;
}

const struct objects *store_objects(const struct store *store)
{
	return &store->list;
}

const char *store_change_name(enum store_change change)
{
	static const char *const names[] = {
		[STORE_CREATED] = "created", [STORE_CONFIGURED] = "configured", [STORE_UNCHANGED] = "unchanged",
		[STORE_DELETED] = "deleted", [STORE_NOT_FOUND] = "not found",
	};

	return names[change];
}

struct store_draft *store_draft_new(struct store *store)
{
	struct store_draft *draft = new0(struct store_draft);

	draft->store = store;
	draft->list = new0(struct objects);
	return draft;
}

void store_draft_free(struct store_draft *draft)
{
	if (!draft)
		return;
	entries_free(&draft->changes);
	vec_free(&draft->list->list);
	free(draft->list);
	free(draft);
}

/* What the draft has under the key now; NULL when nothing. */
static const struct object *draft_find(const struct store_draft *draft, const char *key)
{
	const struct entry *entry = entry_find(draft->changes, key);

	if (!entry)
		entry = entry_find(draft->store->entries, key);
	return entry ? entry->object : NULL;
}

enum store_change store_draft_put(struct store_draft *draft, struct object *object)
{
	char *key = object_key(object->kind, object->namespace, object->name);
	const struct object *before = draft_find(draft, key);
	enum store_change change = before ? STORE_CONFIGURED : STORE_CREATED;

	if (before && strcmp(before->json, object->json) == 0) {
		object_free(object);
		free(key);
		return STORE_UNCHANGED;
	}
	object->changed = time(NULL);
	entry_put(&draft->changes, key, object);
	vec_free(&draft->list->list);
	return change;
}

enum store_change store_draft_delete(struct store_draft *draft, enum object_kind kind, const char *namespace,
				     const char *name)
{
	char *key = object_key(kind, namespace, name);

	if (!draft_find(draft, key)) {
		free(key);
		return STORE_NOT_FOUND;
	}
	entry_put(&draft->changes, key, NULL);
	vec_free(&draft->list->list);
	return STORE_DELETED;
}

bool store_draft_changed(const struct store_draft *draft)
{
	return draft->changes != NULL;
}

void store_draft_delta(const struct store_draft *draft, struct objects_delta *ret)
{
	for (const struct entry *change = draft->changes; change; change = change->hh.next) {
		const struct entry *before = entry_find(draft->store->entries, change->key);

		if (before)
			vec_push(&ret->gone, before->object);
		if (change->object)
			vec_push(&ret->come, change->object);
	}
}

const struct objects *store_draft_objects(const struct store_draft *draft)
{
	if (draft->list->list.n > 0)
		return draft->list;
	for (const struct entry *entry = draft->store->entries; entry; entry = entry->hh.next) {
		if (!entry_find(draft->changes, entry->key))
			vec_push(&draft->list->list, entry->object);
	}
	for (const struct entry *entry = draft->changes; entry; entry = entry->hh.next) {
		if (entry->object)
			vec_push(&draft->list->list, entry->object);
	}
	objects_sort(draft->list);
	return draft->list;
}

int store_back_up(struct store *store, struct error *error)
{
	int r = store->unbacked && !store->lost ? sealed_back_up(store->path, error) : 0;

	if (r == 0)
		store->unbacked = false;
	return r;
}

/* At no moment is there nothing: that would be an empty store. */
static int replace_lost(struct store *store, const struct objects *objects, struct error *error)
{
	_cleanup_free_ char *copy = xasprintf("%s.copy", store->path);
	struct error aside = {};
	int r;

	sealed_put_aside(copy, &aside);
	r = write_objects(copy, objects, error);
	if (r < 0)
		return r;
	sealed_put_aside(store->path, &aside);
	return write_objects(store->path, objects, error);
}

int store_draft_commit(struct store_draft *draft, struct error *error)
{
	struct store *store = draft->store;
	struct entry *change, *next, *entry;
	int r;

	if (!store_draft_changed(draft))
		return 0;
	r = store->lost ? replace_lost(store, store_draft_objects(draft), error)
			: write_objects(store->path, store_draft_objects(draft), error);
	if (r < 0)
		return r;
	store->unbacked = true;
	store->lost = false;
	objects_free(&store->old);
	HASH_ITER (hh, draft->changes, change, next) {
		entry = entry_find(store->entries, change->key);
		if (entry)
			vec_push(&store->old.list, TAKE_PTR(entry->object));
		if (change->object) {
			entry_put(&store->entries, xstrdup(change->key), TAKE_PTR(change->object));
		} else if (entry) {
			HASH_DEL(store->entries, entry);
			entry_free(entry);
		}
	}
	entries_free(&draft->changes);
	vec_free(&store->list.list);
	store->list = *draft->list;
	*draft->list = (struct objects){ 0 };
	return 0;
}
