// SPDX-License-Identifier: BSD-2-Clause
#include "cli/manual.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "cli/command.h"
#include "policy/words.h"

/* What means itself in a text would be roff's in places: backslashes, and hyphens that are options' dashes. */
static void put_escaped(FILE *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\\')
			fputs("\\e", out);
		else if (*c == '"')
			fputs("\\(dq", out);
		else if (*c == '-' && (c == text || !isalnum((unsigned char)c[-1])))
			fputs("\\-", out);
		else
			fputc(*c, out);
	}
}

/* A line of text, as a sentence. */
static void put_sentence(FILE *out, const char *text)
{
	_cleanup_free_ char *sentence = xstrdup(text);

	sentence[0] = (char)toupper((unsigned char)sentence[0]);
	put_escaped(out, sentence);
	fputs(".\n", out);
}

static void put_options(FILE *out, const struct command_option *options)
{
	if (!options || !options->name)
		return;
	fputs(".Bl -tag -width Ds\n", out);
	for (; options->name; options++) {
		fputs(".It ", out);
		if (options->letter)
			fprintf(out, "Fl %c , ", options->letter);
		fprintf(out, "Fl \\-%s", options->name);
		if (options->argument)
			fprintf(out, " Ar %s", options->argument);
		fputc('\n', out);
		put_escaped(out, options->doc); /* as help has it: it may begin with a word to type */
		fputc('\n', out);
	}
	fputs(".El\n", out);
}

static void put_commands(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (const struct command *command = commands; command->name; command++) {
		fprintf(out, ".It Cm %s", command->name);
		if (*command->arguments) {
			fputs(" Ar \"", out);
			put_escaped(out, command->arguments);
			fputc('"', out);
		}
		fputc('\n', out);
		put_sentence(out, command->doc);
		put_options(out, command->options);
	}
	fputs(".El\n", out);
}

static void put_exit_codes(FILE *out)
{
	fputs(".Bl -tag -width Ds -compact\n", out);
	for (size_t i = 0; exit_meanings[i]; i++) {
		fprintf(out, ".It %zu\n", i);
		put_sentence(out, exit_meanings[i]);
	}
	fputs(".El\n", out);
}

static void put_reasons(FILE *out)
{
	fputs(".Bl -tag -width Ds -compact\n", out);
	for (unsigned reason = 1; reason < WEIR_REASON_MAX; reason++) {
		if (!reason_name(reason))
			continue;
		fprintf(out, ".It %s Pq %s\n", reason_name(reason), verdict_name(reason_verdict(reason)));
		put_sentence(out, reason_meaning(reason));
	}
	fputs(".El\n", out);
}

/* part: what is between two @. */
static int put_part(FILE *out, const char *part)
{
	static const char of_command[] = "options ";
	const struct command *command;

	if (strcmp(part, "commands") == 0) {
		put_commands(out);
	} else if (strcmp(part, "exit") == 0) {
		put_exit_codes(out);
	} else if (strcmp(part, "reasons") == 0) {
		put_reasons(out);
	} else if (strcmp(part, "options") == 0) {
		put_options(out, global_options);
	} else {
		command = strncmp(part, of_command, strlen(of_command)) == 0 ? command_find(part + strlen(of_command))
									     : NULL;
		if (!command)
			return -EINVAL;
		put_options(out, command->options);
	}
	return 0;
}

int manual_write(FILE *in, FILE *out, unsigned *ret_line)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	ssize_t n;

	for (unsigned number = 1; (n = getline(&line, &size, in)) > 0; number++) {
		if (*line != '@') {
			fputs(line, out);
			continue;
		}
		line[strcspn(line + 1, "@\n") + 1] = '\0';
		if (put_part(out, line + 1) < 0) {
			*ret_line = number;
			return -EINVAL;
		}
	}
	return 0;
}
