/* SPDX-License-Identifier: BSD-2-Clause */
/* What could stand in place of the word that is being typed, by the table of commands and what the agent knows. */
#ifndef WEIR_CLI_COMPLETE_H
#define WEIR_CLI_COMPLETE_H

#include "cli/command.h"

struct candidate {
	char *word;
	const char *doc; /* or NULL */
};

enum candidate_files { FILES_NONE, FILES_ANY, FILES_DIRECTORIES };

struct candidates {
	VEC(struct candidate) list;
	enum candidate_files files; /* of the shell's own finding */
};

/* words: what follows the program's name; the last one, which may be empty, is being typed. */
void complete(char *const *words, size_t n, struct candidates *ret);
void candidates_free(struct candidates *candidates); /* what it holds */
void candidates_add(struct candidates *candidates, const char *word, const char *doc);

/* What an argument is, as help calls it. */
struct complete_question {
	const char *name;     /* of the option; NULL: no option */
	const char *argument; /* "NS/POD" */
	const char *command;
	const char *kind; /* that is listed or deleted; NULL: none */
	const char *socket;
};
/* All that it could be, whatever is typed already. */
void complete_values(const struct complete_question *question, struct candidates *candidates);

#endif
