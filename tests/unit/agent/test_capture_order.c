// SPDX-License-Identifier: BSD-2-Clause
/* Packets of several CPUs, handed on in the order of their times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/capture_order.h"

#define LATER UINT64_MAX

static struct {
	char text[64];
	uint64_t last;
} taken;

static void take(void *data, const struct weir_captured *about, const uint8_t *bytes)
{
	assert_true(about->time >= taken.last);
	taken.last = about->time;
	strncat(taken.text, (const char *)bytes, about->captured);
}

static void add(struct capture_order *order, uint64_t time, const char *bytes)
{
	const struct weir_captured about = { .time = time, .captured = (uint32_t)strlen(bytes) };

	capture_order_add(order, &about, (const uint8_t *)bytes);
}

static void assert_taken(struct capture_order *order, uint64_t until, const char *expected)
{
	memset(&taken, 0, sizeof(taken));
	capture_order_take(order, until, take, NULL);
	assert_string_equal(taken.text, expected);
}

static void test_order(void **state)
{
	struct capture_order order = {};

	add(&order, 1, "a");
	add(&order, 5, "ee");
	add(&order, 2, "bbb");
	add(&order, 4, "");
	add(&order, 3, "c");
	assert_taken(&order, LATER, "abbbcee");
	assert_taken(&order, LATER, "");
	capture_order_free(&order);
}

static void test_what_is_too_late_waits(void **state)
{
	struct capture_order order = {};

	add(&order, 9, "late");
	add(&order, 3, "x");
	add(&order, 8, "soon");
	assert_taken(&order, 5, "x");
	add(&order, 6, "now");
	assert_taken(&order, 8, "nowsoon");
	assert_taken(&order, LATER, "late");
	capture_order_free(&order);
}

static void test_equal_times_stay_as_they_came(void **state)
{
	struct capture_order order = {};

	for (const char *letter = "a\0b\0c\0d\0e\0f\0"; *letter; letter += 2)
		add(&order, 7, letter);
	assert_taken(&order, 7, "abcdef");
	capture_order_free(&order);
}

static void test_nothing(void **state)
{
	struct capture_order order = {};

	assert_taken(&order, LATER, "");
	capture_order_free(&order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "what comes out of order is handed on in order", test_order, NULL, NULL, NULL },
		{ "what is too late for now waits", test_what_is_too_late_waits, NULL, NULL, NULL },
		{ "packets of one time stay as they came", test_equal_times_stay_as_they_came, NULL, NULL, NULL },
		{ "nothing is handed on as nothing", test_nothing, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("capture order", tests, NULL, NULL);
}
