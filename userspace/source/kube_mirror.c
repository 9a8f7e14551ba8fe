// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_mirror.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

static struct kube_entry *get_entry(struct kube_entry **entries, const char *key)
{
	struct kube_entry *entry;

	HASH_FIND_STR(*entries, key, entry);
	if (entry)
		return entry;
	entry = new0(struct kube_entry);
	entry->key = xstrdup(key);
	HASH_ADD_KEYPTR(hh, *entries, entry->key, strlen(entry->key), entry);
	return entry;
}

static void free_entry(struct kube_entry **entries, struct kube_entry *entry)
{
	HASH_DEL(*entries, entry);
	free(entry->key);
	free(entry->fault);
	kube_record_free(&entry->record);
	free(entry);
}

static void set_fault(struct kube_entry *entry, char *fault)
{
	free(entry->fault);
	entry->fault = fault;
}

void kube_entries_put(struct kube_entry **entries, const char *key, struct kube_version *version)
{
	struct kube_entry *entry = get_entry(entries, key);

	object_free(entry->object);
	entry->object = TAKE_PTR(version->object);
	set_fault(entry, TAKE_PTR(version->fault));
	kube_record_replace(&entry->record, &version->record);
}

void kube_entries_free(struct kube_entry **entries)
{
	struct kube_entry *entry, *next;

	HASH_ITER (hh, *entries, entry, next) {
		object_free(entry->object);
		free_entry(entries, entry);
	}
}

static void take_from_come(struct kube_mirror *mirror, const struct kube_entry *entry)
{
	for (size_t i = 0; i < mirror->come.n; i++) {
		if (mirror->come.items[i] != entry)
			continue;
		vec_remove(&mirror->come, i);
		return;
	}
}

/* What nobody has seen yet is simply gone. */
static void retire_object(struct kube_mirror *mirror, struct kube_entry *entry)
{
	if (entry->object && !entry->is_new)
		vec_push(&mirror->gone.list, entry->object);
	else
		object_free(entry->object);
	entry->object = NULL;
}

static void drop_entry(struct kube_mirror *mirror, struct kube_entry *entry)
{
	mirror->faults_changed |= entry->fault != NULL;
	mirror->records_changed |= entry->record.uid != NULL;
	retire_object(mirror, entry);
	if (entry->is_new)
		take_from_come(mirror, entry);
	free_entry(&mirror->entries, entry);
}

static void put_object(struct kube_mirror *mirror, struct kube_entry *entry, struct object *object)
{
	if (entry->object && object_same(entry->object, object)) {
		object_free(object);
		return;
	}
	retire_object(mirror, entry);
	entry->object = object;
	if (!entry->is_new)
		vec_push(&mirror->come, entry);
	entry->is_new = true;
}

void kube_mirror_put(struct kube_mirror *mirror, const char *key, struct kube_version *version)
{
	struct kube_entry *entry = get_entry(&mirror->entries, key);

	mirror->faults_changed |= version->fault || entry->fault;
	set_fault(entry, TAKE_PTR(version->fault));
	mirror->records_changed |= kube_record_replace(&entry->record, &version->record);
	if (version->object)
		put_object(mirror, entry, TAKE_PTR(version->object));
}

void kube_mirror_delete(struct kube_mirror *mirror, const char *key)
{
	struct kube_entry *entry;

	HASH_FIND_STR(mirror->entries, key, entry);
	if (entry)
		drop_entry(mirror, entry);
}

void kube_mirror_replace(struct kube_mirror *mirror, struct kube_entry **list)
{
	struct kube_entry *listed, *entry, *next;

	HASH_ITER (hh, *list, listed, next) {
		struct kube_version version = { .record = listed->record };

		version.object = TAKE_PTR(listed->object);
		version.fault = TAKE_PTR(listed->fault);
		listed->record = (struct kube_record){};
		kube_mirror_put(mirror, listed->key, &version);
		get_entry(&mirror->entries, listed->key)->listed = true;
	}
	HASH_ITER (hh, mirror->entries, entry, next) {
		if (!entry->listed)
			drop_entry(mirror, entry);
		else
			entry->listed = false;
	}
}

void kube_mirror_clear(struct kube_mirror *mirror)
{
	struct kube_entry *nothing = NULL;

	kube_mirror_replace(mirror, &nothing);
}

void kube_mirror_free(struct kube_mirror *mirror)
{
	kube_mirror_clear(mirror);
	objects_free(&mirror->gone);
	vec_free(&mirror->come);
}

bool kube_mirror_changed(const struct kube_mirror *mirror)
{
	return mirror->come.n || mirror->gone.list.n || mirror->faults_changed || mirror->records_changed;
}

bool kube_mirror_take(struct kube_mirror *mirror, struct objects_delta *delta, struct objects *ret_old)
{
	const bool records_changed = mirror->records_changed;

	vec_for_each (object, &mirror->gone.list) {
		vec_push(&delta->gone, *object);
		vec_push(&ret_old->list, *object);
	}
	vec_free(&mirror->gone.list);
	vec_for_each (entry, &mirror->come) {
		vec_push(&delta->come, (*entry)->object);
		(*entry)->is_new = false;
	}
	vec_free(&mirror->come);
	mirror->faults_changed = mirror->records_changed = false;
	return records_changed;
}
