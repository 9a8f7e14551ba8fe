// SPDX-License-Identifier: BSD-2-Clause
/* Tables by libsmartcols. */
#include <libsmartcols.h>
#include <string.h>

#include "cli/output.h"

struct libscols_table *table_new(const struct column *columns, const struct invocation *invocation)
{
	struct libscols_table *table;

	scols_init_debug(0);
	table = scols_new_table();
	if (!table)
		abort();
	scols_table_enable_colors(table, invocation->color);
	if (invocation->format == OUTPUT_WIDE)
		scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	for (; columns->title; columns++) {
		int flags = (columns->flags & COLUMN_RIGHT ? SCOLS_FL_RIGHT : 0) |
			    (columns->flags & COLUMN_WRAPS ? SCOLS_FL_WRAP : 0);

		/* A width of 0.1 is a hint that contents override. */
		if (!scols_table_new_column(table, columns->title, 0.1, flags))
			abort();
	}
	return table;
}

void table_free(struct libscols_table *table)
{
	scols_unref_table(table);
}

struct libscols_line *table_row(struct libscols_table *table)
{
	struct libscols_line *row = scols_table_new_line(table, NULL);

	if (!row)
		abort();
	return row;
}

void table_cell(struct libscols_line *row, size_t column, const char *text, const char *color)
{
	if (scols_line_set_data(row, column, text && *text ? text : "-"))
		abort();
	if (color)
		scols_cell_set_color(scols_line_get_cell(row, column), color);
}

void table_print(struct libscols_table *table)
{
	scols_print_table(table);
}

const char *table_state_color(const char *state)
{
	static const struct {
		const char *state, *color;
	} colors[] = {
		{ "enforced", "green" }, { "allow", "green" },	 { "ok", "green" },
		{ "synced", "green" },	 { "closed", "yellow" }, { "missing", "red" },
		{ "blocked", "green" },	 { "deny", "red" },	 { "broken", "red" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(colors); i++) {
		if (!strcmp(colors[i].state, state))
			return colors[i].color;
	}
	return NULL;
}
