/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of the agent that are taken line by line, as they come. */
#ifndef WEIR_CLI_CLIENT_LINES_H
#define WEIR_CLI_CLIENT_LINES_H

#include <stdbool.h>

#include "cli/client.h"

struct client_lines {
	void (*take)(void *data, const char *line); /* without its newline */
	/* After the lines that came at once, and each second that none comes. False: no more are wanted. */
	bool (*pause)(void *data);
	void *data;
	bool follows; /* the answer ends only with the agent, which is an error: -EHOSTDOWN */
};

/* 0 at the end, or when no more are wanted; else as client_call(). */
int client_lines(const struct request *request, const struct client_lines *lines, struct error *error);

#endif
