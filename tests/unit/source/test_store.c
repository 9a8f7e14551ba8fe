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
	char *path;
	struct store *store;
};

static int setup(void **state)
{
	struct fixture *f = new0(struct fixture);

	strcpy(f->root, "/tmp/weir-store-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->path = xasprintf("%s/store.jsonl", f->root);
	assert_int_equal(store_open(f->path, &f->store, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_free(f->store);
	unlink(f->path);
	rmdir(f->root);
	free(f->path);
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

static const char *cut_short(char *text)
{
	text[strlen(text) - 10] = '\0';
	return text;
}

static const char *lose_a_line(char *text)
{
	char *last = strrchr(text, '\n');

	*last = '\0';
	strrchr(text, '\n')[1] = '\0';
	return text;
}

static const char *flip_a_byte(char *text)
{
	text[strlen(text) - 5] ^= 1;
	return text;
}

static const char *empty(char *text)
{
	return "";
}

static const char *not_ours(char *text)
{
	return "hello\nworld\n";
}

static const char *later_version(char *text)
{
	strstr(text, "\"version\": 1")[strlen("\"version\": ")] = '9';
	return text;
}

/* Each damage to a file of two objects, and the words that name it. */
static const struct {
	const char *name;
	const char *(*make)(char *text);
	const char *words;
} damages[] = {
	{ "cut in the middle of a line", cut_short, "cut short" },
	{ "cut between two lines", lose_a_line, "cut short" },
	{ "one bit flipped", flip_a_byte, "checksum" },
	{ "empty", empty, "cut short" },
	{ "another file", not_ours, "header" },
	{ "a later version", later_version, "version" },
};

static void a_damaged_file_is_refused_by_name_and_left_alone(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *whole = NULL;
	size_t length;

	put(f, "a", "x", STORE_CREATED);
	put(f, "b", "x", STORE_CREATED);
	assert_int_equal(file_read(f->path, 1 << 20, &whole, &length), 0);
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		_cleanup_free_ char *copy = xstrdup(whole), *after = NULL;
		const char *damaged = damages[i].make(copy);
		struct store *store = NULL;
		struct error error = {};

		print_message("# %s\n", damages[i].name);
		assert_int_equal(file_replace(f->path, damaged, strlen(damaged)), 0);
		assert_true(store_open(f->path, &store, &error) < 0);
		assert_null(store);
		assert_non_null(strstr(error.text, f->path));
		assert_non_null(strstr(error.text, damages[i].words));
		assert_non_null(strstr(error.text, "move it away"));
		assert_int_equal(file_read(f->path, 1 << 20, &after, &length), 0);
		assert_string_equal(after, damaged);
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
		TEST(a_damaged_file_is_refused_by_name_and_left_alone),
		TEST(a_full_disk_leaves_store_and_draft_as_they_were),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
