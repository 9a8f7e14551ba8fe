/* SPDX-License-Identifier: BSD-2-Clause */
/* Allocation that does not fail: out of memory ends the program with a message. */
#ifndef WEIR_BASE_MEM_H
#define WEIR_BASE_MEM_H

#include <stddef.h>
#include <stdio.h>

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *text); /* NULL gives NULL */
char *xstrndup(const char *text, size_t n);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
FILE *xmemstream(char **text, size_t *size); /* open_memstream() */

#define new0(type) ((type *)xcalloc(1, sizeof(type)))

#endif
