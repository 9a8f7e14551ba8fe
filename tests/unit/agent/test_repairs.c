// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/hook_health.h"
#include "base/vec.h"

static void some_at_once_then_one_after_each_pause(void **state)
{
	static const struct {
		uint64_t at;
		bool taken;
	} steps[] = {
		{ 1000, true },	  { 1000, true },  { 1500, true },  { 2000, true },
		{ 2500, true },	  { 3000, false },				     /* five within the window */
		{ 12499, false }, { 12500, true },				     /* ten seconds after the last */
		{ 13000, false }, { 22500, true }, { 60999, true }, { 61000, true }, /* a window later it begins anew */
		{ 61000, true },
	};
	struct repairs repairs = {};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (repairs_take(&repairs, steps[i].at) != steps[i].taken)
			fail_msg("step %zu", i);
}

static void who_was_quiet_for_a_window_is_served_at_once(void **state)
{
	struct repairs repairs = {};

	for (uint64_t minute = 0; minute < 10; minute++)
		for (int i = 0; i < REPAIRS_AT_ONCE; i++)
			assert_true(repairs_take(&repairs, minute * REPAIRS_WINDOW_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_at_once_then_one_after_each_pause),
		cmocka_unit_test(who_was_quiet_for_a_window_is_served_at_once),
	};

	return cmocka_run_group_tests_name("repairs", tests, NULL, NULL);
}
