/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line as data: each command is one row (name, arguments, options,
 * one line of doc, function), and parsing, help and suggestions come from the
 * rows.
 */
#ifndef WEIR_CLI_COMMAND_H
#define WEIR_CLI_COMMAND_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/vec.h"

#define WEIR_SOCKET_DEFAULT "/run/weir/weir.sock"
#define WEIR_BPFFS_DEFAULT  "/sys/fs/bpf/weir"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* or the answer is "no" */
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3, /* the agent */
};

/* By exit code, ended by NULL. */
extern const char *const exit_meanings[];

struct command_option {
	int letter; /* 'f', or 0 */
	const char *name;
	const char *argument; /* what help calls it; NULL for a flag */
	const char *doc;
};

struct invocation;

struct command {
	const char *name;
	const char *arguments; /* as the usage line shows them */
	const char *doc;
	const struct command_option *options; /* ended by one without a name; NULL for none */
	unsigned min_arguments, max_arguments;
	int (*run)(const struct invocation *invocation); /* an enum exit_code */
};

extern const struct command commands[]; /* ended by one without a name */
extern const struct command_option global_options[];

/* NULL when there is none. */
const struct command *command_find(const char *name);
/* The command that a mistyped name is nearest to; NULL when none is near. */
const struct command *command_suggest(const char *name);

enum output_format { OUTPUT_TABLE, OUTPUT_WIDE, OUTPUT_JSON, OUTPUT_YAML, OUTPUT_TAP, OUTPUT_COMPACT };

struct option_value {
	const struct command_option *option;
	const char *value; /* NULL for a flag */
};

/* One parsed command line. Borrows from argv and the environment. */
struct invocation {
	const struct command *command; /* NULL: `weir --help` */
	bool help;
	const char *socket;
	enum output_format format;
	bool format_given;
	bool color; /* standard output is a terminal that may be coloured */
	VEC(struct option_value) options;
	VEC(const char *) arguments;
};

/* 0, or -EINVAL with what is wrong in error. */
int invocation_parse(int argc, char **argv, struct invocation *ret, struct error *error);
void invocation_free(struct invocation *invocation); /* what it holds */

bool option_given(const struct invocation *invocation, const char *name);
/* The last value given, or fallback. */
const char *option_value(const struct invocation *invocation, const char *name, const char *fallback);
/* The values of a repeated option, one a call; *position starts at 0. NULL after the last. */
const char *option_next(const struct invocation *invocation, const char *name, size_t *position);
/* A decimal number from min to max; -EINVAL with a message otherwise. Untouched when the option is not given. */
int option_number(const struct invocation *invocation, const char *name, unsigned min, unsigned max, unsigned *ret);

void help_print(const struct command *command, FILE *out); /* NULL: of the program */

/* All of `weir`: parses, runs, returns the exit code. */
int cli_run(int argc, char **argv);

/* Each prints one line on stderr, "weir: ...", and returns the exit code that belongs to it. */
int say_error(const struct error *error);
int say_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
int wrong_usage(const struct invocation *invocation, const char *format, ...) __attribute__((format(printf, 2, 3)));

int command_agent(const struct invocation *invocation);
int command_apply(const struct invocation *invocation);
int command_capture(const struct invocation *invocation);
int command_check(const struct invocation *invocation);
int command_completion(const struct invocation *invocation);
int command_delete(const struct invocation *invocation);
int command_demo(const struct invocation *invocation);
int command_detach(const struct invocation *invocation);
int command_diff(const struct invocation *invocation);
int command_eval(const struct invocation *invocation);
int command_explain(const struct invocation *invocation);
int command_get(const struct invocation *invocation);
int command_observe(const struct invocation *invocation);
int command_metrics(const struct invocation *invocation);
int command_status(const struct invocation *invocation);
int command_test(const struct invocation *invocation);
int command_top(const struct invocation *invocation);
int command_version(const struct invocation *invocation);
int command_wait(const struct invocation *invocation);

#endif
