/* SPDX-License-Identifier: BSD-2-Clause */
/* What a text must be before libfyaml sees it. */
#ifndef WEIR_OBJECT_TEXT_H
#define WEIR_OBJECT_TEXT_H

#include "object/report.h"

#define TEXT_BLANKS_MAX	   1000
#define TEXT_DIRECTIVE_MAX 100
#define TEXT_TAG_MAX	   100

/*
 * UTF-8 without NUL bytes: libfyaml takes either for the text's end, and would
 * so hide what comes after it. And none of what libfyaml reads in quadratic
 * time: long runs of white space (also of empty lines), long lines that begin
 * with '%' and long tags. Reports the first fault.
 */
bool text_check(struct report *report, const char *text, size_t length);

#endif
