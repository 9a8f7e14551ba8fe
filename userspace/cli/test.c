// SPDX-License-Identifier: BSD-2-Clause
/* weir test: do the policies say what is expected of them? Offline, from the compiled image. */
#include <string.h>

#include "base/mem.h"
#include "cli/manifests.h"
#include "cli/output.h"
#include "cli/probe.h"
#include "object/manifest.h"
#include "object/policy_test.h"

struct outcome {
	const struct policy_test *test;
	const struct policy_case *expected;
	json_t *answer; /* probe_answer()'s */
	bool ok;
};

struct run {
	struct policy_tests tests;
	VEC(struct outcome) outcomes;
	size_t n_failed;
};

static void run_free(struct run *run)
{
	vec_for_each (outcome, &run->outcomes)
		json_decref(outcome->answer);
	vec_free(&run->outcomes);
	policy_tests_free(&run->tests);
}

static json_t *probe_of(const struct policy_case *one)
{
	json_t *probe = json_pack("{ss, ss, ss}", "from", one->from, "to", one->to, "protocol", one->protocol);

	if (one->port)
		json_object_set_new(probe, "port", json_integer(one->port));
	return probe;
}

/* An end that isn't there is the test's fault, so it is said like one. */
static void refuse(const struct outcome *outcome, struct diags *diags)
{
	_cleanup_free_ char *path = xasprintf("spec.cases[%zu]", outcome->expected->index);

	diags_add(diags, DIAG_ERROR, outcome->test->file, outcome->expected->line, outcome->expected->column, path,
		  "%s", json_string_value(json_object_get(outcome->answer, "error")));
}

static void run_case(struct run *run, const struct offline *offline, struct outcome outcome, struct diags *diags)
{
	json_auto_t *probe = probe_of(outcome.expected);
	const char *verdict;

	if (!probe_answer(&offline->world, offline->compiled, probe, &outcome.answer))
		refuse(&outcome, diags);
	verdict = json_string_value(json_object_get(outcome.answer, "verdict")) ?: "";
	outcome.ok = strcmp(verdict, outcome.expected->allow ? "allow" : "deny") == 0;
	run->n_failed += !outcome.ok;
	vec_push(&run->outcomes, outcome);
}

/* A path of spec.policies, which is relative to the file that has it. */
static char *resolve(const struct policy_test *test, const char *path)
{
	const char *slash = strrchr(test->file, '/');

	if (*path == '/' || !slash)
		return xstrdup(path);
	return xasprintf("%.*s/%s", (int)(slash - test->file), test->file, path);
}

static int read_policies(const struct invocation *invocation, const struct policy_test *test, struct objects *objects)
{
	struct diags diags _cleanup_(diags_free) = { 0 };
	const char *path;
	size_t position = 0;

	while ((path = option_next(invocation, "filename", &position)))
		manifest_read(path, 0, objects, &diags);
	vec_for_each (one, &test->policies) {
		_cleanup_free_ char *resolved = resolve(test, *one);

		manifest_read(resolved, 0, objects, &diags);
	}
	diags_print(&diags, stderr);
	if (diags.n_errors)
		return EXIT_FAILED;
	if (!objects->list.n)
		return say_failed("test: %s: no manifests to test (name them in spec.policies or with -f)", test->file);
	return EXIT_DONE;
}

static int run_test(const struct invocation *invocation, struct run *run, const struct policy_test *test)
{
	struct offline offline _cleanup_(offline_free) = { 0 };
	struct diags diags _cleanup_(diags_free) = { 0 };
	struct objects objects _cleanup_(objects_free) = { 0 };
	int code = read_policies(invocation, test, &objects);

	if (code == EXIT_DONE)
		code = offline_of(&objects, &offline);
	if (code)
		return code;
	vec_for_each (one, &test->cases)
		run_case(run, &offline, (struct outcome){ .test = test, .expected = one }, &diags);
	diags_print(&diags, stderr);
	return diags.n_errors ? EXIT_FAILED : EXIT_DONE;
}

static void print_tap(const struct run *run)
{
	printf("1..%zu\n", run->outcomes.n);
	for (size_t i = 0; i < run->outcomes.n; i++) {
		const struct outcome *outcome = &run->outcomes.items[i];
		_cleanup_free_ char *sentence = probe_sentence(outcome->answer);

		printf("%sok %zu - %s\n", outcome->ok ? "" : "not ", i + 1, outcome->expected->name);
		if (!outcome->ok)
			printf("# %s:%d: expected %s, but\n# %s\n", outcome->test->file, outcome->expected->line,
			       outcome->expected->allow ? "allow" : "deny", sentence);
	}
}

static void print_table(const struct invocation *invocation, const struct run *run)
{
	static const struct column columns[] = {
		{ "RESULT", COLUMN_PLAIN },
		{ "CASE", COLUMN_WRAPS },
		{ "EXPECT", COLUMN_PLAIN },
		{ "ANSWER", COLUMN_WRAPS },
		{ 0 },
	};
	struct libscols_table *table _cleanup_(table_freep) = table_new(columns, invocation);

	vec_for_each (outcome, &run->outcomes) {
		_cleanup_free_ char *sentence = probe_sentence(outcome->answer);
		struct libscols_line *row = table_row(table);

		table_cell(row, 0, outcome->ok ? "ok" : "FAILED", outcome->ok ? "green" : "red");
		table_cell(row, 1, outcome->expected->name, NULL);
		table_cell(row, 2, outcome->expected->allow ? "allow" : "deny", NULL);
		table_cell(row, 3, sentence, NULL);
	}
	table_print(table);
	printf("\n%zu case%s, %zu failed\n", run->outcomes.n, run->outcomes.n == 1 ? "" : "s", run->n_failed);
}

static void print_json(enum output_format format, const struct run *run)
{
	json_auto_t *list = json_array();

	vec_for_each (outcome, &run->outcomes) {
		json_t *item = json_pack("{ss, ss, ss, ss, sb}", "file", outcome->test->file, "test",
					 outcome->test->name, "name", outcome->expected->name, "expect",
					 outcome->expected->allow ? "allow" : "deny", "ok", outcome->ok);

		json_object_update(item, outcome->answer);
		json_array_append_new(list, item);
	}
	output_json(format, list, stdout);
}

static void print(const struct invocation *invocation, const struct run *run)
{
	if (invocation->format == OUTPUT_JSON || invocation->format == OUTPUT_YAML)
		print_json(invocation->format, run);
	else if (invocation->format == OUTPUT_TAP || (!invocation->format_given && !isatty(STDOUT_FILENO)))
		print_tap(run);
	else
		print_table(invocation, run);
}

int command_test(const struct invocation *invocation)
{
	struct diags diags _cleanup_(diags_free) = { 0 };
	struct run run _cleanup_(run_free) = { 0 };
	int code = EXIT_DONE;

	vec_for_each (path, &invocation->arguments)
		policy_test_read(*path, &run.tests, &diags);
	diags_print(&diags, stderr);
	if (diags.n_errors)
		return EXIT_FAILED;
	for (size_t i = 0; code == EXIT_DONE && i < run.tests.list.n; i++)
		code = run_test(invocation, &run, &run.tests.list.items[i]);
	if (code)
		return code;
	print(invocation, &run);
	return run.n_failed ? EXIT_FAILED : EXIT_DONE;
}
