// SPDX-License-Identifier: BSD-2-Clause
/* Tables, JSON and YAML as they are printed, and what the client makes of an address. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <libsmartcols.h>

#include "cli/client.h"
#include "cli/output.h"

static const struct column columns[] = {
	{ "NAME", COLUMN_WRAPS },
	{ "COUNT", COLUMN_RIGHT },
	{ "STATE", COLUMN_PLAIN },
	{ NULL, COLUMN_PLAIN },
};

static const struct invocation plain = { .format = OUTPUT_TABLE };

static char *print_to_string(struct libscols_table *table)
{
	char *text = NULL;

	assert_int_equal(scols_print_table_to_string(table, &text), 0);
	return text;
}

static void table_lines_up_under_its_titles(void **state)
{
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, &plain);
	_cleanup_free_ char *text = NULL;
	struct libscols_line *row = table_row(table);

	table_cell(row, 0, "backend", NULL);
	table_cell(row, 1, "7", NULL);
	table_cell(row, 2, "ok", "green");
	text = print_to_string(table);
	assert_string_equal(text, "NAME    COUNT STATE\nbackend     7 ok");
}

static void empty_cell_is_a_dash(void **state)
{
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, &plain);
	_cleanup_free_ char *text = NULL;
	struct libscols_line *row = table_row(table);

	table_cell(row, 0, NULL, NULL);
	table_cell(row, 1, "", NULL);
	table_cell(row, 2, "x", NULL);
	text = print_to_string(table);
	assert_string_equal(text, "NAME COUNT STATE\n-        - x");
}

static void long_cell_is_whole_where_there_is_no_terminal(void **state)
{
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, &plain);
	struct libscols_line *row = table_row(table);
	_cleanup_free_ char *text = NULL;
	char name[201];

	memset(name, 'x', 200);
	name[200] = '\0';
	table_cell(row, 0, name, NULL);
	table_cell(row, 1, "1", NULL);
	table_cell(row, 2, "ok", NULL);
	text = print_to_string(table);
	assert_non_null(strstr(text, name));
}

static void counts_have_thousands_marked(void **state)
{
	assert_string_equal(output_count(0), "0");
	assert_string_equal(output_count(999), "999");
	assert_string_equal(output_count(1000), "1,000");
	assert_string_equal(output_count(1234567), "1,234,567");
	assert_string_equal(output_count(18446744073709551615ull), "18,446,744,073,709,551,615");
}

static char *print_json(enum output_format format, const char *json)
{
	json_auto_t *value = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(value);
	assert_int_equal(output_json(format, value, out), 0);
	fclose(out);
	return text;
}

static void json_is_indented_and_ends_a_line(void **state)
{
	_cleanup_free_ char *text = print_json(OUTPUT_JSON, "{\"b\":1,\"a\":[true]}");

	assert_string_equal(text, "{\n  \"b\": 1,\n  \"a\": [\n    true\n  ]\n}\n");
}

static void yaml_keeps_strings_strings(void **state)
{
	_cleanup_free_ char *text =
		print_json(OUTPUT_YAML, "{\"a\":\"yes\",\"b\":\"1\",\"c\":[],\"d\":[1,{\"e\":null}]}");

	assert_string_equal(text, "\"a\": \"yes\"\n\"b\": \"1\"\n\"c\": []\n\"d\":\n- 1\n- \"e\": null\n");
}

static void query_is_escaped_and_leaves_out_what_is_not_given(void **state)
{
	static const struct query query[] = {
		{ "kind", "Pod" },
		{ "namespace", NULL },
		{ "name", "a&b=c/ " },
		{ NULL, NULL },
	};
	_cleanup_free_ char *path = client_path("/v1/objects", query);

	assert_string_equal(path, "/v1/objects?kind=Pod&name=a%26b%3Dc%2F%20");
}

static void absent_agent_is_told_apart(void **state)
{
	json_auto_t *json = NULL;
	struct error error = { 0 };

	assert_int_equal(client_get("/nonexistent/weir.sock", "/v1/status", &json, &error), -EHOSTDOWN);
	assert_string_equal(error.text, "can't reach the agent at /nonexistent/weir.sock: No such file or directory "
					"(is weir agent running?)");
	assert_null(json);
}

static void socket_path_that_is_too_long_is_said_to_be(void **state)
{
	json_auto_t *json = NULL;
	struct error error = { 0 };
	char path[201] = "/";

	memset(path + 1, 'x', 199);
	assert_int_equal(client_get(path, "/v1/status", &json, &error), -EHOSTDOWN);
	assert_non_null(strstr(error.text, "too long"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_lines_up_under_its_titles),
		cmocka_unit_test(empty_cell_is_a_dash),
		cmocka_unit_test(long_cell_is_whole_where_there_is_no_terminal),
		cmocka_unit_test(counts_have_thousands_marked),
		cmocka_unit_test(json_is_indented_and_ends_a_line),
		cmocka_unit_test(yaml_keeps_strings_strings),
		cmocka_unit_test(query_is_escaped_and_leaves_out_what_is_not_given),
		cmocka_unit_test(absent_agent_is_told_apart),
		cmocka_unit_test(socket_path_that_is_too_long_is_said_to_be),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
