/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/report.h"

#include "base/cleanup.h"
#include "base/mem.h"

bool report_full(const struct report *report)
{
	return report->n_said > REPORT_ERRORS_MAX;
}

void report_add(struct report *report, enum diag_level level, int line, int column, const char *path,
		const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;

	report->n_errors += level == DIAG_ERROR;
	if (report_full(report))
		return;
	if (++report->n_said > REPORT_ERRORS_MAX) {
		diags_add(report->diags, DIAG_ERROR, report->file, line, column, "",
			  "more than %d errors and warnings: the rest is not shown", REPORT_ERRORS_MAX);
		report->n_errors++;
		return;
	}
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	diags_add(report->diags, level, report->file, line, column, path, "%s", text ?: format);
}

void report_error(struct report *report, int line, int column, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_add(report, DIAG_ERROR, line, column, "", format, args);
	va_end(args);
}
