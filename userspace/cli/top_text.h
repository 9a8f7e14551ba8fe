/* SPDX-License-Identifier: BSD-2-Clause */
/* How `weir top` writes what it knows into few columns. */
#ifndef WEIR_CLI_TOP_TEXT_H
#define WEIR_CLI_TOP_TEXT_H

#include <stdbool.h>

#include "cli/top_model.h"

#define TOP_RATE_MAX 8 /* bytes of a rate's text, with its end */

/* At most five characters: "0", "0.4", "999", "1.2k", "12k", "999k", "3.4M"; decimal steps. */
const char *top_rate(double rate, char text[TOP_RATE_MAX]);

/*
 * The last `width` readings of a pair, the newest at the right, as tall as they
 * are to the largest of them; blank where nothing was or is known. utf8: in
 * eighths of a block; else in ASCII. The caller frees.
 */
char *top_spark(const struct top_pair *pair, enum top_key key, unsigned width, bool utf8);

/* The name in at most `width` columns, its middle left out where it is longer. The caller frees. */
char *top_name(const char *name, unsigned width);

#endif
