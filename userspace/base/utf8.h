/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether text is UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF). */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include <stddef.h>

/* How many bytes of text, from its start, are whole and right characters; length when all of it is. */
size_t utf8_span(const char *text, size_t length);

/* Puts '?' for every control character and every byte that is not UTF-8: fit for one line of a terminal or of JSON. */
void utf8_printable(char *text);

#endif
