// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/file.h"
#include "base/mem.h"
#include "object/manifest.h"
#include "source/store.h"

struct fixture {
	char root[64];
	char *path, *copy;
	struct store *store;
	struct error error;
};

static int setup(void **state)
{
	struct fixture *f = new0(struct fixture);

	strcpy(f->root, "/tmp/weir-store-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->path = xasprintf("%s/store.jsonl", f->root);
	f->copy = xasprintf("%s/store.jsonl.copy", f->root);
	assert_int_equal(store_open(f->path, &f->store, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *cleanup = xasprintf("rm -rf '%s'", f->root);

	store_free(f->store);
	assert_int_equal(system(cleanup), 0);
	free(f->path);
	free(f->copy);
	free(f);
	return 0;
}

static struct object *namespace(const char *name, const char *tier)
{
	_cleanup_free_ char *text =
		xasprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {tier: %s}}\n", name, tier);
	struct objects objects = {};
	struct diags diags = {};
	struct object *object;

	assert_int_equal(manifest_parse("-", text, strlen(text), MANIFEST_KEEP_JSON, &objects, &diags), 0);
	object = TAKE_PTR(objects.list.items[0]);
	objects_free(&objects);
	diags_free(&diags);
	return object;
}

static void assert_holds(const struct objects *objects, const char *names)
{
	char text[512] = "";

	for (size_t i = 0; i < objects->list.n; i++) {
		strcat(text, i ? "," : "");
		strcat(text, objects->list.items[i]->name);
	}
	assert_string_equal(text, names);
}

static void put(struct fixture *f, const char *name, const char *tier, enum store_change expected)
{
	_cleanup_(store_draft_freep) struct store_draft *draft = store_draft_new(f->store);

	assert_int_equal(store_draft_put(draft, namespace(name, tier)), expected);
	assert_int_equal(store_draft_changed(draft), expected != STORE_UNCHANGED);
	assert_int_equal(store_draft_commit(draft, NULL), 0);
}

static void reopen(struct fixture *f)
{
	store_free(f->store);
	f->store = NULL;
	assert_int_equal(store_open(f->path, &f->store, NULL), 0);
}

static void what_was_committed_is_there_after_a_restart(void **state)
{
	struct fixture *f = *state;

	put(f, "b", "x", STORE_CREATED);
	put(f, "a", "x", STORE_CREATED);
	put(f, "a", "y", STORE_CONFIGURED);
	put(f, "a", "y", STORE_UNCHANGED);
	assert_holds(store_objects(f->store), "a,b");
	reopen(f);
	assert_holds(store_objects(f->store), "a,b");
	assert_string_equal(labels_get(&store_objects(f->store)->list.items[0]->labels, "tier"), "y");
	put(f, "a", "y", STORE_UNCHANGED);
}

static void a_dropped_draft_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_draft *draft;

	put(f, "a", "x", STORE_CREATED);
	draft = store_draft_new(f->store);
	store_draft_put(draft, namespace("b", "x"));
	store_draft_delete(draft, KIND_NAMESPACE, NULL, "a");
	assert_holds(store_draft_objects(draft), "b");
	store_draft_free(draft);
	assert_holds(store_objects(f->store), "a");
	reopen(f);
	assert_holds(store_objects(f->store), "a");
}

static void a_draft_sees_its_own_changes(void **state)
{
	struct fixture *f = *state;
	_cleanup_(store_draft_freep) struct store_draft *draft = store_draft_new(f->store);

	assert_int_equal(store_draft_delete(draft, KIND_NAMESPACE, NULL, "a"), STORE_NOT_FOUND);
	assert_int_equal(store_draft_put(draft, namespace("a", "x")), STORE_CREATED);
	assert_int_equal(store_draft_put(draft, namespace("a", "y")), STORE_CONFIGURED);
	assert_int_equal(store_draft_delete(draft, KIND_NAMESPACE, NULL, "a"), STORE_DELETED);
	assert_int_equal(store_draft_delete(draft, KIND_NAMESPACE, NULL, "a"), STORE_NOT_FOUND);
	assert_holds(store_draft_objects(draft), "");
	assert_int_equal(store_draft_put(draft, namespace("a", "z")), STORE_CREATED);
	assert_holds(store_draft_objects(draft), "a");
	assert_int_equal(store_draft_commit(draft, NULL), 0);
	assert_holds(store_objects(f->store), "a");
	assert_false(store_draft_changed(draft));
}

/* The names in a list of a delta, with the tier of each. */
#define assert_lists(list, expected)                                               \
	do {                                                                       \
		char _text[512] = "";                                              \
		vec_for_each (_object, list)                                       \
			sprintf(_text + strlen(_text), "%s=%s ", (*_object)->name, \
				labels_get(&(*_object)->labels, "tier"));          \
		assert_string_equal(_text, expected);                              \
	} while (0)

static void a_draft_says_what_it_changes_and_what_is_gone_can_be_looked_at_after_it(void **state)
{
	struct fixture *f = *state;
	_cleanup_(store_draft_freep) struct store_draft *draft = NULL;
	struct objects_delta delta = {};

	put(f, "a", "x", STORE_CREATED);
	put(f, "b", "x", STORE_CREATED);
	draft = store_draft_new(f->store);
	store_draft_put(draft, namespace("a", "y"));
	store_draft_put(draft, namespace("c", "z"));
	store_draft_delete(draft, KIND_NAMESPACE, NULL, "b");
	store_draft_delta(draft, &delta);
	assert_int_equal(store_draft_commit(draft, NULL), 0);
	assert_lists(&delta.gone, "a=x b=x ");
	assert_lists(&delta.come, "a=y c=z ");
	vec_free(&delta.gone);
	vec_free(&delta.come);
}

static void the_last_object_can_be_deleted(void **state)
{
	struct fixture *f = *state;
	struct store_draft *draft;

	put(f, "a", "x", STORE_CREATED);
	draft = store_draft_new(f->store);
	assert_int_equal(store_draft_delete(draft, KIND_NAMESPACE, NULL, "a"), STORE_DELETED);
	assert_int_equal(store_draft_commit(draft, NULL), 0);
	store_draft_free(draft);
	reopen(f);
	assert_holds(store_objects(f->store), "");
}

static void damage(const char *path)
{
	assert_int_equal(file_replace(path, "damaged\n", 8), 0);
}

static void back_up(struct fixture *f)
{
	assert_int_equal(store_back_up(f->store, &f->error), 0);
}

static char *content(const char *path)
{
	char *text = NULL;
	size_t length;

	assert_int_equal(file_read(path, 1 << 20, &text, &length), 0);
	return text;
}

static void the_copy_stands_in_for_a_damaged_file(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *bad = xasprintf("%s.bad", f->path), *aside = NULL;

	put(f, "a", "x", STORE_CREATED);
	back_up(f);
	damage(f->path);
	reopen(f);
	assert_holds(store_objects(f->store), "a");
	assert_false(store_is_lost(f->store));
	assert_non_null(strstr(store_damage(f->store), "its copy is used"));
	assert_non_null(strstr(store_damage(f->store), f->path));
	aside = content(bad);
	assert_string_equal(aside, "damaged\n");
	reopen(f);
	assert_holds(store_objects(f->store), "a");
	assert_null(store_damage(f->store));
}

static void the_copy_stands_in_for_a_file_that_is_gone(void **state)
{
	struct fixture *f = *state;

	put(f, "a", "x", STORE_CREATED);
	back_up(f);
	assert_int_equal(unlink(f->path), 0);
	reopen(f);
	assert_holds(store_objects(f->store), "a");
	assert_non_null(strstr(store_damage(f->store), "No such file"));
}

static void a_copy_that_is_not_the_same_is_written_anew(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *one = NULL, *other = NULL;

	put(f, "a", "x", STORE_CREATED);
	back_up(f);
	put(f, "b", "x", STORE_CREATED); /* and killed before it is backed up */
	reopen(f);
	assert_null(store_damage(f->store));
	back_up(f);
	one = content(f->path);
	other = content(f->copy);
	assert_string_equal(one, other);
	damage(f->copy);
	reopen(f);
	assert_holds(store_objects(f->store), "a,b");
	back_up(f);
	free(TAKE_PTR(other));
	other = content(f->copy);
	assert_string_equal(one, other);
}

/* What is to be done to file and copy so that nobody knows what was in them. */
static const struct {
	const char *name;
	bool file_gone, copy_gone;
} losses[] = {
	{ "both damaged", false, false },
	{ "the file damaged and no copy", false, true },
	{ "no file and the copy damaged", true, false },
};

static void lose(struct fixture *f, bool file_gone, bool copy_gone)
{
	put(f, "a", "x", STORE_CREATED);
	back_up(f);
	damage(f->path);
	damage(f->copy);
	if (file_gone)
		unlink(f->path);
	if (copy_gone)
		unlink(f->copy);
	reopen(f);
}

static void what_is_lost_stays_lost_until_something_is_committed(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
		print_message("# %s\n", losses[i].name);
		lose(f, losses[i].file_gone, losses[i].copy_gone);
		assert_true(store_is_lost(f->store));
		assert_non_null(store_damage(f->store));
		assert_holds(store_objects(f->store), "");
		back_up(f); /* of what is lost there is none */
		reopen(f);
		assert_true(store_is_lost(f->store));
		put(f, "b", "x", STORE_CREATED);
		assert_false(store_is_lost(f->store));
		reopen(f);
		assert_holds(store_objects(f->store), "b");
		assert_null(store_damage(f->store));
		assert_int_equal(unlink(f->path), 0);
		assert_int_equal(unlink(f->copy), 0);
		reopen(f);
	}
}

/* A file system of a few pages, filled by a store that grows. */
static void a_full_disk_leaves_store_and_draft_as_they_were(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *big = xasprintf("%s/tmpfs", f->root);
	_cleanup_free_ char *path = xasprintf("%s/store.jsonl", big);
	struct store_draft *draft;
	struct store *store = NULL;
	struct error error = {};

	assert_int_equal(make_directories(big, 0700), 0);
	if (mount("weir-test", big, "tmpfs", 0, "size=64k") < 0) {
		rmdir(big);
		print_message("no right to mount a tmpfs\n");
		skip();
	}
	assert_int_equal(store_open(path, &store, NULL), 0);
	draft = store_draft_new(store);
	store_draft_put(draft, namespace("a", "x"));
	assert_int_equal(store_draft_commit(draft, &error), 0);

	for (int i = 0; i < 4000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d", i);
		store_draft_put(draft, namespace(name, "x"));
	}
	assert_int_equal(store_draft_commit(draft, &error), -ENOSPC);
	assert_non_null(strstr(error.text, path));
	assert_non_null(strstr(error.text, "free some space"));
	assert_true(store_draft_changed(draft));
	assert_holds(store_objects(store), "a");
	store_draft_free(draft);
	store_free(store);

	assert_int_equal(store_open(path, &store, &error), 0);
	assert_holds(store_objects(store), "a");
	store_free(store);
	umount2(big, MNT_DETACH);
	rmdir(big);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_committed_is_there_after_a_restart),
		TEST(a_dropped_draft_changes_nothing),
		TEST(a_draft_sees_its_own_changes),
		TEST(a_draft_says_what_it_changes_and_what_is_gone_can_be_looked_at_after_it),
		TEST(the_last_object_can_be_deleted),
		TEST(the_copy_stands_in_for_a_damaged_file),
		TEST(the_copy_stands_in_for_a_file_that_is_gone),
		TEST(a_copy_that_is_not_the_same_is_written_anew),
		TEST(what_is_lost_stays_lost_until_something_is_committed),
		TEST(a_full_disk_leaves_store_and_draft_as_they_were),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
