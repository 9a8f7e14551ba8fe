/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

static char directory[] = "/tmp/weir-file-XXXXXX";

static int set_up(void **state)
{
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	return remove(path);
}

static int tear_down(void **state)
{
	return chdir("/") || nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
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

static void assert_content(const char *path, const char *expected)
{
	_cleanup_free_ char *text = NULL;
	size_t length;

	assert_int_equal(file_read(path, 1 << 20, &text, &length), 0);
	assert_int_equal(length, strlen(expected));
	assert_string_equal(text, expected);
}

static void test_replace_and_read(void **state)
{
	struct stat st;

	assert_int_equal(mkdir("one", 0755), 0);
	assert_int_equal(file_replace("one/f", "first", 5), 0);
	assert_content("one/f", "first");
	assert_int_equal(stat("one/f", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(chmod("one/f", 0640), 0);
	assert_int_equal(file_replace("one/f", "", 0), 0);
	assert_content("one/f", "");
	assert_int_equal(stat("one/f", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(file_replace("here", "x", 1), 0);
	assert_content("here", "x");
	assert_int_equal(entries("one"), 1);
}

static void test_a_failed_replace_leaves_the_old_file(void **state)
{
	struct rlimit limit, small;
	void (*handler)(int);
	static char large[1 << 16];

	assert_int_equal(mkdir("two", 0755), 0);
	assert_int_equal(file_replace("two/f", "old", 3), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){ 4096, limit.rlim_max };
	handler = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(file_replace("two/f", large, sizeof(large)), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	signal(SIGXFSZ, handler);
	assert_content("two/f", "old");
	assert_int_equal(entries("two"), 1);

	assert_int_equal(mkdir("two/d", 0755), 0);
	assert_int_equal(file_replace("two/d", "x", 1), -EISDIR);
	assert_int_equal(entries("two"), 2);
	assert_int_equal(file_replace("two/none/f", "x", 1), -ENOENT);
}

/* What is done to the disk, a letter each: sync of a file or Directory, Rename. The one of that index fails. */
static struct {
	char done[8];
	size_t n, fails;
} disk = { .fails = SIZE_MAX };

static int disk_does(char what, long result)
{
	if (disk.n + 1 >= sizeof(disk.done))
		return (int)result;
	disk.done[disk.n] = what;
	if (disk.n++ != disk.fails)
		return (int)result;
	errno = EIO;
	return -1;
}

/* These two in place of the C library's. */
int fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return disk_does(S_ISDIR(st.st_mode) ? 'D' : 's', syscall(SYS_fsync, fd));
}

int rename(const char *from, const char *to)
{
	return disk_does('R', disk.n == disk.fails ? 0 : syscall(SYS_rename, from, to));
}

/* Else a power failure could leave a file that has its name and not its content. */
static void test_replaced_once_it_is_on_disk(void **state)
{
	static const struct {
		size_t fails;
		int r;
		const char *done, *then;
	} rows[] = {
		{ SIZE_MAX, 0, "sRD", "new" },
		{ 0, -EIO, "s", "old" },
		{ 1, -EIO, "sR", "old" },
		{ 2, 0, "sRD", "new" },
	};
	int (*const replace[])(const char *path, const char *text, size_t length) = { file_replace,
										      file_replace_alone };

	assert_int_equal(mkdir("three", 0755), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) * 2; i++) {
		const size_t row = i / 2;

		assert_int_equal(file_replace("three/f", "old", 3), 0);
		memset(&disk, 0, sizeof(disk));
		disk.fails = rows[row].fails;
		assert_int_equal(replace[i % 2]("three/f", "new", 3), rows[row].r);
		disk.fails = SIZE_MAX;
		assert_string_equal(disk.done, rows[row].done);
		assert_content("three/f", rows[row].then);
		assert_int_equal(entries("three"), 1);
	}
}

static void test_read_has_a_limit(void **state)
{
	char *text = (char *)1;
	size_t length = 7;

	assert_int_equal(file_replace("limited", "12345", 5), 0);
	assert_int_equal(file_read("limited", 4, &text, &length), -EFBIG);
	assert_ptr_equal(text, (char *)1);
	assert_int_equal(length, 7);
	assert_int_equal(file_read("/dev/zero", 100000, &text, &length), -EFBIG);
	assert_int_equal(file_read("limited", 5, &text, &length), 0);
	assert_int_equal(length, 5);
	free(text);
}

static void test_read_failures(void **state)
{
	char *text;
	size_t length;

	assert_int_equal(file_read("absent", 10, &text, &length), -ENOENT);
	assert_int_equal(file_read(".", 10, &text, &length), -EISDIR);
}

static void test_read_standard_input(void **state)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int saved = dup(STDIN_FILENO);
	size_t length;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "in\0put", 6), 6);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(file_read("-", 100, &text, &length), 0);
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	assert_int_equal(length, 6);
	assert_memory_equal(text, "in\0put", 7);
}

static void test_large_files_come_whole(void **state)
{
	_cleanup_free_ char *written = xcalloc(300001, 1), *read_back = NULL;
	size_t length;

	for (size_t i = 0; i < 300000; i++)
		written[i] = (char)('a' + i % 26);
	assert_int_equal(file_replace("large", written, 300000), 0);
	assert_int_equal(file_read("large", 300000, &read_back, &length), 0);
	assert_int_equal(length, 300000);
	assert_string_equal(read_back, written);
}

static void test_make_directories(void **state)
{
	_cleanup_free_ char *absolute = xasprintf("%s/m/x//y/", directory);
	struct stat st;

	assert_int_equal(make_directories("m/a/b", 0700), 0);
	assert_int_equal(stat("m/a/b", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(make_directories("m/a/b", 0755), 0);
	assert_int_equal(make_directories(absolute, 0755), 0);
	assert_int_equal(stat("m/x/y", &st), 0);
	assert_int_equal(file_replace("m/file", "", 0), 0);
	assert_int_equal(make_directories("m/file/x", 0755), -ENOTDIR);
	assert_int_equal(make_directories("m/file", 0755), -ENOTDIR);
	assert_int_equal(make_directories("/", 0755), 0);
	assert_int_equal(make_directories("", 0755), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "a file is replaced whole, and keeps its mode", test_replace_and_read, NULL, NULL, NULL },
		{ "a failed replacement leaves the old file and nothing beside it",
		  test_a_failed_replace_leaves_the_old_file, NULL, NULL, NULL },
		{ "a file is on the disk before it is in place, and its place before it is told",
		  test_replaced_once_it_is_on_disk, NULL, NULL, NULL },
		{ "reading stops at the limit", test_read_has_a_limit, NULL, NULL, NULL },
		{ "what can't be read says why", test_read_failures, NULL, NULL, NULL },
		{ "a dash reads standard input, NUL bytes and all", test_read_standard_input, NULL, NULL, NULL },
		{ "a large file comes whole", test_large_files_come_whole, NULL, NULL, NULL },
		{ "directories are made with their parents", test_make_directories, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("base: files", tests, set_up, tear_down);
}
