// SPDX-License-Identifier: BSD-2-Clause
/* `weir`: parse, run, say what went wrong. */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>

#include "cli/command.h"

static void print_error(const char *text)
{
	fflush(stdout); /* keeps both streams in order where they go to one place */
	fprintf(stderr, "weir: %s\n", text);
}

int say_error(const struct error *error)
{
	print_error(*error->text ? error->text : strerror(-error->code));
	return error->code == -EHOSTDOWN ? EXIT_UNREACHABLE : EXIT_FAILED;
}

int say_failed(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_error(text);
	return EXIT_FAILED;
}

int wrong_usage(const struct invocation *invocation, const char *format, ...)
{
	const char *name = invocation->command->name;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "weir: %s: %s (see weir %s --help)\n", name, text, name);
	return EXIT_USAGE;
}

/* What could not be written was not done. */
static int flush_output(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	fprintf(stderr, "weir: standard output: %s\n", strerror(errno));
	return code ?: EXIT_FAILED;
}

int cli_run(int argc, char **argv)
{
	struct invocation invocation _cleanup_(invocation_free) = { 0 };
	struct error error = { 0 };

	setlocale(LC_CTYPE, "");
	if (invocation_parse(argc, argv, &invocation, &error)) {
		print_error(error.text);
		return EXIT_USAGE;
	}
	if (invocation.help) {
		help_print(invocation.command, stdout);
		return flush_output(EXIT_DONE);
	}
	return flush_output(invocation.command->run(&invocation));
}
