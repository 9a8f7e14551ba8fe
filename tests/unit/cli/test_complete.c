// SPDX-License-Identifier: BSD-2-Clause
/* What could stand in place of the last word, without an agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/complete.h"

#define NO_SOCKET "--socket", "/nowhere/weir.sock"

static const struct row {
	const char *name;
	const char *words[8]; /* the last one is being typed */
	const char *expected; /* by spaces, in this order; those alone */
	const char *among;    /* one of many */
	const char * not ;    /* none of them */
	enum candidate_files files;
} rows[] = {
	{ "a command by its beginning", { "capt" }, .expected = "capture" },
	{ "commands, with nothing typed", { "" }, .among = "observe" },
	{ "no command is an option", { "" }, .not = "--socket" },
	{ "a command that is not there", { "xyz" }, .expected = "" },
	{ "an option of a command", { "capture", "--dr" }, .expected = "--drops" },
	{ "a global option before the command", { "--no-" }, .expected = "--no-color" },
	{ "a global option after the command", { "status", "--soc" }, .expected = "--socket" },
	{ "another command's option is none", { "status", "--" }, .not = "--drops" },
	{ "options where there are no arguments", { "capture", "" }, .among = "--headers-only" },
	{ "a command behind a global option and its value", { "--socket", "x", "capt" }, .expected = "capture" },
	{ "the value of a global option is no command", { "--socket", "capt" }, .expected = "", .files = FILES_ANY },
	{ "a value of an option", { "get", "policies", "-o", "j" }, .expected = "json" },
	{ "a value of a long option", { "get", "--output", "w" }, .expected = "wide" },
	{ "a value in one word with its option", { "get", "--output=y" }, .expected = "--output=yaml" },
	{ "a value behind an equals sign of its own", { "get", "--output", "=", "y" }, .expected = "yaml" },
	{ "a value that is not begun behind an equals sign",
	  { "get", "--output", "=" },
	  .expected = "table wide json yaml" },
	{ "an equals sign behind what is no option", { "get", "--frob=y" }, .expected = "" },
	{ "TAP is a format of tests", { "test", "-o", "t" }, .expected = "table tap" },
	{ "and of nothing else", { "get", "-o", "t" }, .expected = "table" },
	{ "one sentence is a format of events", { "observe", "-o", "c" }, .expected = "compact" },
	{ "a protocol", { "capture", "--protocol", "S" }, .expected = "SCTP" },
	{ "a verdict", { "observe", "--verdict", "" }, .expected = "pass drop reject" },
	{ "a reason", { "observe", "--reason", "policy-de" }, .among = "policy-deny" },
	{ "a kind", { "get", "e" }, .expected = "endpoints" },
	{ "a kind of object to delete", { "delete", "netw" }, .expected = "networkpolicies" },
	{ "a name is nobody's without an agent", { NO_SOCKET, "get", "policies", "" }, .expected = "" },
	{ "a pod is nobody's without an agent", { NO_SOCKET, "explain", "" }, .expected = "" },
	{ "files", { "apply", "-f", "" }, .expected = "", .files = FILES_ANY },
	{ "directories", { "agent", "--state-dir", "" }, .expected = "", .files = FILES_DIRECTORIES },
	{ "files as arguments, again and again", { "test", "a", "b", "" }, .expected = "", .files = FILES_ANY },
	{ "an interface", { "agent", "--uplink", "au" }, .expected = "auto" },
	{ "a shell", { "completion", "z" }, .expected = "zsh" },
	{ "nothing beyond the last argument", { "completion", "zsh", "" }, .not = "bash" },
	{ "options end at two dashes", { "test", "--", "--fi" }, .expected = "", .files = FILES_ANY },
	{ "a dash alone is an argument", { "check", "-f", "-", "--fi" }, .expected = "--filename" },
};

static bool has(const struct candidates *candidates, const char *word)
{
	vec_for_each (candidate, &candidates->list) {
		if (strcmp(candidate->word, word) == 0)
			return true;
	}
	return false;
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct candidates candidates;
	char text[1024] = "";
	size_t n = 0;

	while (n < ARRAY_SIZE(row->words) && row->words[n])
		n++;
	complete((char *const *)row->words, n, &candidates);
	vec_for_each (candidate, &candidates.list) {
		if (row->expected)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", *text ? " " : "",
				 candidate->word);
	}
	if (row->expected)
		assert_string_equal(text, row->expected);
	if (row->among)
		assert_true(has(&candidates, row->among));
	if (row->not )
		assert_false(has(&candidates, row->not ));
	assert_int_equal(candidates.files, row->files);
	candidates_free(&candidates);
}

/* Each long option of each command is found by its whole name, so no row of the table is left out. */
static void test_every_option(void **state)
{
	for (const struct command *command = commands; command->name; command++) {
		for (const struct command_option *option = command->options; option && option->name; option++) {
			char word[64];
			const char *const words[] = { command->name, word };
			struct candidates candidates;

			snprintf(word, sizeof(word), "--%s", option->name);
			complete((char *const *)words, 2, &candidates);
			assert_true(has(&candidates, word));
			candidates_free(&candidates);
		}
	}
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(rows) + 1];
	size_t n = 0;

	for (; n < ARRAY_SIZE(rows); n++)
		tests[n] = (struct CMUnitTest){ rows[n].name, test_row, NULL, NULL, (void *)&rows[n] };
	tests[n++] = (struct CMUnitTest){ "every option of every command", test_every_option, NULL, NULL, NULL };
	return _cmocka_run_group_tests("completion", tests, n, NULL, NULL);
}
