// SPDX-License-Identifier: BSD-2-Clause
#include "agent/notes.h"

#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

void notes_add(struct notes *notes, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = xstrdup(format);
	va_end(args);
	vec_push(&notes->list, text);
}

void notes_free(struct notes *notes)
{
	vec_for_each (text, &notes->list)
		free(*text);
	vec_free(&notes->list);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t notes_replace(struct notes *current, struct notes *fresh, enum log_level level)
{
	size_t n = 0;

	if (fresh->list.n)
		qsort(fresh->list.items, fresh->list.n, sizeof(char *), compare);
	vec_for_each (text, &fresh->list) {
		if (current->list.n && bsearch(text, current->list.items, current->list.n, sizeof(char *), compare))
			continue;
		log_write(level, "%s", *text);
		n++;
	}
	notes_free(current);
	*current = *fresh;
	*fresh = (struct notes){};
	return n;
}
