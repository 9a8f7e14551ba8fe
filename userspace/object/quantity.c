/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/quantity.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/vec.h"

/* More digits than fit in 64 bits only round. */
#define DIGITS_MAX   18
#define EXPONENT_MAX 100

/* digits * 10^ten * 2^two, and a little more when more is set. */
struct number {
	unsigned __int128 digits;
	int ten;
	unsigned two;
	bool more;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *parse_digits(const char *at, struct number *number)
{
	bool fraction = false, any = false;
	int n = 0;

	for (;; at++) {
		if (*at == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (!is_digit(*at))
			return any ? at : NULL;
		any = true;
		if (n < DIGITS_MAX) {
			number->digits = number->digits * 10 + (unsigned)(*at - '0');
			n += number->digits > 0;
			number->ten -= fraction;
		} else {
			number->more |= *at != '0';
			number->ten += !fraction;
		}
	}
}

static int parse_exponent(const char *at, struct number *number)
{
	bool negative = *at == '-';
	int exponent = 0;

	at += *at == '-' || *at == '+';
	if (!*at)
		return -EINVAL;
	for (; is_digit(*at); at++) {
		if (exponent < EXPONENT_MAX)
			exponent = exponent * 10 + (*at - '0');
	}
	if (*at)
		return -EINVAL;
	number->ten += negative ? -exponent : exponent;
	return 0;
}

static int parse_suffix(const char *at, struct number *number)
{
	static const struct {
		const char *suffix;
		int ten;
		unsigned two;
	} suffixes[] = {
		{ "", 0, 0 },	 { "n", -9, 0 },  { "u", -6, 0 },  { "m", -3, 0 },  { "k", 3, 0 },   { "M", 6, 0 },
		{ "G", 9, 0 },	 { "T", 12, 0 },  { "P", 15, 0 },  { "E", 18, 0 },  { "Ki", 0, 10 }, { "Mi", 0, 20 },
		{ "Gi", 0, 30 }, { "Ti", 0, 40 }, { "Pi", 0, 50 }, { "Ei", 0, 60 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (strcmp(at, suffixes[i].suffix) == 0) {
			number->ten += suffixes[i].ten;
			number->two = suffixes[i].two;
			return 0;
		}
	}
	return *at == 'e' || *at == 'E' ? parse_exponent(at + 1, number) : -EINVAL;
}

/* digits is below 2^60 and two at most 60, so that 128 bits hold the product. */
static int scale(const struct number *number, uint64_t *ret)
{
	unsigned __int128 value = number->digits << number->two;
	bool more = number->more;

	for (int ten = number->ten; ten > 0 && value > 0; ten--) {
		value *= 10;
		if (value > UINT64_MAX)
			return -ERANGE;
	}
	for (int ten = number->ten; ten < 0 && value > 0; ten++) {
		more |= value % 10 != 0;
		value /= 10;
	}
	value += more;
	if (value > UINT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)value;
	return 0;
}

int quantity_parse(const char *text, uint64_t *ret_milli)
{
	struct number number = { .ten = 3 };
	bool negative = *text == '-';
	const char *rest = parse_digits(text + (*text == '-' || *text == '+'), &number);
	uint64_t milli;
	int r;

	if (!rest)
		return -EINVAL;
	r = parse_suffix(rest, &number);
	if (r < 0)
		return r;
	r = scale(&number, &milli);
	if (r < 0)
		return r;
	if (negative && milli > 0)
		return -ERANGE;
	*ret_milli = milli;
	return 0;
}
