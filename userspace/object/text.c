/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/text.h"

#include <string.h>

#include "base/utf8.h"

/* The first byte of the first run of white space that is too long; length when there is none. */
static size_t find_blanks(const char *text, size_t length)
{
	size_t start = 0;

	for (size_t at = 0; at < length; at++) {
		if (!memchr(" \t\r\n", text[at], 4))
			start = at + 1;
		else if (at - start >= TEXT_BLANKS_MAX)
			return start;
	}
	return length;
}

/* Likewise of the lines that begin with '%'. libfyaml ends a line at a CR too. */
static size_t find_directive(const char *text, size_t length)
{
	size_t start = 0;

	for (size_t at = 0; at < length; at++) {
		if (text[at] == '\n' || text[at] == '\r')
			start = at + 1;
		else if (text[start] == '%' && at - start >= TEXT_DIRECTIVE_MAX)
			return start;
	}
	return length;
}

/* Likewise of the verbatim tags, "!<...>". */
static size_t find_tag(const char *text, size_t length)
{
	const char *end = text + length, *tag = text;

	while ((tag = memmem(tag, (size_t)(end - tag), "!<", 2))) {
		size_t at = 0;

		while (tag + at < end && !memchr("> \t\r\n", tag[at], 5) && at < TEXT_TAG_MAX)
			at++;
		if (at == TEXT_TAG_MAX)
			return (size_t)(tag - text);
		tag += 2;
	}
	return length;
}

static bool complain(struct report *report, const char *text, size_t at, const char *what)
{
	size_t line_start = 0;
	int line = 1;

	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			line++;
			line_start = i + 1;
		}
	}
	report_error(report, line, (int)(at - line_start) + 1, "%s", what);
	return false;
}

bool text_check(struct report *report, const char *text, size_t length)
{
	const char *nul = memchr(text, '\0', length);
	size_t at = utf8_span(text, length);

	if (nul && (size_t)(nul - text) < at)
		return complain(report, text, (size_t)(nul - text), "a NUL byte: manifests are UTF-8 text");
	if (at < length)
		return complain(report, text, at, "a byte that is not UTF-8: manifests are UTF-8 text");
	at = find_blanks(text, length);
	if (at < length)
		return complain(report, text, at, "more than 1000 blank characters in a row");
	at = find_directive(text, length);
	if (at < length)
		return complain(report, text, at, "a line of more than 100 characters that begins with %");
	at = find_tag(text, length);
	if (at < length)
		return complain(report, text, at, "a YAML tag of more than 100 characters");
	return true;
}
