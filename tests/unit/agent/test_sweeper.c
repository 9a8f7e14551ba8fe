// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "agent/sweeper.h"
#include "base/log.h"

static const struct datapath_config config = { .openings = 100, .connections = 200, .exchanges = 300 };

static int setup(void **state)
{
	static struct sweeper sweeper;

	sweeper = (struct sweeper){};
	*state = &sweeper;
	return 0;
}

static int teardown(void **state)
{
	sweeper_free(*state);
	return 0;
}

static void take(struct sweeper *sweeper, uint32_t present, uint64_t evicted, time_t now)
{
	struct datapath_flow_counts counts = {};

	counts.present[WEIR_CONNECTIONS][WEIR_IPV6] = present;
	counts.evicted[WEIR_CONNECTIONS][WEIR_IPV6] = evicted;
	sweeper_take(sweeper, &counts, &config, now);
}

static uint64_t evicted(const struct sweeper *sweeper)
{
	return sweeper->counts.evicted[WEIR_CONNECTIONS][WEIR_IPV6];
}

static void a_table_with_room_is_no_problem(void **state)
{
	struct sweeper *sweeper = *state;

	take(sweeper, 180, 0, 1);
	assert_int_equal(sweeper->problems.list.n, 0);
	assert_int_equal(sweeper->counts.present[WEIR_CONNECTIONS][WEIR_IPV6], 180);
}

static void a_table_that_is_nearly_full_is_named_with_the_setting(void **state)
{
	struct sweeper *sweeper = *state;

	take(sweeper, 181, 0, 1);
	assert_int_equal(sweeper->problems.list.n, 1);
	assert_non_null(strstr(sweeper->problems.list.items[0], "IPv6 connections is more than 90 % full"));
	assert_non_null(strstr(sweeper->problems.list.items[0], "larger connections setting"));
	take(sweeper, 20, 0, 2);
	assert_int_equal(sweeper->problems.list.n, 0);
}

static void evictions_are_worth_a_word_for_a_while(void **state)
{
	struct sweeper *sweeper = *state;

	take(sweeper, 20, 0, 1000);
	take(sweeper, 20, 5, 1030);
	assert_int_equal(sweeper->problems.list.n, 1);
	assert_non_null(strstr(sweeper->problems.list.items[0], "flows gave way to others"));
	take(sweeper, 20, 5, 1630);
	assert_int_equal(sweeper->problems.list.n, 1);
	take(sweeper, 20, 5, 1631);
	assert_int_equal(sweeper->problems.list.n, 0);
	assert_int_equal(evicted(sweeper), 5);
}

static void what_an_earlier_agent_saw_evicted_is_counted_and_no_news(void **state)
{
	struct sweeper *sweeper = *state;

	take(sweeper, 20, 1000, 1);
	assert_int_equal(evicted(sweeper), 1000);
	assert_int_equal(sweeper->problems.list.n, 0);
}

static void the_count_of_evictions_never_goes_back(void **state)
{
	struct sweeper *sweeper = *state;

	take(sweeper, 20, 10, 1);
	take(sweeper, 20, 8, 2);
	assert_int_equal(evicted(sweeper), 10);
	assert_int_equal(sweeper->problems.list.n, 0);
	take(sweeper, 20, 11, 3);
	assert_int_equal(evicted(sweeper), 11);
	assert_int_equal(sweeper->evictions[WEIR_CONNECTIONS][WEIR_IPV6].lately, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_table_with_room_is_no_problem),
		TEST(a_table_that_is_nearly_full_is_named_with_the_setting),
		TEST(evictions_are_worth_a_word_for_a_while),
		TEST(what_an_earlier_agent_saw_evicted_is_counted_and_no_news),
		TEST(the_count_of_evictions_never_goes_back),
	};

	log_open(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("sweeper", tests, NULL, NULL);
}
