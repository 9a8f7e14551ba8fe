// SPDX-License-Identifier: BSD-2-Clause
/* Command lines: what each is taken as, and what is said about wrong ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"

#define WORDS_MAX 10

struct right {
	const char *says;
	const char *words[WORDS_MAX];
	const char *command; /* NULL: none */
	bool help;
	const char *socket;
	enum output_format format;
	const char *option, *value; /* NULL: not looked at */
	const char *argument;	    /* the first; NULL: none */
};

static const struct right rights[] = {
	{ .says = "a command without options",
	  .words = { "status" },
	  .command = "status",
	  .socket = WEIR_SOCKET_DEFAULT },
	{ .says = "global options before the command",
	  .words = { "--socket", "/x", "-o", "json", "status" },
	  .command = "status",
	  .socket = "/x",
	  .format = OUTPUT_JSON },
	{ .says = "global options after the command",
	  .words = { "status", "-oyaml", "--socket=/x" },
	  .command = "status",
	  .socket = "/x",
	  .format = OUTPUT_YAML },
	{ .says = "the last of two sockets",
	  .words = { "--socket", "/x", "status", "--socket", "/y" },
	  .command = "status",
	  .socket = "/y" },
	{ .says = "options between arguments",
	  .words = { "get", "-n", "shop", "policies", "-o", "wide", "backend" },
	  .command = "get",
	  .socket = WEIR_SOCKET_DEFAULT,
	  .format = OUTPUT_WIDE,
	  .option = "namespace",
	  .value = "shop",
	  .argument = "policies" },
	{ .says = "the last value of an option",
	  .words = { "apply", "-f", "a", "--filename", "-" },
	  .command = "apply",
	  .socket = WEIR_SOCKET_DEFAULT,
	  .option = "filename",
	  .value = "-" },
	{ .says = "an argument that looks like an option after --",
	  .words = { "delete", "--", "netpol", "-x" },
	  .command = "delete",
	  .socket = WEIR_SOCKET_DEFAULT,
	  .argument = "netpol" },
	{ .says = "help of the program", .words = { "--help" }, .help = true, .socket = WEIR_SOCKET_DEFAULT },
	{ .says = "help of a command, whatever its arguments",
	  .words = { "get", "-h" },
	  .command = "get",
	  .help = true,
	  .socket = WEIR_SOCKET_DEFAULT },
	{ .says = "a command after an option that asks for help",
	  .words = { "-h", "get" },
	  .help = true,
	  .socket = WEIR_SOCKET_DEFAULT },
};

struct wrong {
	const char *says;
	const char *words[WORDS_MAX];
	const char *error; /* the beginning */
};

static const struct wrong wrongs[] = {
	{ "no command", { NULL }, "no command given" },
	{ "a mistyped command", { "aplly" }, "unknown command \"aplly\" (did you mean \"apply\"?)" },
	{ "a command like no other", { "frobnicate" }, "unknown command \"frobnicate\" (see" },
	{ "a command that is none", { "frobnicate" }, "unknown command \"frobnicate\" (see" },
	{ "an unknown long option", { "apply", "--force" }, "unknown option --force (see weir apply --help)" },
	{ "an unknown short option", { "apply", "-x" }, "unknown option -x (see weir apply --help)" },
	{ "an unknown option before the command", { "--force", "apply" }, "unknown option --force (see weir --help)" },
	{ "another command's option", { "status", "--dry-run" }, "unknown option --dry-run" },
	{ "an option without its value", { "apply", "-f" }, "option -f needs a value" },
	{ "a long option without its value", { "status", "--socket" }, "option --socket needs a value" },
	{ "a value for a flag", { "apply", "--dry-run=yes" }, "option --dry-run=yes takes no value" },
	{ "an unknown output format", { "status", "-o", "xml" }, "unknown output format \"xml\"" },
	{ "too few arguments", { "get" }, "get: too few arguments (usage: weir get KIND" },
	{ "too many arguments", { "get", "a", "b", "c" }, "get: \"c\" is one argument too many" },
	{ "an argument where there is none", { "status", "now" }, "status: \"now\" is one argument too many" },
};

static int parse(const char *const words[], struct invocation *ret, struct error *error)
{
	char *argv[WORDS_MAX + 2] = { "weir" };
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	return invocation_parse(argc, argv, ret, error);
}

static void takes(void **state)
{
	const struct right *right = *state;
	struct invocation invocation _cleanup_(invocation_free) = { 0 };
	struct error error = { 0 };

	assert_int_equal(parse(right->words, &invocation, &error), 0);
	if (right->command)
		assert_string_equal(invocation.command->name, right->command);
	else
		assert_null(invocation.command);
	assert_int_equal(invocation.help, right->help);
	assert_string_equal(invocation.socket, right->socket);
	assert_int_equal(invocation.format, right->format);
	if (right->option)
		assert_string_equal(option_value(&invocation, right->option, "not given"), right->value);
	if (right->argument)
		assert_string_equal(invocation.arguments.items[0], right->argument);
	else
		assert_int_equal(invocation.arguments.n, 0);
}

static void refuses(void **state)
{
	const struct wrong *wrong = *state;
	struct invocation invocation = { 0 };
	struct error error = { 0 };

	assert_int_equal(parse(wrong->words, &invocation, &error), -EINVAL);
	if (strncmp(error.text, wrong->error, strlen(wrong->error)))
		fail_msg("\"%s\" does not begin with \"%s\"", error.text, wrong->error);
	assert_null(invocation.command);
}

static void repeated_option_gives_all_values_in_order(void **state)
{
	static const char *const words[] = { "check", "-f", "a", "-fb", "--filename=c", NULL };
	struct invocation invocation _cleanup_(invocation_free) = { 0 };
	struct error error = { 0 };
	size_t position = 0;

	assert_int_equal(parse(words, &invocation, &error), 0);
	assert_string_equal(option_next(&invocation, "filename", &position), "a");
	assert_string_equal(option_next(&invocation, "filename", &position), "b");
	assert_string_equal(option_next(&invocation, "filename", &position), "c");
	assert_null(option_next(&invocation, "filename", &position));
}

static void socket_comes_from_the_environment_unless_given(void **state)
{
	static const char *const plain[] = { "status", NULL }, *const given[] = { "status", "--socket", "/given",
										  NULL };
	struct invocation first _cleanup_(invocation_free) = { 0 }, second _cleanup_(invocation_free) = { 0 };
	struct error error = { 0 };

	setenv("WEIR_SOCKET", "/from/environment", 1);
	assert_int_equal(parse(plain, &first, &error), 0);
	assert_int_equal(parse(given, &second, &error), 0);
	unsetenv("WEIR_SOCKET");
	assert_string_equal(first.socket, "/from/environment");
	assert_string_equal(second.socket, "/given");
}

static void number_outside_its_range_is_refused_and_changes_nothing(void **state)
{
	static const char *const values[] = { "0", "11", "-1", "x", "5x", "", "99999999999999999999" };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const char *const words[] = { "wait", "--timeout", values[i], NULL };
		struct invocation invocation _cleanup_(invocation_free) = { 0 };
		struct error error = { 0 };
		unsigned number = 7;

		assert_int_equal(parse(words, &invocation, &error), 0);
		assert_int_equal(option_number(&invocation, "timeout", 1, 10, &number), -EINVAL);
		assert_int_equal(number, 7);
	}
}

static void number_inside_its_range_is_taken(void **state)
{
	static const char *const words[] = { "wait", "--timeout", "10", NULL };
	struct invocation invocation _cleanup_(invocation_free) = { 0 };
	struct error error = { 0 };
	unsigned number = 7;

	assert_int_equal(parse(words, &invocation, &error), 0);
	assert_int_equal(option_number(&invocation, "timeout", 1, 10, &number), 0);
	assert_int_equal(number, 10);
}

int main(void)
{
	VEC(struct CMUnitTest) tests = { 0 };
	int failures;

	unsetenv("WEIR_SOCKET");
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++)
		vec_push(&tests, (struct CMUnitTest){ rights[i].says, takes, NULL, NULL, (void *)&rights[i] });
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++)
		vec_push(&tests, (struct CMUnitTest){ wrongs[i].says, refuses, NULL, NULL, (void *)&wrongs[i] });
	vec_push(&tests, (struct CMUnitTest)cmocka_unit_test(repeated_option_gives_all_values_in_order));
	vec_push(&tests, (struct CMUnitTest)cmocka_unit_test(socket_comes_from_the_environment_unless_given));
	vec_push(&tests, (struct CMUnitTest)cmocka_unit_test(number_outside_its_range_is_refused_and_changes_nothing));
	vec_push(&tests, (struct CMUnitTest)cmocka_unit_test(number_inside_its_range_is_taken));
	failures = _cmocka_run_group_tests("invocation", tests.items, tests.n, NULL, NULL);
	vec_free(&tests);
	return failures;
}
