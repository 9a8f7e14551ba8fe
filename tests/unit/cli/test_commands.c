// SPDX-License-Identifier: BSD-2-Clause
/* The table of commands, and what is made from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/suggest.h"

static void every_command_is_found_by_its_name(void **state)
{
	for (const struct command *command = commands; command->name; command++)
		assert_ptr_equal(command_find(command->name), command);
}

static void unknown_command_is_not_found(void **state)
{
	assert_null(command_find("appl"));
	assert_null(command_find(""));
	assert_null(command_find("Apply"));
}

static void every_row_is_complete(void **state)
{
	for (const struct command *command = commands; command->name; command++) {
		assert_non_null(command->arguments);
		assert_non_null(command->doc);
		assert_non_null(command->run);
		assert_true(command->min_arguments <= command->max_arguments);
	}
}

static void check_clash(const struct command_option *a, const struct command_option *b)
{
	if (a == b)
		return;
	assert_string_not_equal(a->name, b->name);
	if (a->letter)
		assert_int_not_equal(a->letter, b->letter);
}

static void no_option_clashes_with_another(void **state)
{
	for (const struct command *command = commands; command->name; command++) {
		for (const struct command_option *a = command->options; a && a->name; a++) {
			for (const struct command_option *b = command->options; b->name; b++)
				check_clash(a, b);
			for (const struct command_option *b = global_options; b->name; b++)
				check_clash(a, b);
		}
	}
}

static void check_width(const struct command *command)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	char *rest, *line;

	help_print(command, out);
	fclose(out);
	assert_true(size > 0);
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		if (strlen(line) >= 80)
			fail_msg("wider than a terminal: %s", line);
		if (*line && line[strlen(line) - 1] == ' ')
			fail_msg("space at the end: \"%s\"", line);
	}
}

static void help_fits_eighty_columns(void **state)
{
	check_width(NULL);
	for (const struct command *command = commands; command->name; command++)
		check_width(command);
}

static void help_names_every_command_and_option(void **state)
{
	_cleanup_free_ char *program = NULL;
	size_t size;
	FILE *out = open_memstream(&program, &size);

	help_print(NULL, out);
	fclose(out);
	for (const struct command *command = commands; command->name; command++) {
		_cleanup_free_ char *text = NULL;

		assert_non_null(strstr(program, command->name));
		out = open_memstream(&text, &size);
		help_print(command, out);
		fclose(out);
		for (const struct command_option *option = command->options; option && option->name; option++)
			assert_non_null(strstr(text, option->name));
	}
}

static void mistyped_commands_get_the_nearest(void **state)
{
	static const char *const pairs[][2] = {
		{ "aply", "apply" }, { "appyl", "apply" },     { "stauts", "status" },	{ "del", "delete" },
		{ "gte", "get" },    { "versoin", "version" }, { "dettach", "detach" }, { "stat", "status" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		const struct command *near = command_suggest(pairs[i][0]);

		assert_non_null(near);
		assert_string_equal(near->name, pairs[i][1]);
	}
	assert_null(command_suggest("frobnicate"));
	assert_null(command_suggest("a-word-that-is-longer-than-any-command-can-be"));
}

static void distance_counts_insertions_deletions_replacements_and_swaps(void **state)
{
	assert_int_equal(suggest_distance("check", "check"), 0);
	assert_int_equal(suggest_distance("chek", "check"), 1);
	assert_int_equal(suggest_distance("checkk", "check"), 1);
	assert_int_equal(suggest_distance("chack", "check"), 1);
	assert_int_equal(suggest_distance("hceck", "check"), 1);
	assert_int_equal(suggest_distance("hcekc", "check"), 2);
	assert_int_equal(suggest_distance("", "get"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_found_by_its_name),
		cmocka_unit_test(unknown_command_is_not_found),
		cmocka_unit_test(every_row_is_complete),
		cmocka_unit_test(no_option_clashes_with_another),
		cmocka_unit_test(help_fits_eighty_columns),
		cmocka_unit_test(help_names_every_command_and_option),
		cmocka_unit_test(mistyped_commands_get_the_nearest),
		cmocka_unit_test(distance_counts_insertions_deletions_replacements_and_swaps),
	};

	return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
