// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "source/directory.h"

/* A directory in a directory of its own, so that it can be deleted and come back. */
struct fixture {
	char root[64];
	char *path;
	struct directory *directory;
	struct diags diags;
	struct error error;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int setup(void **state)
{
	struct fixture *f = new0(struct fixture);

	strcpy(f->root, "/tmp/weir-directory-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->path = xasprintf("%s/policy", f->root);
	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_int_equal(directory_open(f->path, &f->directory, &f->error), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	directory_free(f->directory);
	diags_free(&f->diags);
	remove_tree(f->root);
	free(f->path);
	free(f);
	return 0;
}

static void write_at(const char *directory, const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", directory, name);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void write_file(struct fixture *f, const char *name, const char *text)
{
	write_at(f->path, name, text);
}

static void rename_file(struct fixture *f, const char *from, const char *to)
{
	_cleanup_free_ char *old = xasprintf("%s/%s", f->path, from);
	_cleanup_free_ char *new = xasprintf("%s/%s", f->path, to);

	assert_int_equal(rename(old, new), 0);
}

static void remove_file(struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", f->path, name);

	assert_int_equal(unlink(path), 0);
}

static const char *namespace(const char *name)
{
	static char text[256];

	snprintf(text, sizeof(text), "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n", name);
	return text;
}

static bool refresh(struct fixture *f, bool everything)
{
	bool changed;

	diags_free(&f->diags);
	assert_int_equal(directory_refresh(f->directory, everything, &changed, &f->diags, &f->error), 0);
	return changed;
}

static bool readable(struct fixture *f)
{
	struct pollfd poll_fd = { .fd = directory_fd(f->directory), .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

/* The names of all objects, in order, comma by comma. */
static void assert_holds(struct fixture *f, const char *names)
{
	const struct objects *objects = directory_objects(f->directory);
	char text[512] = "";

	for (size_t i = 0; i < objects->list.n; i++) {
		strcat(text, i ? "," : "");
		strcat(text, objects->list.items[i]->name);
	}
	assert_string_equal(text, names);
}

static void reads_every_manifest_by_name(void **state)
{
	struct fixture *f = *state;

	write_file(f, "b.yml", namespace("second"));
	write_file(f, "a.yaml", namespace("first"));
	write_file(f, "c.json", "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"third\"}}");
	write_file(f, "notes.txt", "not: [a manifest");
	write_file(f, ".hidden.yaml", "not: [a manifest");
	assert_true(refresh(f, false));
	assert_holds(f, "first,second,third");
	assert_int_equal(f->diags.n_errors, 0);
}

static void without_a_change_nothing_is_read(void **state)
{
	struct fixture *f = *state;

	write_file(f, "a.yaml", namespace("first"));
	assert_true(refresh(f, false));
	assert_false(readable(f));
	assert_false(refresh(f, false));
	assert_false(refresh(f, true));
}

static void a_file_written_again_with_the_same_text_is_no_change(void **state)
{
	struct fixture *f = *state;

	write_file(f, "a.yaml", namespace("first"));
	assert_true(refresh(f, false));
	write_file(f, "a.yaml", namespace("first"));
	assert_true(readable(f));
	assert_false(refresh(f, false));
}

static void a_file_written_in_place_is_read_again(void **state)
{
	struct fixture *f = *state;

	write_file(f, "a.yaml", namespace("first"));
	refresh(f, false);
	write_file(f, "a.yaml", namespace("other"));
	assert_true(refresh(f, false));
	assert_holds(f, "other");
}

static void a_file_still_open_for_writing_keeps_its_last_version(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = xasprintf("%s/a.yaml", f->path);
	FILE *out;

	write_file(f, "a.yaml", namespace("first"));
	refresh(f, false);
	out = fopen(path, "w");
	write_file(f, "b.yaml", namespace("second"));
	assert_true(refresh(f, false));
	assert_holds(f, "first,second");
	fputs(namespace("third"), out);
	fclose(out);
	assert_true(refresh(f, false));
	assert_holds(f, "third,second");
}

static void a_file_renamed_over_another_replaces_it(void **state)
{
	struct fixture *f = *state;

	write_file(f, "a.yaml", namespace("first"));
	refresh(f, false);
	write_file(f, ".a.yaml.swp", namespace("edited"));
	rename_file(f, ".a.yaml.swp", "a.yaml");
	assert_true(readable(f));
	assert_true(refresh(f, false));
	assert_holds(f, "edited");
}

static void a_file_that_vanishes_takes_its_objects_along(void **state)
{
	struct fixture *f = *state;

	write_file(f, "a.yaml", namespace("first"));
	write_file(f, "b.yaml", namespace("second"));
	refresh(f, false);
	remove_file(f, "a.yaml");
	assert_true(refresh(f, false));
	assert_holds(f, "second");
}

static void a_broken_file_keeps_its_last_good_version_and_is_named(void **state)
{
	struct fixture *f = *state;

	write_file(f, "a.yaml", namespace("first"));
	write_file(f, "b.yaml", namespace("second"));
	refresh(f, false);
	write_file(f, "a.yaml", "kind: [");
	assert_false(refresh(f, false));
	assert_holds(f, "first,second");
	assert_int_equal(directory_broken(f->directory), 1);
	assert_true(f->diags.n_errors > 0);
	assert_non_null(strstr(f->diags.list.items[0].file, "a.yaml"));
	/* It is still said when nothing has changed since. */
	assert_false(refresh(f, false));
	assert_true(f->diags.n_errors > 0);
	write_file(f, "a.yaml", namespace("mended"));
	assert_true(refresh(f, false));
	assert_holds(f, "mended,second");
	assert_int_equal(directory_broken(f->directory), 0);
	assert_int_equal(f->diags.n_errors, 0);
}

static void a_broken_file_that_is_deleted_is_forgotten(void **state)
{
	struct fixture *f = *state;

	write_file(f, "a.yaml", "kind: [");
	refresh(f, false);
	assert_int_equal(directory_broken(f->directory), 1);
	remove_file(f, "a.yaml");
	refresh(f, false);
	assert_int_equal(directory_broken(f->directory), 0);
	assert_int_equal(f->diags.n_errors, 0);
}

/* As kubelet mounts a ConfigMap: a.yaml -> ..data/a.yaml, ..data -> ..1; the swap renames a new ..data over. */
static void a_swapped_data_link_changes_every_file_behind_it(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *one = xasprintf("%s/..1", f->path), *two = xasprintf("%s/..2", f->path);
	_cleanup_free_ char *data = xasprintf("%s/..data", f->path), *next = xasprintf("%s/..next", f->path);
	_cleanup_free_ char *link = xasprintf("%s/a.yaml", f->path);

	assert_int_equal(mkdir(one, 0700), 0);
	write_at(one, "a.yaml", namespace("first"));
	assert_int_equal(symlink("..1", data), 0);
	assert_int_equal(symlink("..data/a.yaml", link), 0);
	assert_true(refresh(f, false));
	assert_holds(f, "first");

	assert_int_equal(mkdir(two, 0700), 0);
	write_at(two, "a.yaml", namespace("second"));
	assert_int_equal(symlink("..2", next), 0);
	assert_int_equal(rename(next, data), 0);
	assert_true(readable(f));
	assert_true(refresh(f, false));
	assert_holds(f, "second");
}

static void a_deleted_directory_keeps_what_it_held_until_it_is_back(void **state)
{
	struct fixture *f = *state;
	bool changed;

	write_file(f, "a.yaml", namespace("first"));
	refresh(f, false);
	remove_tree(f->path);
	diags_free(&f->diags);
	assert_true(directory_refresh(f->directory, false, &changed, &f->diags, &f->error) < 0);
	assert_non_null(strstr(f->error.text, f->path));
	assert_holds(f, "first");

	assert_int_equal(mkdir(f->path, 0700), 0);
	write_file(f, "b.yaml", namespace("second"));
	assert_true(readable(f));
	assert_true(refresh(f, false));
	assert_holds(f, "second");
	write_file(f, "c.yaml", namespace("third"));
	assert_true(readable(f));
	assert_true(refresh(f, false));
	assert_holds(f, "second,third");
}

static void a_directory_renamed_away_and_replaced_is_followed(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *away = xasprintf("%s/away", f->root);

	write_file(f, "a.yaml", namespace("first"));
	refresh(f, false);
	assert_int_equal(rename(f->path, away), 0);
	assert_int_equal(mkdir(f->path, 0700), 0);
	write_file(f, "a.yaml", namespace("second"));
	assert_true(refresh(f, false));
	assert_holds(f, "second");
	write_at(away, "a.yaml", namespace("third"));
	assert_false(refresh(f, false));
}

static void a_directory_whose_parents_go_too_comes_back(void **state)
{
	struct fixture *f = *state;
	bool changed;

	refresh(f, false);
	remove_tree(f->root);
	directory_refresh(f->directory, false, &changed, &f->diags, &f->error);
	assert_int_equal(mkdir(f->root, 0700), 0);
	assert_true(readable(f));
	directory_refresh(f->directory, false, &changed, &f->diags, &f->error);
	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_true(readable(f));
	write_file(f, "a.yaml", namespace("first"));
	assert_true(refresh(f, false));
	assert_holds(f, "first");
}

static void a_directory_that_is_not_there_is_refused(void **state)
{
	struct directory *directory = NULL;
	struct error error = {};

	assert_int_equal(directory_open("/nowhere/policy", &directory, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nowhere/policy"));
	assert_null(directory);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_every_manifest_by_name),
		TEST(without_a_change_nothing_is_read),
		TEST(a_file_written_again_with_the_same_text_is_no_change),
		TEST(a_file_written_in_place_is_read_again),
		TEST(a_file_still_open_for_writing_keeps_its_last_version),
		TEST(a_file_renamed_over_another_replaces_it),
		TEST(a_file_that_vanishes_takes_its_objects_along),
		TEST(a_broken_file_keeps_its_last_good_version_and_is_named),
		TEST(a_broken_file_that_is_deleted_is_forgotten),
		TEST(a_swapped_data_link_changes_every_file_behind_it),
		TEST(a_deleted_directory_keeps_what_it_held_until_it_is_back),
		TEST(a_directory_renamed_away_and_replaced_is_followed),
		TEST(a_directory_whose_parents_go_too_comes_back),
		cmocka_unit_test(a_directory_that_is_not_there_is_refused),
	};

	return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
