/* SPDX-License-Identifier: BSD-2-Clause */
/* What commands print: tables for people, JSON and YAML for programs. */
#ifndef WEIR_CLI_OUTPUT_H
#define WEIR_CLI_OUTPUT_H

#include <jansson.h>
#include <stdio.h>

#include "cli/command.h"

/* Indented JSON, or YAML, as the format says. */
int output_json(enum output_format format, const json_t *json, FILE *out);

/* "1,520"; in one of a few static buffers that are used in turn. */
const char *output_count(unsigned long long count);

/* "7s", "12m", "3h", "2d": whole units, the largest that there is one of. The caller frees. */
char *output_age(long long seconds);

struct libscols_table;
struct libscols_line;

enum column_flags {
	COLUMN_PLAIN = 0,
	COLUMN_RIGHT = 1, /* numbers */
	COLUMN_WRAPS = 2, /* may be broken where the terminal is too narrow */
};

struct column {
	const char *title; /* NULL ends a list of columns */
	unsigned flags;	   /* enum column_flags */
};

/*
 * A table that fits a terminal, except with -o wide, and is never cut where it
 * goes elsewhere. The rows' cells are in the order of the columns.
 */
struct libscols_table *table_new(const struct column *columns, const struct invocation *invocation);
void table_free(struct libscols_table *table);
DEFINE_CLEANUP(struct libscols_table, table_free);
struct libscols_line *table_row(struct libscols_table *table);
/* NULL and "" are shown as "-". color: a name that libsmartcols knows, or NULL. */
void table_cell(struct libscols_line *row, size_t column, const char *text, const char *color);
void table_print(struct libscols_table *table);

/* The colour that a state or verdict is shown in, or NULL. */
const char *table_state_color(const char *state);

#endif
