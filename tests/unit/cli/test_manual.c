// SPDX-License-Identifier: BSD-2-Clause
/* The manual has what the table of commands has, each page that is in the tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/manual.h"
#include "object/object.h"

/* What a source becomes; NULL and the line where it fails. */
static char *written(FILE *in, unsigned *ret_line)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	int r;

	assert_non_null(in);
	assert_non_null(out);
	r = manual_write(in, out, ret_line);
	fclose(out);
	if (r < 0) {
		free(text);
		return NULL;
	}
	return text;
}

static char *page(const char *name)
{
	_cleanup_free_ char *path = xasprintf("docs/man/%s.in", name);
	_cleanup_fclose_ FILE *in = fopen(path, "re");
	unsigned line = 0;
	char *text = written(in, &line);

	if (!text)
		fail_msg("%s:%u: no such part", path, line);
	return text;
}

static char *of_text(const char *source, unsigned *ret_line)
{
	_cleanup_fclose_ FILE *in = fmemopen((char *)source, strlen(source), "r");

	return written(in, ret_line);
}

static void assert_has(const char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void assert_has(const char *text, const char *format, ...)
{
	_cleanup_free_ char *part = NULL;
	va_list args;

	va_start(args, format);
	assert_true(vasprintf(&part, format, args) > 0);
	va_end(args);
	if (!strstr(text, part))
		fail_msg("%s is not there", part);
}

static void assert_has_options(const char *text, const struct command_option *options)
{
	for (; options && options->name; options++) {
		assert_has(text, "Fl \\-%s%s%s\n", options->name, options->argument ? " Ar " : "",
			   options->argument ?: "");
		if (options->letter)
			assert_has(text, ".It Fl %c , Fl \\-%s", options->letter, options->name);
	}
}

static void weir_has_every_command_and_option(void **state)
{
	_cleanup_free_ char *text = page("weir.8");

	for (const struct command *command = commands; command->name; command++) {
		assert_has(text, ".It Cm %s", command->name);
		assert_has_options(text, command->options);
	}
	assert_has_options(text, global_options);
}

static void weir_has_every_exit_code(void **state)
{
	_cleanup_free_ char *text = page("weir.8");

	for (int code = 0; exit_meanings[code]; code++)
		assert_has(text, ".It %d\n", code);
}

static void agent_has_its_options(void **state)
{
	_cleanup_free_ char *text = page("weir-agent.8");

	assert_has_options(text, command_find("agent")->options);
}

static void policy_has_every_kind(void **state)
{
	_cleanup_free_ char *text = page("weir-policy.5");

	for (enum object_kind kind = 0; kind < KIND_MAX; kind++)
		assert_has(text, "%s", kind_info(kind)->kind);
}

static void what_roff_would_take_for_its_own_is_escaped(void **state)
{
	unsigned line;
	_cleanup_free_ char *text = of_text("@options eval@\n", &line);

	assert_has(text, "{\\(dqfrom\\(dq");
}

static void other_lines_stay(void **state)
{
	unsigned line;
	_cleanup_free_ char *text = of_text(".Sh A\nb @exit@\n", &line);

	assert_string_equal(text, ".Sh A\nb @exit@\n");
}

static void an_unknown_part_is_told_by_its_line(void **state)
{
	static const char *const sources[] = { ".Sh A\n@nothing@\n", "a\n@options frobnicate@\n", "a\n@\n" };

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		unsigned line = 0;

		assert_null(of_text(sources[i], &line));
		assert_int_equal(line, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weir_has_every_command_and_option),
		cmocka_unit_test(weir_has_every_exit_code),
		cmocka_unit_test(agent_has_its_options),
		cmocka_unit_test(policy_has_every_kind),
		cmocka_unit_test(what_roff_would_take_for_its_own_is_escaped),
		cmocka_unit_test(other_lines_stay),
		cmocka_unit_test(an_unknown_part_is_told_by_its_line),
	};

	return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
