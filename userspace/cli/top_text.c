// SPDX-License-Identifier: BSD-2-Clause
#include "cli/top_text.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define GAP "~" /* for what is left out of a name */

const char *top_rate(double rate, char text[TOP_RATE_MAX])
{
	static const char units[] = "\0kMGTPE";
	size_t unit = 0;

	while (rate >= 999.5 && unit < sizeof(units) - 2) {
		rate /= 1000;
		unit++;
	}
	/* A fraction is worth its place only where it is a good part of the number. */
	snprintf(text, TOP_RATE_MAX, rate > 0.05 && rate < 9.95 && (unit || rate < 0.95) ? "%.1f%.1s" : "%.0f%.1s",
		 rate < 1e6 ? rate : 1e6, &units[unit]);
	return text;
}

char *top_spark(const struct top_pair *pair, enum top_key key, unsigned width, bool utf8)
{
	static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const ascii[] = { " ", ".", ":", "-", "=", "+", "*", "%", "#" };
	const char *const *levels = utf8 ? blocks : ascii;
	const unsigned top = ARRAY_SIZE(blocks) - 1;
	char *text = xcalloc(width + 1, strlen("█")), *end = text;
	double largest = 0;

	for (unsigned ago = 0; ago < width; ago++) {
		const double rate = top_pair_past(pair, key, ago);

		largest = rate > largest ? rate : largest;
	}
	for (unsigned ago = width; ago-- > 0;) {
		const double rate = top_pair_past(pair, key, ago);
		const unsigned level = rate > 0 ? 1 + (unsigned)(rate / largest * (top - 1) + 0.5) : 0;

		end = stpcpy(end, levels[level > top ? top : level]);
	}
	return text;
}

/* A terminal's columns can be counted in bytes then. */
static void make_ascii(char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			*text = '?';
	}
}

char *top_name(const char *name, unsigned width)
{
	const size_t length = strlen(name);
	const unsigned tail = width / 2, head = width - tail - 1;
	char *text;

	if (length <= width)
		text = xstrdup(name);
	else
		text = xasprintf("%.*s" GAP "%s", (int)head, name, name + length - tail);
	make_ascii(text);
	return text;
}
