// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/otlp.h"

static void pauses_grow_to_a_minute_and_are_partly_left_to_chance(void **state)
{
	static const struct {
		unsigned failures;
		uint64_t shortest, longest;
	} cases[] = {
		{ 1, 500, 1000 },
		{ 2, 1000, 2000 },
		{ 3, 2000, 4000 },
		{ 6, 16000, 32000 },
		{ 7, 30000, 60000 },
		{ 100, 30000, 60000 },
		{ UINT32_MAX, 30000, 60000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(otlp_pause_ms(cases[i].failures, 0, 0), cases[i].shortest);
		assert_int_equal(otlp_pause_ms(cases[i].failures, 0, UINT32_MAX), cases[i].longest - 1);
	}
}

static void the_collector_may_ask_for_a_pause_of_five_minutes_at_most(void **state)
{
	assert_int_equal(otlp_pause_ms(1, 7, UINT32_MAX), 7000);
	assert_int_equal(otlp_pause_ms(50, 7, 0), 7000);
	assert_int_equal(otlp_pause_ms(1, 86400, 0), 300000);
	assert_int_equal(otlp_pause_ms(1, UINT64_MAX, 0), 300000);
}

static void only_some_statuses_ask_for_the_same_again(void **state)
{
	static const long again[] = { 429, 502, 503, 504 }, not_again[] = { 200, 301, 400, 401, 404, 413, 500, 501 };

	for (size_t i = 0; i < ARRAY_SIZE(again); i++)
		assert_true(otlp_is_temporary(again[i]));
	for (size_t i = 0; i < ARRAY_SIZE(not_again); i++)
		assert_false(otlp_is_temporary(not_again[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow_to_a_minute_and_are_partly_left_to_chance),
		cmocka_unit_test(the_collector_may_ask_for_a_pause_of_five_minutes_at_most),
		cmocka_unit_test(only_some_statuses_ask_for_the_same_again),
	};

	return cmocka_run_group_tests_name("otlp", tests, NULL, NULL);
}
