// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "observe/names.h"

static void every_flow_state_has_a_name_of_its_own_and_is_found_by_it(void **state)
{
	enum weir_flow_state found;

	for (enum weir_flow_state i = 0; i <= WEIR_FLOW_OTHER; i++) {
		assert_string_not_equal(flow_state_name(i), "?");
		assert_true(flow_state_by_name(flow_state_name(i), &found));
		assert_int_equal(found, i);
	}
	assert_true(flow_state_by_name("syn_sent", &found));
	assert_int_equal(found, WEIR_FLOW_SYN_SENT);
}

static void what_is_no_flow_state_is_said_so(void **state)
{
	enum weir_flow_state found = WEIR_FLOW_ECHO;

	assert_string_equal(flow_state_name(WEIR_FLOW_OTHER + 1), "?");
	assert_string_equal(flow_state_name(255), "?");
	assert_false(flow_state_by_name("?", &found));
	assert_false(flow_state_by_name("", &found));
	assert_int_equal(found, WEIR_FLOW_ECHO);
}

static void every_flow_table_has_a_name(void **state)
{
	for (enum weir_flow_table i = 0; i < WEIR_FLOW_TABLES; i++)
		assert_true(strlen(flow_table_name(i)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flow_state_has_a_name_of_its_own_and_is_found_by_it),
		cmocka_unit_test(what_is_no_flow_state_is_said_so),
		cmocka_unit_test(every_flow_table_has_a_name),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
