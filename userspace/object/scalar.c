/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/vec.h"
#include "object/node.h"

static bool is_one_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

#define IS_ONE_OF(text, ...) \
	is_one_of(text, (const char *const[]){ __VA_ARGS__ }, ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })))

#define DIGITS "0123456789"

static bool is_integer(const char *text)
{
	if (strncmp(text, "0x", 2) == 0)
		return text[2] && text[2 + strspn(text + 2, DIGITS "abcdefABCDEF")] == '\0';
	if (strncmp(text, "0o", 2) == 0)
		return text[2] && text[2 + strspn(text + 2, "01234567")] == '\0';
	text += *text == '-' || *text == '+';
	return *text && text[strspn(text, DIGITS)] == '\0';
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(const char *text)
{
	size_t whole, fraction = 0;

	text += *text == '-' || *text == '+';
	if (IS_ONE_OF(text, ".inf", ".Inf", ".INF"))
		return true;
	whole = strspn(text, DIGITS);
	text += whole;
	if (*text == '.') {
		fraction = strspn(text + 1, DIGITS);
		text += 1 + fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		if (!*text)
			return false;
		text += strspn(text, DIGITS);
	}
	return *text == '\0';
}

enum scalar_type scalar_type_of(const char *text)
{
	if (IS_ONE_OF(text, "", "~", "null", "Null", "NULL"))
		return SCALAR_NULL;
	if (IS_ONE_OF(text, "true", "True", "TRUE", "false", "False", "FALSE"))
		return SCALAR_BOOL;
	if (is_integer(text))
		return SCALAR_INTEGER;
	if (is_float(text) || IS_ONE_OF(text, ".nan", ".NaN", ".NAN"))
		return SCALAR_FLOAT;
	return SCALAR_STRING;
}
