/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The length of the character at text, 0 when there is none. */
static size_t character(const unsigned char *text, size_t length)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point;
	size_t n;

	if (text[0] < 0x80)
		return 1;
	n = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
	if (text[0] < 0xc2 || text[0] > 0xf4 || length < n)
		return 0;
	point = text[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3f);
	}
	if (point < smallest[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	return n;
}

size_t utf8_span(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length) {
		size_t n = character((const unsigned char *)text + at, length - at);

		if (n == 0)
			break;
		at += n;
	}
	return at;
}

/* C0, DEL and C1: what a terminal would obey. */
static bool is_control(const unsigned char *text)
{
	return text[0] < ' ' || text[0] == 0x7f || (text[0] == 0xc2 && text[1] < 0xa0);
}

void utf8_printable(char *text)
{
	size_t length = strlen(text);

	for (size_t at = 0; at < length;) {
		size_t n = character((const unsigned char *)text + at, length - at);

		if (n == 0 || is_control((const unsigned char *)text + at))
			memset(text + at, '?', n ? n : 1);
		at += n ? n : 1;
	}
}
