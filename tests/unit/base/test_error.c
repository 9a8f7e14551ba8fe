/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void test_set(void **state)
{
	struct error error = {};

	assert_int_equal(error_set(&error, -ENOENT, "%s: not there", "veth7"), -ENOENT);
	assert_int_equal(error.code, -ENOENT);
	assert_string_equal(error.text, "veth7: not there");
	assert_int_equal(error_set(NULL, -EPERM, "nobody listens"), -EPERM);
}

static void test_prefix(void **state)
{
	struct error error = {};

	error_set(&error, -EIO, "the disk is gone");
	assert_int_equal(error_prefix(&error, "writing %s", "/x"), -EIO);
	assert_string_equal(error.text, "writing /x: the disk is gone");
	assert_int_equal(error_prefix(&error, "apply"), -EIO);
	assert_string_equal(error.text, "apply: writing /x: the disk is gone");
}

static void test_prefix_of_silence(void **state)
{
	struct error error = { .code = -EACCES };

	assert_int_equal(error_prefix(&error, "opening"), -EACCES);
	assert_string_equal(error.text, "opening: Permission denied");
}

static void test_long_texts_are_cut(void **state)
{
	struct error error = {};
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&error, -EINVAL, "%s", text);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	error_prefix(&error, "start");
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	assert_memory_equal(error.text, "start: xxx", 10);
	error_prefix(&error, "%s", text);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "an error has a code and a text", test_set, NULL, NULL, NULL },
		{ "context goes before what was said", test_prefix, NULL, NULL, NULL },
		{ "where nothing was said the code speaks", test_prefix_of_silence, NULL, NULL, NULL },
		{ "long texts are cut, not overrun", test_long_texts_are_cut, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("base: errors", tests, NULL, NULL);
}
