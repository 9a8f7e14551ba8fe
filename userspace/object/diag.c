/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/diag.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/utf8.h"

__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		return xstrdup(format);
	return text;
}

void diags_add(struct diags *diags, enum diag_level level, const char *file, int line, int column, const char *path,
	       const char *format, ...)
{
	struct diag diag = { .level = level, .line = line, .column = column };
	va_list args;

	diag.file = xstrdup(file);
	diag.path = xstrdup(path);
	va_start(args, format);
	diag.text = format_text(format, args);
	va_end(args);
	/* Both quote the manifest, which may hold anything. */
	utf8_printable(diag.path);
	utf8_printable(diag.text);
	vec_push(&diags->list, diag);
	diags->n_errors += level == DIAG_ERROR;
}

void diags_free(struct diags *diags)
{
	vec_for_each (diag, &diags->list) {
		free(diag->file);
		free(diag->path);
		free(diag->text);
	}
	vec_free(&diags->list);
	diags->n_errors = 0;
}

char *diag_format(const struct diag *diag)
{
	const char *level = diag->level == DIAG_WARNING ? "warning: " : "";
	const char *colon = diag->path[0] ? ": " : "";

	if (diag->line == 0)
		return xasprintf("%s: %s%s%s%s", diag->file, level, diag->path, colon, diag->text);
	if (diag->column == 0)
		return xasprintf("%s:%d: %s%s%s%s", diag->file, diag->line, level, diag->path, colon, diag->text);
	return xasprintf("%s:%d:%d: %s%s%s%s", diag->file, diag->line, diag->column, level, diag->path, colon,
			 diag->text);
}

void diags_print(const struct diags *diags, FILE *out)
{
	vec_for_each (diag, &diags->list) {
		_cleanup_free_ char *line = diag_format(diag);

		fprintf(out, "%s\n", line);
	}
}
