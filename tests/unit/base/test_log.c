/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"

static int saved_stderr;

/* stderr goes to fd from here on; assertions must wait until it is back. */
static void redirect(int fd)
{
	saved_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
}

static void restore(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
}

/* What log_write() writes to something that is no terminal. */
static char *logged(enum log_level level, const char *message)
{
	_cleanup_close_ int fd = memfd_create("log", MFD_CLOEXEC);
	char text[4096] = "";

	assert_true(fd >= 0);
	redirect(fd);
	log_write(level, "%s", message);
	restore();
	assert_true(pread(fd, text, sizeof(text) - 1, 0) >= 0);
	return xstrdup(text);
}

static json_t *parsed(const char *line)
{
	json_t *entry = json_loads(line, 0, NULL);

	assert_non_null(entry);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	return entry;
}

static const char *member(const json_t *entry, const char *name)
{
	return json_string_value(json_object_get(entry, name));
}

static void test_json_line(void **state)
{
	_cleanup_free_ char *line = logged(LOG_LEVEL_WARNING, "a \"quoted\" \\ text\nand more \x1b[31m\xc3\xa9");
	json_t *entry = parsed(line);

	assert_int_equal(json_object_size(entry), 3);
	assert_string_equal(member(entry, "severity"), "warning");
	assert_string_equal(member(entry, "message"), "a \"quoted\" \\ text?and more ?[31m\xc3\xa9");
	assert_int_equal(strlen(member(entry, "time")), strlen("2026-01-02T03:04:05.678901Z"));
	json_decref(entry);
}

/* A priority that the journal takes off, where it is the journal; where the words are of another stream, none. */
static void test_journal(void **state)
{
	_cleanup_close_ int fd = memfd_create("journal", MFD_CLOEXEC);
	char stream[64], text[1024] = "";
	struct stat is;

	assert_int_equal(fstat(fd, &is), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)is.st_dev, (uintmax_t)is.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	redirect(fd);
	log_write(LOG_LEVEL_WARNING, "one");
	log_write(LOG_LEVEL_ERROR, "two");
	restore();
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_memory_equal(text, "<4>{", 4);
	assert_non_null(strstr(text, "\n<3>{"));
	_cleanup_free_ char *elsewhere = logged(LOG_LEVEL_WARNING, "three");
	unsetenv("JOURNAL_STREAM");
	assert_int_equal(*elsewhere, '{');
}

static void test_not_utf8(void **state)
{
	_cleanup_free_ char *line = logged(LOG_LEVEL_ERROR, "name \xff\xfe.");
	json_t *entry = parsed(line);

	assert_string_equal(member(entry, "message"), "name ??.");
	json_decref(entry);
}

static void test_threshold(void **state)
{
	_cleanup_free_ char *debug = logged(LOG_LEVEL_DEBUG, "x");
	_cleanup_free_ char *info = logged(LOG_LEVEL_INFO, "x");
	_cleanup_free_ char *quiet = NULL, *loud = NULL;

	assert_string_equal(debug, "");
	assert_string_not_equal(info, "");
	log_open(LOG_LEVEL_WARNING);
	quiet = logged(LOG_LEVEL_INFO, "x");
	log_open(LOG_LEVEL_DEBUG);
	loud = logged(LOG_LEVEL_DEBUG, "x");
	log_open(LOG_LEVEL_INFO);
	assert_string_equal(quiet, "");
	assert_string_not_equal(loud, "");
}

static void test_terminal(void **state)
{
	_cleanup_close_ int controller = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	_cleanup_close_ int terminal = -1;
	char text[512] = "";

	assert_true(controller >= 0);
	assert_int_equal(grantpt(controller) | unlockpt(controller), 0);
	terminal = open(ptsname(controller), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal >= 0);
	redirect(terminal);
	log_info("attached %s\x1b[2J", "veth0");
	restore();
	assert_true(read(controller, text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "Z info    attached veth0?[2J\r\n"));
	assert_null(strchr(text, '{'));
}

static void test_errno_survives(void **state)
{
	_cleanup_free_ char *line = NULL;

	errno = ENOSPC;
	line = logged(LOG_LEVEL_INFO, "x");
	assert_int_equal(errno, ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "a log line is one JSON object", test_json_line, NULL, NULL, NULL },
		{ "the journal is told the level, and nobody else", test_journal, NULL, NULL, NULL },
		{ "bytes that are not UTF-8 don't break the line", test_not_utf8, NULL, NULL, NULL },
		{ "what is below the level is not written", test_threshold, NULL, NULL, NULL },
		{ "a terminal gets text that can't steer it", test_terminal, NULL, NULL, NULL },
		{ "logging leaves errno alone", test_errno_survives, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("base: log", tests, NULL, NULL);
}
