// SPDX-License-Identifier: BSD-2-Clause
/* Help from the table: two columns that fit 80. */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "cli/command.h"
#include "cli/wrap.h"

/* "  left  text text", text wrapped at words and kept in its column. */
static void print_row(FILE *out, const char *left, int indent, const char *text)
{
	if ((int)strlen(left) > indent - 3)
		fprintf(out, "  %s\n%*s", left, indent, "");
	else
		fprintf(out, "  %-*s", indent - 2, left);
	wrap_print(out, indent, indent, text);
}

static void print_options(FILE *out, const char *title, const struct command_option *options)
{
	if (!options || !options->name)
		return;
	fprintf(out, "\n%s:\n", title);
	for (; options->name; options++) {
		_cleanup_free_ char *letter = options->letter ? xasprintf("-%c, ", options->letter) : xstrdup("    ");
		_cleanup_free_ char *left = xasprintf("%s--%s%s%s", letter, options->name, options->argument ? " " : "",
						      options->argument ?: "");

		print_row(out, left, 30, options->doc);
	}
}

static void print_program(FILE *out)
{
	fputs("Usage: weir [OPTION]... COMMAND [ARGUMENT]...\n\n"
	      "Decides, in the kernel, which container may talk to which, and how fast.\n\n"
	      "Commands:\n",
	      out);
	for (const struct command *command = commands; command->name; command++)
		print_row(out, command->name, 13, command->doc);
	print_options(out, "Options, before or after the command", global_options);
	fputs("\nweir COMMAND --help says more about each.\n"
	      "Exit codes:",
	      out);
	for (size_t i = 0; exit_meanings[i]; i++)
		fprintf(out, " %zu %s%s", i, exit_meanings[i], exit_meanings[i + 1] ? ";" : ".\n");
}

void help_print(const struct command *command, FILE *out)
{
	if (!command) {
		print_program(out);
		return;
	}
	fprintf(out, "Usage: weir %s%s%s\n", command->name, *command->arguments ? " " : "", command->arguments);
	fprintf(out, "\n%c%s.\n", toupper(command->doc[0]), command->doc + 1);
	print_options(out, "Options", command->options);
	print_options(out, "Options of every command", global_options);
}
