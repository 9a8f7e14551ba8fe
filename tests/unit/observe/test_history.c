// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "events_fixture.h"
#include "observe/history.h"

/* Adds an event that its count tells from others. */
static void add(struct history *history, enum event_type type, uint64_t number)
{
	struct event event = { .type = type, .count = number };

	history_add(history, &event);
}

static void assert_next(const struct history *history, struct history_cursor *cursor, uint64_t number)
{
	const struct event *event = history_next(history, cursor);

	assert_non_null(event);
	assert_int_equal(event->count, number);
}

static void events_of_both_kinds_are_read_in_the_order_in_which_they_came(void **state)
{
	static const enum event_type types[] = { EVENT_DENIED, EVENT_POLICY_APPLIED, EVENT_OPENED, EVENT_DENIED,
						 EVENT_SHIELD_UP };
	struct history history;
	struct history_cursor cursor;

	history_init(&history, 16);
	cursor = history_oldest(&history);
	assert_null(history_next(&history, &cursor));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		add(&history, types[i], i);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		assert_next(&history, &cursor, i);
	assert_null(history_next(&history, &cursor));
	for (size_t i = ARRAY_SIZE(types); i-- > 0;)
		assert_int_equal(history_previous(&history, &cursor)->count, i);
	assert_null(history_previous(&history, &cursor));
	history_free(&history);
}

static void a_flood_of_packets_leaves_the_agents_events_where_they_are(void **state)
{
	struct history history;
	struct history_cursor cursor;

	history_init(&history, 16);
	add(&history, EVENT_POLICY_APPLIED, 1000);
	for (uint64_t i = 0; i < 100; i++)
		add(&history, EVENT_DENIED, i);
	cursor = history_oldest(&history);
	assert_int_equal(history_lost(&history, &cursor), 0);
	assert_next(&history, &cursor, 1000);
	for (uint64_t i = 84; i < 100; i++)
		assert_next(&history, &cursor, i);
	assert_null(history_next(&history, &cursor));
	assert_int_equal(history.overwritten[EVENT_DENIED], 84);
	assert_int_equal(history.overwritten[EVENT_POLICY_APPLIED], 0);
	history_free(&history);
}

static void a_slow_reader_loses_the_oldest_and_is_told_how_many(void **state)
{
	struct history history;
	struct history_cursor cursor;

	history_init(&history, 16);
	add(&history, EVENT_DENIED, 0);
	cursor = history_oldest(&history);
	assert_next(&history, &cursor, 0);
	for (uint64_t i = 1; i <= 20; i++)
		add(&history, EVENT_DENIED, i);
	assert_int_equal(history_lost(&history, &cursor), 4);
	assert_int_equal(history_lost(&history, &cursor), 0);
	for (uint64_t i = 5; i <= 20; i++)
		assert_next(&history, &cursor, i);
	assert_null(history_next(&history, &cursor));
	history_free(&history);
}

static void a_reader_from_now_on_sees_nothing_older(void **state)
{
	struct history history;
	struct history_cursor cursor;

	history_init(&history, 16);
	add(&history, EVENT_DENIED, 1);
	add(&history, EVENT_SHIELD_UP, 2);
	cursor = history_newest(&history);
	assert_null(history_next(&history, &cursor));
	add(&history, EVENT_SHIELD_DOWN, 3);
	assert_next(&history, &cursor, 3);
	history_free(&history);
}

static void what_is_overwritten_is_freed(void **state)
{
	const size_t before = interned_count();
	struct history history;

	history_init(&history, 4);
	for (int i = 0; i < 10; i++) {
		struct event event = denied_event();

		history_add(&history, &event);
	}
	history_free(&history);
	assert_int_equal(interned_count(), before);
}

static void the_default_length_takes_less_than_8_mib(void **state)
{
	/* Names are interned; policies are few for one decision. */
	assert_true((sizeof(struct event) + 4 * sizeof(struct event_policy)) * 16384 < 8 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_of_both_kinds_are_read_in_the_order_in_which_they_came),
		cmocka_unit_test(a_flood_of_packets_leaves_the_agents_events_where_they_are),
		cmocka_unit_test(a_slow_reader_loses_the_oldest_and_is_told_how_many),
		cmocka_unit_test(a_reader_from_now_on_sees_nothing_older),
		cmocka_unit_test(what_is_overwritten_is_freed),
		cmocka_unit_test(the_default_length_takes_less_than_8_mib),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
