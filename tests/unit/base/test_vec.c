/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "base/vec.h"

struct pair {
	int a, b;
};

static void test_push_keeps_everything(void **state)
{
	VEC(struct pair) pairs = {};
	int n = 0;

	for (int i = 0; i < 1000; i++) {
		struct pair *pushed = vec_push(&pairs, (struct pair){ i, -i });

		assert_ptr_equal(pushed, &pairs.items[i]);
	}
	assert_int_equal(pairs.n, 1000);
	assert_true(pairs.capacity >= 1000);
	vec_for_each (pair, &pairs) {
		assert_int_equal(pair->a, n);
		assert_int_equal(pair->b, -n);
		n++;
	}
	assert_int_equal(n, 1000);
	vec_free(&pairs);
	assert_null(pairs.items);
	assert_int_equal(pairs.n + pairs.capacity, 0);
}

static void test_growth_is_geometric(void **state)
{
	VEC(char) bytes = {};
	size_t moves = 0, capacity = 0;

	for (int i = 0; i < 100000; i++) {
		vec_push(&bytes, 'x');
		moves += bytes.capacity != capacity;
		capacity = bytes.capacity;
	}
	assert_true(moves < 40);
	vec_free(&bytes);
}

static void test_empty_one_has_no_items(void **state)
{
	VEC(int) none = {};

	vec_for_each (item, &none)
		fail_msg("an item at %p", (void *)item);
	vec_free(&none);
	vec_push(&none, 7);
	assert_int_equal(none.items[0], 7);
	vec_free(&none);
}

static void test_allocation_of_nothing(void **state)
{
	_cleanup_free_ void *zero = xcalloc(0, 8);
	_cleanup_free_ void *moved = xrealloc(NULL, 0, 0);
	_cleanup_free_ char *text = xasprintf("%d/%s", 3, "a");
	_cleanup_free_ char *part = xstrndup("abc", 2);

	assert_non_null(zero);
	assert_non_null(moved);
	assert_null(xstrdup(NULL));
	assert_string_equal(text, "3/a");
	assert_string_equal(part, "ab");
}

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t length, span;
		const char *printable;
	} cases[] = {
		{ "plain", 5, 5, "plain" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, 9, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a\xff", 2, 1, "a?" },
		{ "\xc0\x80", 2, 0, "??" },	      /* overlong */
		{ "\xe0\x80\xaf", 3, 0, "???" },      /* overlong */
		{ "\xed\xa0\x80", 3, 0, "???" },      /* surrogate */
		{ "\xf4\x90\x80\x80", 4, 0, "????" }, /* beyond U+10FFFF */
		{ "ok\xe2\x82", 4, 2, "ok??" },	      /* cut short */
		{ "\x80", 1, 0, "?" },		      /* continuation alone */
		{ "a\nb\tc\x1b[31m\x7f", 11, 11, "a?b?c?[31m?" },
		{ "x\xc2\x9by", 4, 4, "x??y" }, /* C1 control sequence introducer */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *copy = xstrdup(cases[i].text);

		assert_int_equal(utf8_span(cases[i].text, cases[i].length), cases[i].span);
		utf8_printable(copy);
		assert_string_equal(copy, cases[i].printable);
	}
	assert_int_equal(utf8_span("a\0b", 3), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "pushed items stay, in order", test_push_keeps_everything, NULL, NULL, NULL },
		{ "growth is geometric", test_growth_is_geometric, NULL, NULL, NULL },
		{ "an empty array is walked without a step", test_empty_one_has_no_items, NULL, NULL, NULL },
		{ "asking for no memory gives some", test_allocation_of_nothing, NULL, NULL, NULL },
		{ "UTF-8 is told from what is not, and control characters are made visible", test_utf8, NULL, NULL,
		  NULL },
	};

	return cmocka_run_group_tests_name("base: arrays, memory, text", tests, NULL, NULL);
}
