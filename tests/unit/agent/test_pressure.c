// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/pressure.h"

/* Takes one table after another look and says which event that made, if any. */
static enum event_type look(struct pressure *pressure, struct events *events, uint64_t present, bool evicts)
{
	const struct pressure_table table = { "openings4", present, 100, evicts };
	struct history_cursor cursor = history_newest(&events->history);
	const struct event *event;

	pressure_take(pressure, 0, &table, events);
	event = history_next(&events->history, &cursor);
	return event ? event->type : EVENT_NONE;
}

static void a_table_is_told_of_when_it_fills_and_when_it_has_room_again(void **state)
{
	static const struct {
		uint64_t present;
		bool evicts;
		enum event_type told;
	} steps[] = {
		{ 79, false, EVENT_NONE },	 { 80, false, EVENT_MAP_NEARLY_FULL },
		{ 75, false, EVENT_NONE },	 { 85, false, EVENT_NONE },
		{ 100, false, EVENT_MAP_FULL },	 { 90, false, EVENT_NONE },
		{ 100, false, EVENT_NONE },	 { 75, false, EVENT_NONE },
		{ 69, false, EVENT_MAP_CALMED }, { 30, false, EVENT_NONE },
		{ 30, true, EVENT_MAP_FULL }, /* one of its parts is */
		{ 30, false, EVENT_MAP_CALMED }, { 100, false, EVENT_MAP_FULL },
		{ 0, false, EVENT_MAP_CALMED },
	};
	struct pressure pressure = {};
	struct events events;

	events_init(&events, 16, EVENT_LOG_OFF);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (look(&pressure, &events, steps[i].present, steps[i].evicts) != steps[i].told)
			fail_msg("step %zu", i);
	}
	events_free(&events);
}

static void a_syn_flood_is_told_of_once_until_it_is_over(void **state)
{
	static const struct {
		uint64_t half_open, established;
		bool told;
	} steps[] = {
		{ 4095, 0, false },  { 4096, 1025, false },  { 4096, 1024, true },
		{ 60000, 0, false }, { 4096, 1025, false },  { 2047, 0, false },
		{ 4096, 0, true },   { 10000, 5001, false }, { 100000, 5000, true },
	};
	struct pressure pressure = {};
	struct events events;

	events_init(&events, 16, EVENT_LOG_OFF);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		const uint64_t before = events.added[EVENT_SYN_FLOOD];

		pressure_take_half_open(&pressure, WEIR_IPV4, steps[i].half_open, steps[i].established, &events);
		if ((events.added[EVENT_SYN_FLOOD] != before) != steps[i].told)
			fail_msg("step %zu", i);
	}
	events_free(&events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_told_of_when_it_fills_and_when_it_has_room_again),
		cmocka_unit_test(a_syn_flood_is_told_of_once_until_it_is_over),
	};

	return cmocka_run_group_tests_name("pressure", tests, NULL, NULL);
}
