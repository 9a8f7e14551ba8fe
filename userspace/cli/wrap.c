// SPDX-License-Identifier: BSD-2-Clause
#include "cli/wrap.h"

#include <string.h>

#define WIDTH 79

void wrap_print(FILE *out, int column, int indent, const char *text)
{
	const char *gap = "";

	while (*text) {
		int word = (int)strcspn(text, " ");

		if (*gap && column + 1 + word > WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
			gap = "";
		}
		column += fprintf(out, "%s%.*s", gap, word, text);
		gap = " ";
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}
