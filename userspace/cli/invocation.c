// SPDX-License-Identifier: BSD-2-Clause
/* argv -> struct invocation, by getopt_long over the table's rows. */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "base/mem.h"
#include "cli/command.h"

/* Rows of the table as getopt_long wants them; row i is rows.items[i]. */
struct grammar {
	VEC(const struct command_option *) rows;
	struct option *longs;
	char *letters;
};

#define FIRST_ROW 256 /* values of long options, beyond any letter */

static void grammar_add(struct grammar *grammar, const struct command_option *options)
{
	for (; options && options->name; options++)
		vec_push(&grammar->rows, options);
}

/* mode: getopt's "+" (stop at the first argument) or "" (permute). */
static void grammar_finish(struct grammar *grammar, const char *mode)
{
	char *letter;

	grammar->longs = xcalloc(grammar->rows.n + 1, sizeof(*grammar->longs));
	grammar->letters = xcalloc(2 * grammar->rows.n + 3, 1);
	letter = stpcpy(stpcpy(grammar->letters, mode), ":");
	for (size_t i = 0; i < grammar->rows.n; i++) {
		const struct command_option *row = grammar->rows.items[i];

		grammar->longs[i] = (struct option){
			.name = row->name,
			.has_arg = row->argument ? required_argument : no_argument,
			.val = FIRST_ROW + i,
		};
		if (row->letter) {
			*letter++ = row->letter;
			if (row->argument)
				*letter++ = ':';
		}
	}
}

static void grammar_free(struct grammar *grammar)
{
	vec_free(&grammar->rows);
	free(grammar->longs);
	free(grammar->letters);
}

static const struct command_option *grammar_row(const struct grammar *grammar, int value)
{
	for (size_t i = 0; i < grammar->rows.n; i++) {
		if (value == (int)(FIRST_ROW + i) || value == grammar->rows.items[i]->letter)
			return grammar->rows.items[i];
	}
	return NULL;
}

static int format_parse(struct invocation *invocation, const char *text, struct error *error)
{
	/* Only a test has results that TAP can tell, and only an event is one sentence. */
	const bool tells_tap = invocation->command && invocation->command->run == command_test;
	const bool tells_events = invocation->command && invocation->command->run == command_observe;

	static const char *const names[] = {
		[OUTPUT_TABLE] = "table", [OUTPUT_WIDE] = "wide", [OUTPUT_JSON] = "json",
		[OUTPUT_YAML] = "yaml",	  [OUTPUT_TAP] = "tap",	  [OUTPUT_COMPACT] = "compact",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i], text) && (i != OUTPUT_TAP || tells_tap) &&
		    (i != OUTPUT_COMPACT || tells_events)) {
			invocation->format = i;
			invocation->format_given = true;
			return 0;
		}
	}
	return error_set(error, -EINVAL, "unknown output format \"%s\" (one of: table, wide, json, yaml%s)", text,
			 tells_tap	? ", tap"
			 : tells_events ? ", compact"
					: "");
}

static int take_option(struct invocation *invocation, const struct command_option *option, const char *value,
		       struct error *error)
{
	if (!strcmp(option->name, "help"))
		invocation->help = true;
	else if (!strcmp(option->name, "socket"))
		invocation->socket = value;
	else if (!strcmp(option->name, "no-color"))
		invocation->color = false;
	else if (!strcmp(option->name, "output"))
		return format_parse(invocation, value, error);
	else
		vec_push(&invocation->options, (struct option_value){ option, value });
	return 0;
}

static int bad_option(const struct command *command, int answer, char **argv, struct error *error)
{
	const char *of = command ? command->name : "", *space = command ? " " : "";
	char letter[3] = { '-', optopt, '\0' };
	/* getopt has the letter in optopt for short options only; a long one is the word before optind. */
	const char *option = optopt > 0 && optopt < FIRST_ROW ? letter : argv[optind - 1];

	/* With a known long option it is that option's value. */
	if (answer == '?' && optopt >= FIRST_ROW)
		return error_set(error, -EINVAL, "option %s takes no value (see weir %s%s--help)", option, of, space);
	if (answer == ':')
		return error_set(error, -EINVAL, "option %s needs a value (see weir %s%s--help)", option, of, space);
	return error_set(error, -EINVAL, "unknown option %s (see weir %s%s--help)", option, of, space);
}

/* Takes options from argv[first] on. *ret_end: the first argument that is none. */
static int parse_options(struct invocation *invocation, int argc, char **argv, int *ret_end, struct error *error)
{
	struct grammar grammar _cleanup_(grammar_free) = { 0 };
	int answer, r;

	grammar_add(&grammar, global_options);
	if (invocation->command)
		grammar_add(&grammar, invocation->command->options);
	grammar_finish(&grammar, invocation->command ? "" : "+");

	optind = 0; /* glibc: start over */
	opterr = 0;
	while ((answer = getopt_long(argc, argv, grammar.letters, grammar.longs, NULL)) != -1) {
		const struct command_option *row = grammar_row(&grammar, answer);

		if (!row || answer == '?' || answer == ':')
			return bad_option(invocation->command, answer, argv, error);
		r = take_option(invocation, row, optarg, error);
		if (r)
			return r;
	}
	*ret_end = optind;
	return 0;
}

static int find_command(const char *name, const struct command **ret, struct error *error)
{
	const struct command *command = command_find(name), *near;

	if (!command) {
		near = command_suggest(name);
		if (near)
			return error_set(error, -EINVAL, "unknown command \"%s\" (did you mean \"%s\"?)", name,
					 near->name);
		return error_set(error, -EINVAL, "unknown command \"%s\" (see weir --help)", name);
	}
	*ret = command;
	return 0;
}

static int check_arguments(const struct invocation *invocation, struct error *error)
{
	const struct command *command = invocation->command;

	if (invocation->help)
		return 0;
	if (invocation->arguments.n < command->min_arguments)
		return error_set(error, -EINVAL, "%s: too few arguments (usage: weir %s %s)", command->name,
				 command->name, command->arguments);
	if (invocation->arguments.n > command->max_arguments)
		return error_set(error, -EINVAL, "%s: \"%s\" is one argument too many (usage: weir %s %s)",
				 command->name, invocation->arguments.items[command->max_arguments], command->name,
				 command->arguments);
	return 0;
}

static int parse_words(struct invocation *invocation, int argc, char **argv, struct error *error)
{
	int at = 0, r;

	r = parse_options(invocation, argc, argv, &at, error);
	if (r || invocation->help)
		return r;
	if (at >= argc)
		return error_set(error, -EINVAL, "no command given (see weir --help)");
	r = find_command(argv[at], &invocation->command, error);
	if (r)
		return r;

	argv += at;
	argc -= at;
	r = parse_options(invocation, argc, argv, &at, error);
	if (r)
		return r;
	for (; at < argc; at++)
		vec_push(&invocation->arguments, argv[at]);
	return check_arguments(invocation, error);
}

static const char *environment(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && *value ? value : fallback;
}

int invocation_parse(int argc, char **argv, struct invocation *ret, struct error *error)
{
	struct invocation invocation = {
		.socket = environment("WEIR_SOCKET", WEIR_SOCKET_DEFAULT),
		.color = isatty(STDOUT_FILENO) && !environment("NO_COLOR", NULL),
	};
	int r = parse_words(&invocation, argc, argv, error);

	if (r) {
		invocation_free(&invocation);
		return r;
	}
	*ret = invocation;
	return 0;
}

void invocation_free(struct invocation *invocation)
{
	vec_free(&invocation->options);
	vec_free(&invocation->arguments);
}
