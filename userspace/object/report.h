/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the faults of one text go: its name, and a bound on how many are worth saying. */
#ifndef WEIR_OBJECT_REPORT_H
#define WEIR_OBJECT_REPORT_H

#include <stdarg.h>

#include "object/diag.h"

#define REPORT_ERRORS_MAX 1000

struct report {
	const char *file;
	struct diags *diags; /* borrowed */
	size_t n_said;	     /* errors and warnings of this text */
	size_t n_errors;
};

/* The one beyond the bound is replaced by a line that says so; the rest is only counted. */
void report_add(struct report *report, enum diag_level level, int line, int column, const char *path,
		const char *format, va_list args) __attribute__((format(printf, 6, 0)));
void report_error(struct report *report, int line, int column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
bool report_full(const struct report *report);

#endif
