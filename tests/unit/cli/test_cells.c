// SPDX-License-Identifier: BSD-2-Clause
/* How the cells of weir get read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "cli/cells.h"
#include "cli/output.h"

static void check_cell(char *(*cell)(const json_t *item), const char *item, const char *expected)
{
	json_auto_t *json = json_loads(item, 0, NULL);
	_cleanup_free_ char *text = NULL;

	assert_non_null(json);
	text = cell(json);
	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
}

static void a_kind_is_as_short_as_the_command_line_takes_it(void **state)
{
	check_cell(cell_kind, "{\"kind\": \"NetworkPolicy\"}", "netpol");
	check_cell(cell_kind, "{\"kind\": \"BaselineAdminNetworkPolicy\"}", "banp");
	check_cell(cell_kind, "{\"kind\": \"SomethingNew\"}", "SomethingNew");
}

static void an_age_is_in_the_largest_whole_unit(void **state)
{
	static const struct {
		long long seconds;
		const char *text;
	} cases[] = { { -5, "0s" }, { 59, "59s" }, { 60, "1m" }, { 3600, "1h" }, { 86399, "23h" }, { 864000, "10d" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = output_age(cases[i].seconds);

		assert_string_equal(text, cases[i].text);
	}
}

static void a_source_names_the_others_that_have_the_object_too(void **state)
{
	check_cell(cell_origin, "{\"source\": \"kube\", \"otherSources\": []}", "kube");
	check_cell(cell_origin, "{\"source\": \"dir:/a\", \"otherSources\": [\"kube\", \"store\"]}",
		   "dir:/a (also in kube,store)");
	check_cell(cell_origin, "{\"source\": null, \"otherSources\": []}", NULL);
}

static void what_is_not_known_to_be_old_has_no_age(void **state)
{
	check_cell(cell_age, "{\"since\": null}", NULL);
	check_cell(cell_age, "{}", NULL);
	check_cell(cell_age, "{\"since\": \"yesterday\"}", NULL);
	check_cell(cell_age, "{\"since\": \"2999-01-01T00:00:00Z\"}", "0s");
}

static void a_service_says_its_ports_and_how_many_answer(void **state)
{
	static const char one[] = "{\"ports\": [{\"port\": 80, \"protocol\": \"TCP\", \"backends\": "
				  "[{\"pod\": \"a/b\", \"address\": \"x\", \"port\": 8080}]}]}";
	static const char two[] = "{\"ports\": [{\"port\": 80, \"protocol\": \"TCP\", \"backends\": "
				  "[{\"pod\": null, \"address\": \"10.0.0.1\", \"port\": 80}, {\"pod\": \"a/b\", "
				  "\"address\": \"x\", \"port\": 80}]}, {\"port\": 53, \"protocol\": \"UDP\", "
				  "\"backends\": []}]}";

	check_cell(cell_service_ports, two, "80/TCP,53/UDP");
	check_cell(cell_backends, one, "1");
	check_cell(cell_backends, two, "2,0");
	check_cell(cell_backends, "{\"ports\": []}", "0");
	check_cell(cell_backend_list, one, "80/TCP: a/b:8080");
	check_cell(cell_backend_list, two, "80/TCP: 10.0.0.1:80,a/b:80");
	check_cell(cell_backend_list, "{\"ports\": []}", NULL);
}

static void any_value_is_a_cell(void **state)
{
	check_cell(cell_text, "[\"a\", 1, true, null]", "a,1,yes,");
	check_cell(cell_text, "{\"a\": \"b\", \"c\": false}", "a=b,c=no");
	check_cell(cell_text, "[]", NULL);
}

static void a_built_in_identity_is_called_by_its_name(void **state)
{
	check_cell(cell_labels, "{\"name\": \"world\", \"labels\": {}}", "world");
	check_cell(cell_labels, "{\"namespace\": \"shop\", \"labels\": {\"app\": \"db\"}}", "app=db");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kind_is_as_short_as_the_command_line_takes_it),
		cmocka_unit_test(an_age_is_in_the_largest_whole_unit),
		cmocka_unit_test(what_is_not_known_to_be_old_has_no_age),
		cmocka_unit_test(a_source_names_the_others_that_have_the_object_too),
		cmocka_unit_test(a_service_says_its_ports_and_how_many_answer),
		cmocka_unit_test(any_value_is_a_cell),
		cmocka_unit_test(a_built_in_identity_is_called_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
