/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_abort(void *p)
{
	if (!p) {
		fputs("weir: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return or_abort(n && size ? calloc(n, size) : calloc(1, 1));
}

void *xrealloc(void *p, size_t n, size_t size)
{
	return or_abort(n && size ? reallocarray(p, n, size) : realloc(p, 1));
}

char *xstrdup(const char *text)
{
	return text ? or_abort(strdup(text)) : NULL;
}

char *xstrndup(const char *text, size_t n)
{
	return or_abort(strndup(text, n));
}

char *xasprintf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return or_abort(text);
}

FILE *xmemstream(char **text, size_t *size)
{
	return or_abort(open_memstream(text, size));
}
