// SPDX-License-Identifier: BSD-2-Clause
/* What weir get flows asks for, and how a flow's cells read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "cli/flows.h"

static void check_cell(char *(*cell)(const json_t *flow), const char *flow, const char *expected)
{
	json_auto_t *json = json_loads(flow, 0, NULL);
	_cleanup_free_ char *text = NULL;

	assert_non_null(json);
	text = cell(json);
	assert_string_equal(text, expected);
}

static void an_end_is_a_pod_or_an_address(void **state)
{
	check_cell(flow_from, "{\"from\": {\"pod\": \"shop/web\", \"address\": \"10.0.0.1\", \"port\": 1}}",
		   "shop/web");
	check_cell(flow_from, "{\"from\": {\"pod\": null, \"address\": \"fd00::1\", \"port\": 1}}", "fd00::1");
}

static void either_end_has_its_workloads_name(void **state)
{
	static const char flow[] =
		"{\"protocol\": \"TCP\","
		"\"from\": {\"pod\": \"shop/web-1\", \"workload\": \"shop/web\", \"address\": \"x\"},"
		"\"to\": {\"pod\": null, \"workload\": null, \"address\": \"fd00::1\", \"port\": 80}}";

	check_cell(flow_from_workload, flow, "shop/web");
	check_cell(flow_to_workload, flow, "[fd00::1]:80/TCP");
}

static void the_other_end_is_written_as_explain_takes_it(void **state)
{
	check_cell(flow_to,
		   "{\"protocol\": \"TCP\", \"to\": {\"pod\": \"shop/db\", \"address\": \"x\", \"port\": 5432}}",
		   "shop/db:5432/TCP");
	check_cell(flow_to, "{\"protocol\": \"UDP\", \"to\": {\"pod\": null, \"address\": \"fd00::1\", \"port\": 53}}",
		   "[fd00::1]:53/UDP");
	check_cell(flow_to,
		   "{\"protocol\": \"ICMP\", \"to\": {\"pod\": null, \"address\": \"fd00::1\", \"port\": null}}",
		   "fd00::1/ICMP");
	check_cell(flow_to, "{\"protocol\": \"47\", \"to\": {\"pod\": \"a/b\", \"address\": \"x\", \"port\": null}}",
		   "a/b/47");
}

static void a_flow_that_is_let_through_no_more_says_so(void **state)
{
	check_cell(flow_state, "{\"state\": \"ESTABLISHED\", \"verdict\": \"allow\"}", "ESTABLISHED");
	check_cell(flow_state, "{\"state\": \"ESTABLISHED\", \"verdict\": \"deny\"}", "REVOKED");
}

static void sizes_have_three_digits_at_most_and_a_unit(void **state)
{
	check_cell(flow_bytes, "{\"bytes\": 0}", "0 B");
	check_cell(flow_bytes, "{\"bytes\": 1023}", "1023 B");
	check_cell(flow_bytes, "{\"bytes\": 1536}", "1.5 KiB");
	check_cell(flow_bytes, "{\"bytes\": 20480}", "20 KiB");
	check_cell(flow_bytes, "{\"bytes\": 9223372036854775807}", "8.0 EiB");
	check_cell(flow_sent, "{\"sent\": {\"packets\": 12, \"bytes\": 1536}}", "12 (1.5 KiB)");
	check_cell(flow_answered, "{\"answered\": {\"packets\": 3, \"bytes\": 7}}", "3 (7 B)");
}

static void times_are_in_whole_units(void **state)
{
	check_cell(flow_idle, "{\"idleSeconds\": 0.256}", "0s");
	check_cell(flow_idle, "{\"idleSeconds\": 59.9}", "59s");
	check_cell(flow_idle, "{\"idleSeconds\": 60}", "1m");
	check_cell(flow_idle, "{\"idleSeconds\": 7200}", "2h");
	check_cell(flow_age, "{\"ageSeconds\": 260000.5}", "3d");
}

/* The path that these words lead to; NULL when they are refused. */
static char *path_of(char **argv, int argc)
{
	struct invocation invocation;
	char *path = NULL;

	assert_int_equal(invocation_parse(argc, argv, &invocation, NULL), 0);
	int code = flows_path(&invocation, &path);
	invocation_free(&invocation);
	assert_int_equal(code, path ? EXIT_DONE : EXIT_USAGE);
	return path;
}

#define PATH_OF(...)                                                                             \
	path_of((char *[]){ (char *)"weir", (char *)"get", (char *)"flows", __VA_ARGS__, NULL }, \
		(int)(sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *)) + 3)
#define WORD(text) ((char *)(text))

static void options_are_what_the_agent_is_asked(void **state)
{
	_cleanup_free_ char *bounded = PATH_OF(WORD("-A"));
	_cleanup_free_ char *all = PATH_OF(WORD("--limit"), WORD("0"));
	_cleanup_free_ char *one = PATH_OF(WORD("-n"), WORD("shop"), WORD("--from"), WORD("10.0.0.0/8"), WORD("--port"),
					   WORD("80"), WORD("--limit"), WORD("5"));

	assert_string_equal(bounded, "/v1/flows?limit=100");
	assert_string_equal(all, "/v1/flows");
	assert_string_equal(one, "/v1/flows?namespace=shop&limit=5&from=10.0.0.0%2F8&port=80");
	assert_null(PATH_OF(WORD("shop/backend")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_is_a_pod_or_an_address),
		cmocka_unit_test(either_end_has_its_workloads_name),
		cmocka_unit_test(the_other_end_is_written_as_explain_takes_it),
		cmocka_unit_test(a_flow_that_is_let_through_no_more_says_so),
		cmocka_unit_test(sizes_have_three_digits_at_most_and_a_unit),
		cmocka_unit_test(times_are_in_whole_units),
		cmocka_unit_test(options_are_what_the_agent_is_asked),
	};

	return cmocka_run_group_tests_name("flows", tests, NULL, NULL);
}
