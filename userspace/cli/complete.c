// SPDX-License-Identifier: BSD-2-Clause
#include "cli/complete.h"

#include <string.h>

#include "base/mem.h"

/* What has been typed so far. */
struct typed {
	const struct command *command;	      /* NULL: not yet */
	const struct command_option *waiting; /* whose value the last word is, or NULL */
	const char *arguments[2];	      /* the first ones, beside options */
	size_t n_arguments;
	const char *socket;
	bool only_arguments; /* behind "--" */
};

/* Arguments that are no options, by command: what help calls them. The last one may be repeated. */
static const struct {
	const char *command;
	const char *arguments[3];
} positions[] = {
	{ "get", { "KIND", "NAME" } }, { "delete", { "KIND", "NAME" } }, { "explain", { "NS/POD", "NS/POD" } },
	{ "completion", { "SHELL" } }, { "test", { "FILE", "FILE" } },
};

void candidates_add(struct candidates *candidates, const char *word, const char *doc)
{
	vec_push(&candidates->list, (struct candidate){ xstrdup(word), doc });
}

void candidates_free(struct candidates *candidates)
{
	vec_for_each (candidate, &candidates->list)
		free(candidate->word);
	vec_free(&candidates->list);
}

/* --- what has been typed ------------------------------------------------------ */

static const struct command_option *find_in(const struct command_option *options, const char *word, size_t length)
{
	for (; options && options->name; options++) {
		if (length > 2 && word[1] == '-' && strlen(options->name) == length - 2 &&
		    strncmp(options->name, word + 2, length - 2) == 0)
			return options;
		if (length == 2 && word[1] == options->letter)
			return options;
	}
	return NULL;
}

/* The option that a word is, up to length; NULL: none. */
static const struct command_option *find_option(const struct typed *typed, const char *word, size_t length)
{
	if (*word != '-' || length < 2)
		return NULL;
	return find_in(global_options, word, length)
		       ?: (typed->command ? find_in(typed->command->options, word, length) : NULL);
}

static void take_option(struct typed *typed, const char *word)
{
	const char *equals = strchr(word, '=');
	const struct command_option *option = find_option(typed, word, equals ? (size_t)(equals - word) : strlen(word));

	if (option && option->argument && !equals)
		typed->waiting = option;
	if (option && equals && strcmp(option->name, "socket") == 0)
		typed->socket = equals + 1;
}

static void take_argument(struct typed *typed, const char *word)
{
	if (!typed->command) {
		typed->command = command_find(word);
		return;
	}
	if (typed->n_arguments < ARRAY_SIZE(typed->arguments))
		typed->arguments[typed->n_arguments] = word;
	typed->n_arguments++;
}

static void take_word(struct typed *typed, const char *word)
{
	const bool is_equals = strcmp(word, "=") == 0; /* bash makes a word of its own of it */

	if (typed->waiting && !is_equals) {
		if (strcmp(typed->waiting->name, "socket") == 0)
			typed->socket = word;
		typed->waiting = NULL;
	} else if (typed->waiting) {
		return;
	} else if (!typed->only_arguments && strcmp(word, "--") == 0) {
		typed->only_arguments = true;
	} else if (!typed->only_arguments && *word == '-' && word[1]) {
		take_option(typed, word);
	} else {
		take_argument(typed, word);
	}
}

/* --- what could follow -------------------------------------------------------- */

static void add_options(const struct command_option *options, struct candidates *candidates)
{
	for (; options && options->name; options++) {
		_cleanup_free_ char *word = xasprintf("--%s", options->name);

		candidates_add(candidates, word, options->doc);
	}
}

static const char *argument_at(const struct command *command, size_t position)
{
	for (size_t i = 0; i < ARRAY_SIZE(positions); i++) {
		if (strcmp(positions[i].command, command->name) != 0 || position >= command->max_arguments)
			continue;
		return positions[i].arguments[position < 2 ? position : 1];
	}
	return NULL;
}

static void add_value(const struct typed *typed, const struct command_option *option, struct candidates *candidates)
{
	const struct complete_question question = {
		.name = option->name,
		.argument = option->argument,
		.command = typed->command ? typed->command->name : "",
		.kind = typed->arguments[0],
		.socket = typed->socket,
	};

	complete_values(&question, candidates);
}

static void add_argument(const struct typed *typed, struct candidates *candidates)
{
	const struct complete_question question = {
		.argument = argument_at(typed->command, typed->n_arguments),
		.command = typed->command->name,
		.kind = typed->n_arguments ? typed->arguments[0] : NULL,
		.socket = typed->socket,
	};

	if (question.argument)
		complete_values(&question, candidates);
	else if (!typed->only_arguments)
		add_options(typed->command->options, candidates);
}

static void add_commands(struct candidates *candidates)
{
	for (const struct command *command = commands; command->name; command++)
		candidates_add(candidates, command->name, command->doc);
}

/* Keeps those that begin with word, and puts before each of them what the shell takes for the same word. */
static void keep(struct candidates *candidates, const char *word, const char *before)
{
	size_t n = 0;

	vec_for_each (candidate, &candidates->list) {
		char *whole;

		if (strncmp(candidate->word, word, strlen(word)) != 0) {
			free(candidate->word);
			continue;
		}
		whole = xasprintf("%s%s", before, candidate->word);
		free(candidate->word);
		candidates->list.items[n++] = (struct candidate){ whole, candidate->doc };
	}
	candidates->list.n = n;
}

/* "--output=js": the value of an option in one word. False: it is none. */
static bool complete_assignment(const struct typed *typed, const char *word, struct candidates *candidates)
{
	const char *equals = strchr(word, '=');
	const struct command_option *option = equals ? find_option(typed, word, (size_t)(equals - word)) : NULL;
	_cleanup_free_ char *before = equals ? xstrndup(word, (size_t)(equals - word) + 1) : NULL;

	if (!option || !option->argument)
		return false;
	add_value(typed, option, candidates);
	keep(candidates, equals + 1, before);
	return true;
}

void complete(char *const *words, size_t n, struct candidates *ret)
{
	struct typed typed = { .socket = getenv("WEIR_SOCKET") ?: WEIR_SOCKET_DEFAULT };
	const char *word = n ? words[n - 1] : "";

	*ret = (struct candidates){};
	for (size_t i = 0; i + 1 < n; i++)
		take_word(&typed, words[i]);
	if (strcmp(word, "=") == 0)
		word = ""; /* the value has not been begun */
	if (typed.waiting) {
		add_value(&typed, typed.waiting, ret);
	} else if (!typed.only_arguments && *word == '-') {
		if (complete_assignment(&typed, word, ret))
			return;
		add_options(typed.command ? typed.command->options : NULL, ret);
		add_options(global_options, ret);
	} else if (!typed.command) {
		add_commands(ret);
	} else {
		add_argument(&typed, ret);
	}
	keep(ret, word, "");
}
