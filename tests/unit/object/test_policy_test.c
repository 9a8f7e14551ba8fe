// SPDX-License-Identifier: BSD-2-Clause
/* Expectation files: what a good one comes to, and what is said of a bad one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "object/policy_test.h"

#define HEAD	   "apiVersion: weir.dev/v1alpha1\nkind: PolicyTest\nmetadata: {name: t}\n"
#define CASES(...) HEAD "spec:\n  cases:\n  - {" __VA_ARGS__ "}\n"
#define ENDS	   "from: a/b, to: 10.0.0.1, expect: deny"

struct reading {
	int result;
	struct policy_tests tests;
	struct diags diags;
};

static void read_text(struct reading *reading, const char *text)
{
	*reading = (struct reading){};
	reading->result = policy_test_parse("t.yaml", text, strlen(text), &reading->tests, &reading->diags);
}

static void reading_free(struct reading *reading)
{
	policy_tests_free(&reading->tests);
	diags_free(&reading->diags);
}

static void a_good_file_is_read_whole(void **state)
{
	static const char text[] =
		HEAD "spec:\n  policies: [a.yaml, ../b]\n  cases:\n  - name: one\n    from: a/b\n    to: 10.0.0.1\n"
		     "    protocol: UDP\n    port: 53\n    expect: allow\n  - {" ENDS ", port: 80}\n  - {" ENDS
		     ", protocol: ICMP}\n---\n" HEAD "spec: {cases: [{" ENDS ", port: 1}]}\n";
	const struct policy_test *test;
	struct reading reading;

	read_text(&reading, text);
	assert_int_equal(reading.result, 0);
	assert_int_equal(reading.diags.list.n, 0);
	assert_int_equal(reading.tests.list.n, 2);
	test = &reading.tests.list.items[0];
	assert_string_equal(test->name, "t");
	assert_string_equal(test->file, "t.yaml");
	assert_int_equal(test->policies.n, 2);
	assert_string_equal(test->policies.items[1], "../b");
	assert_int_equal(test->cases.n, 3);
	assert_string_equal(test->cases.items[0].name, "one");
	assert_string_equal(test->cases.items[0].protocol, "UDP");
	assert_int_equal(test->cases.items[0].port, 53);
	assert_true(test->cases.items[0].allow);
	assert_int_equal(test->cases.items[0].line, 7);
	assert_string_equal(test->cases.items[1].name, "a/b reaches 10.0.0.1");
	assert_string_equal(test->cases.items[1].protocol, "TCP");
	assert_false(test->cases.items[1].allow);
	assert_int_equal(test->cases.items[2].port, 0);
	assert_int_equal(test->cases.items[2].index, 2);
	reading_free(&reading);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "t.yaml: holds no PolicyTest" },
		{ "[]", "t.yaml:1:1: must be a mapping, not a list" },
		{ "kind: Pod\napiVersion: v1\n", "t.yaml:1:7: kind: \"Pod\" must be PolicyTest" },
		{ "kind: PolicyTest\napiVersion: v1\n", "t.yaml:2:13: apiVersion: \"v1\" must be weir.dev/v1alpha1" },
		{ "kind: PolicyTest\n", "t.yaml:1:1: apiVersion: is missing" },
		{ HEAD, "t.yaml:1:1: spec: is missing" },
		{ HEAD "spec: {}", "t.yaml:4:7: spec.cases: is missing" },
		{ HEAD "spec: {cases: []}", "t.yaml:4:15: spec.cases: must have at least one case" },
		{ HEAD "spec: {cases: [x]}", "t.yaml:4:16: spec.cases[0]: must be a mapping, not a string" },
		{ CASES(ENDS ", port: 80, prot: x"), "t.yaml:6:55: spec.cases[0].prot: unknown field (known here: "
						     "name, from, to, protocol, port, expect)" },
		{ CASES("from: a/b, expect: deny, port: 1"), "t.yaml:6:5: spec.cases[0].to: is missing" },
		{ CASES("from: a/b, to: c/d, port: 1"), "t.yaml:6:5: spec.cases[0].expect: is missing" },
		{ CASES("from: '', to: c/d, port: 1, expect: deny"),
		  "t.yaml:6:12: spec.cases[0].from: must not be empty" },
		{ CASES(ENDS), "t.yaml:6:5: spec.cases[0].port: is missing" },
		{ CASES(ENDS ", port: 0"), "t.yaml:6:51: spec.cases[0].port: must be from 1 to 65535, not 0" },
		{ CASES(ENDS ", port: web"), "t.yaml:6:51: spec.cases[0].port: must be a whole number, not a string" },
		{ CASES(ENDS ", protocol: ICMP, port: 7"),
		  "t.yaml:6:61: spec.cases[0].port: must be absent: ICMP has no ports" },
		{ CASES("from: a/b, to: c/d, port: 1, expect: maybe"),
		  "t.yaml:6:43: spec.cases[0].expect: \"maybe\" must be allow or deny" },
		{ CASES(ENDS ", port: 1, port: 2"),
		  "t.yaml:6:54: spec.cases[0].port: is here twice (first on line 6)" },
		{ HEAD "spec: {policies: [7], cases: [{" ENDS ", port: 1}]}",
		  "t.yaml:4:19: spec.policies[0]: must be a string, not a number: write it in quotes" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reading reading;
		char *first;

		read_text(&reading, rows[i].text);
		assert_int_equal(reading.result, -EINVAL);
		assert_int_equal(reading.tests.list.n, 0);
		assert_true(reading.diags.list.n > 0);
		first = diag_format(&reading.diags.list.items[0]);
		assert_string_equal(first, rows[i].says);
		free(first);
		reading_free(&reading);
	}
}

static void all_errors_are_found_in_one_go(void **state)
{
	struct reading reading;

	read_text(&reading, CASES("to: 7, expect: no, port: 99999, protocol: QUIC") "---\nkind: Pod\napiVersion: v1\n");
	assert_int_equal(reading.result, -EINVAL);
	assert_int_equal(reading.diags.n_errors, 6);
	reading_free(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_is_read_whole),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(all_errors_are_found_in_one_go),
	};

	return cmocka_run_group_tests_name("object/policy_test", tests, NULL, NULL);
}
