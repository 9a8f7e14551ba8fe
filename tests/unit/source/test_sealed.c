// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "source/sealed.h"

#define FORMAT "weir test"
#define BODY   "[\"one\", 1]\n[\"two\", 2]\n[\"three\", 3]\n"

/* As an agent from before this file was written left it. */
#define OF_EARLIER "{\"format\": \"weir test\", \"version\": 1, \"lines\": 3, \"crc32\": \"76b826d8\"}\n" BODY

struct fixture {
	char root[64];
	char *path, *bad;
	struct error error;
};

static int setup(void **state)
{
	struct fixture *f = new0(struct fixture);

	strcpy(f->root, "/tmp/weir-sealed-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->path = xasprintf("%s/file", f->root);
	f->bad = xasprintf("%s/file.bad", f->root);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *cleanup = xasprintf("rm -rf '%s'", f->root);

	assert_int_equal(system(cleanup), 0);
	free(f->path);
	free(f->bad);
	free(f);
	return 0;
}

static size_t entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static void assert_holds(const struct fixture *f, const char *expected)
{
	_cleanup_free_ char *body = NULL;

	assert_int_equal(sealed_read(f->path, FORMAT, &body, NULL), 0);
	assert_string_equal(body, expected);
}

static void what_is_written_is_read(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *body = NULL;

	assert_int_equal(sealed_read(f->path, FORMAT, &body, &f->error), -ENOENT);
	assert_int_equal(sealed_write(f->path, FORMAT, BODY, 3, &f->error), 0);
	assert_holds(f, BODY);
	assert_int_equal(sealed_write(f->path, FORMAT, "", 0, &f->error), 0);
	assert_holds(f, "");
	assert_int_equal(entries(f->root), 1);
}

static void what_an_earlier_weir_wrote_is_read(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_replace(f->path, OF_EARLIER, strlen(OF_EARLIER)), 0);
	assert_holds(f, BODY);
}

static void cut_in_the_header(char *text)
{
	text[20] = '\0';
}

static void cut_behind_the_header(char *text)
{
	strchr(text, '\n')[1] = '\0';
}

static void cut_in_a_line(char *text)
{
	text[strlen(text) - 10] = '\0';
}

static void cut_before_the_last_newline(char *text)
{
	text[strlen(text) - 1] = '\0';
}

static void lose_a_line(char *text)
{
	*strrchr(text, '\n') = '\0';
	strrchr(text, '\n')[1] = '\0';
}

static void flip_a_bit(char *text)
{
	text[strlen(text) - 5] ^= 1;
}

static void empty(char *text)
{
	*text = '\0';
}

static void be_random(char *text)
{
	uint32_t x = 1;

	for (; *text; text++) {
		x = x * 1664525 + 1013904223;
		*text = (char)(x >> 24 ?: 1);
	}
}

static void be_text(char *text)
{
	strcpy(text, "hello\nworld\n");
}

static void be_of_a_later_version(char *text)
{
	strstr(text, "\"version\": 1")[strlen("\"version\": ")] = '9';
}

static void be_of_another_format(char *text)
{
	strstr(text, FORMAT)[5] = 'b';
}

static void have_another_checksum(char *text)
{
	char *digit = strstr(text, "crc32\": \"") + strlen("crc32\": \"");

	*digit = *digit == '0' ? '1' : '0';
}

static const struct {
	const char *name;
	void (*make)(char *text);
	const char *words;
} damages[] = {
	{ "cut in its header", cut_in_the_header, "cut short" },
	{ "cut behind its header", cut_behind_the_header, "cut short" },
	{ "cut in a line", cut_in_a_line, "cut short" },
	{ "cut before its last newline", cut_before_the_last_newline, "cut short" },
	{ "cut between two lines", lose_a_line, "cut short" },
	{ "empty", empty, "cut short" },
	{ "of random bytes", be_random, "" },
	{ "another file", be_text, "header" },
	{ "one bit flipped", flip_a_bit, "checksum" },
	{ "another checksum", have_another_checksum, "checksum" },
	{ "a later version", be_of_a_later_version, "version" },
	{ "another format", be_of_another_format, "another kind" },
};

static void each_damage_is_named(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		_cleanup_free_ char *text = xstrdup(OF_EARLIER);
		char *body = (char *)1;
		struct error error = {};

		print_message("# %s\n", damages[i].name);
		damages[i].make(text);
		assert_int_equal(file_replace(f->path, text, strlen(text)), 0);
		assert_int_equal(sealed_read(f->path, FORMAT, &body, &error), -EBADMSG);
		assert_ptr_equal(body, (char *)1);
		assert_non_null(strstr(error.text, f->path));
		assert_non_null(strstr(error.text, damages[i].words));
	}
}

static void nul_bytes_are_damage(void **state)
{
	struct fixture *f = *state;
	char text[] = OF_EARLIER;
	char *body;

	text[sizeof(text) - 5] = '\0';
	assert_int_equal(file_replace(f->path, text, sizeof(text) - 1), 0);
	assert_int_equal(sealed_read(f->path, FORMAT, &body, &f->error), -EBADMSG);
}

static void a_directory_in_its_place_is_damage(void **state)
{
	struct fixture *f = *state;
	char *body;

	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_int_equal(sealed_read(f->path, FORMAT, &body, &f->error), -EBADMSG);
	assert_non_null(strstr(f->error.text, "Is a directory"));
}

static void what_no_other_try_would_read_is_damage(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char *body;

	strcpy(address.sun_path, f->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(sealed_read(f->path, FORMAT, &body, &f->error), -EBADMSG);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(symlink("file", f->path), 0);
	assert_int_equal(sealed_read(f->path, FORMAT, &body, &f->error), -EBADMSG);
}

static void put_aside(struct fixture *f)
{
	error_set(&f->error, -EBADMSG, "it is damaged");
	sealed_put_aside(f->path, &f->error);
}

static void one_bad_file_is_kept_whatever_was_there(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(file_replace(f->path, "first", 5), 0);
	put_aside(f);
	assert_non_null(strstr(f->error.text, "it is damaged (it is kept as "));
	assert_non_null(strstr(f->error.text, f->bad));
	assert_int_equal(mkdir(f->path, 0700), 0);
	put_aside(f);
	assert_int_equal(stat(f->bad, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(file_replace(f->path, "last", 4), 0);
	put_aside(f);
	assert_int_equal(stat(f->bad, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_size, 4);
	assert_int_equal(entries(f->root), 1);
}

static void what_can_t_be_put_aside_is_said(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *inside = xasprintf("%s/x", f->bad);

	assert_int_equal(file_replace(f->path, "first", 5), 0);
	assert_int_equal(make_directories(inside, 0700), 0);
	put_aside(f);
	assert_non_null(strstr(f->error.text, "it is damaged (and it can't be put aside as "));
}

/* What is at the path and what is its copy (NULL: nothing), what reading either comes to, and what is said. */
static const struct {
	const char *file, *copy;
	int r;
	const char *words;
} pairs[] = {
	{ NULL, NULL, -ENOENT, "No such file" },
	{ OF_EARLIER, "damaged", 0, "" },
	{ NULL, OF_EARLIER, 0, "No such file or directory; its copy is used" },
	{ "damaged", OF_EARLIER, 0, "bad); its copy is used" },
	{ "damaged", NULL, -EBADMSG, "nor can its copy" },
	{ NULL, "damaged", -EBADMSG, "nor can its copy" },
	{ "damaged", "damaged", -EBADMSG, "nor can its copy" },
};

static void put(const char *path, const char *text)
{
	if (text)
		assert_int_equal(file_replace(path, text, strlen(text)), 0);
	else
		unlink(path);
}

static void the_copy_is_read_where_the_file_is_damaged_or_gone(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *copy = xasprintf("%s.copy", f->path);

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		_cleanup_free_ char *body = NULL;
		struct error error = {};

		put(f->path, pairs[i].file);
		put(copy, pairs[i].copy);
		assert_int_equal(sealed_read_either(f->path, FORMAT, &body, &error), pairs[i].r);
		assert_non_null(strstr(error.text, pairs[i].words));
		assert_true(pairs[i].r < 0 || !*error.text == !*pairs[i].words);
		if (pairs[i].r == 0) {
			assert_string_equal(body, BODY);
			assert_holds(f, BODY);
		}
	}
}

static void a_copy_is_made_once(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *copy = xasprintf("%s.copy", f->path);
	struct stat first, second;

	assert_int_equal(sealed_back_up(f->path, &f->error), 0);
	assert_int_equal(entries(f->root), 0);
	put(f->path, OF_EARLIER);
	assert_int_equal(sealed_back_up(f->path, &f->error), 0);
	assert_int_equal(stat(copy, &first), 0);
	assert_int_equal(sealed_back_up(f->path, &f->error), 0);
	assert_int_equal(stat(copy, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	put(copy, "damaged");
	assert_int_equal(sealed_back_up(f->path, &f->error), 0);
	put(f->path, NULL);
	assert_int_equal(rename(copy, f->path), 0);
	assert_holds(f, BODY);
}

/* A writer that ends at a random moment of its writing, many times. */
static void killed_writers_leave_whole_files_and_one_other(void **state)
{
	struct fixture *f = *state;
	static char bodies[2][200000];

	for (int i = 0; i < 2; i++)
		for (size_t at = 0; at < sizeof(bodies[i]) - 1; at++)
			bodies[i][at] = at % 100 == 99 ? '\n' : (char)('a' + i);
	assert_int_equal(sealed_write(f->path, FORMAT, bodies[0], 1999, NULL), 0);
	srand(1);
	for (int round = 0; round < 100; round++) {
		_cleanup_free_ char *body = NULL;
		pid_t pid = fork();

		if (pid == 0)
			for (int i = 1;; i ^= 1)
				sealed_write(f->path, FORMAT, bodies[i], 1999, NULL);
		usleep((useconds_t)(rand() % 3000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(sealed_read(f->path, FORMAT, &body, &f->error), 0);
		assert_true(strcmp(body, bodies[0]) == 0 || strcmp(body, bodies[1]) == 0);
		assert_true(entries(f->root) <= 2);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(what_an_earlier_weir_wrote_is_read),
		TEST(each_damage_is_named),
		TEST(nul_bytes_are_damage),
		TEST(a_directory_in_its_place_is_damage),
		TEST(what_no_other_try_would_read_is_damage),
		TEST(one_bad_file_is_kept_whatever_was_there),
		TEST(what_can_t_be_put_aside_is_said),
		TEST(the_copy_is_read_where_the_file_is_damaged_or_gone),
		TEST(a_copy_is_made_once),
		TEST(killed_writers_leave_whole_files_and_one_other),
	};

	return cmocka_run_group_tests_name("sealed files", tests, NULL, NULL);
}
