/* SPDX-License-Identifier: BSD-2-Clause */
/* Text that fits a terminal of 80 columns. */
#ifndef WEIR_CLI_WRAP_H
#define WEIR_CLI_WRAP_H

#include <stdio.h>

/* Ends a line that is at a column already with text, broken at spaces; what doesn't fit begins at column indent. */
void wrap_print(FILE *out, int column, int indent, const char *text);

#endif
