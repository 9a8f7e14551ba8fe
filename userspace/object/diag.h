/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that is wrong with the manifests that were read, in reading order. */
#ifndef WEIR_OBJECT_DIAG_H
#define WEIR_OBJECT_DIAG_H

#include <stdbool.h>
#include <stdio.h>

#include "base/vec.h"

enum diag_level { DIAG_ERROR, DIAG_WARNING };

struct diag {
	enum diag_level level;
	char *file; /* "-" for standard input */
	int line;   /* from 1; 0 when unknown */
	int column; /* from 1; 0 when unknown */
	char *path; /* "spec.ingress[0].ports[1].endPort"; "" for the whole document */
	char *text; /* what is wrong and, where it helps, what is expected */
};

struct diags {
	VEC(struct diag) list;
	size_t n_errors; /* warnings not counted */
};

void diags_add(struct diags *diags, enum diag_level level, const char *file, int line, int column, const char *path,
	       const char *format, ...) __attribute__((format(printf, 7, 8)));
void diags_free(struct diags *diags); /* what it holds; leaves it empty */

/* "FILE:LINE:COL: field.path: what is wrong", no newline; the caller frees. */
char *diag_format(const struct diag *diag);
void diags_print(const struct diags *diags, FILE *out);

#endif
