/* SPDX-License-Identifier: BSD-2-Clause */
/* Events as lines for people: each printed as it comes, so of a fixed shape. */
#ifndef WEIR_CLI_OBSERVE_TEXT_H
#define WEIR_CLI_OBSERVE_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/command.h"

struct event_printer {
	FILE *out;
	enum output_format format;
	bool color;
	unsigned width; /* of the terminal; 0: nothing is cut */
	bool begun;
	int day; /* of the year, of the last event; 0: none yet */
};

void event_printer_begin(struct event_printer *printer); /* the title line of a table */
void event_print(struct event_printer *printer, const json_t *event);

#endif
