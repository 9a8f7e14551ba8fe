// SPDX-License-Identifier: BSD-2-Clause
#include "base/timestamp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND 1000000000ull
#define NS_PER_MS     1000000ull
#define NS_PER_US     1000ull
#define DAY_SECONDS   86400
#define DURATION_MAX  (UINT64_MAX / NS_PER_SECOND / DAY_SECONDS)

uint64_t timestamp_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

const char *timestamp_format(uint64_t ns, char text[static TIMESTAMP_MAX])
{
	const time_t seconds = (time_t)(ns / NS_PER_SECOND);
	struct tm utc;
	size_t used;

	gmtime_r(&seconds, &utc);
	used = strftime(text, TIMESTAMP_MAX, "%FT%T", &utc);
	snprintf(text + used, TIMESTAMP_MAX - used, ".%06uZ", (unsigned)(ns % NS_PER_SECOND / NS_PER_US) % 1000000);
	return text;
}

/* Exactly so many digits. */
static int digits(const char **at, int n, int *ret)
{
	int value = 0;

	for (int i = 0; i < n; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return -EINVAL;
		value = value * 10 + (**at - '0');
	}
	*ret = value;
	return 0;
}

static int expect(const char **at, const char *one_of)
{
	if (!**at || !strchr(one_of, **at))
		return -EINVAL;
	(*at)++;
	return 0;
}

static int fraction(const char **at, uint64_t *ret)
{
	uint64_t unit = NS_PER_SECOND / 10;

	if (**at != '.')
		return 0;
	(*at)++;
	if (**at < '0' || **at > '9')
		return -EINVAL;
	for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		*ret += unit * (uint64_t)(**at - '0');
	return 0;
}

static int zone(const char **at, int *ret_seconds)
{
	const int sign = **at == '-' ? -1 : 1;
	int hours, minutes;

	if (**at == 'Z' || **at == 'z') {
		(*at)++;
		*ret_seconds = 0;
		return 0;
	}
	if (expect(at, "+-") || digits(at, 2, &hours) || expect(at, ":") || digits(at, 2, &minutes))
		return -EINVAL;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return hours > 23 || minutes > 59 ? -EINVAL : 0;
}

int timestamp_parse(const char *text, uint64_t *ret)
{
	struct tm tm = {}, whole;
	uint64_t ns = 0;
	int offset;
	time_t time;

	if (digits(&text, 4, &tm.tm_year) || expect(&text, "-") || digits(&text, 2, &tm.tm_mon) || expect(&text, "-") ||
	    digits(&text, 2, &tm.tm_mday) || expect(&text, "Tt ") || digits(&text, 2, &tm.tm_hour) ||
	    expect(&text, ":") || digits(&text, 2, &tm.tm_min) || expect(&text, ":") || digits(&text, 2, &tm.tm_sec) ||
	    fraction(&text, &ns) || zone(&text, &offset) || *text)
		return -EINVAL;
	if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	whole = tm;
	time = timegm(&whole);
	if (whole.tm_mon != tm.tm_mon || whole.tm_mday != tm.tm_mday || time < offset) /* there is no such day */
		return -EINVAL;
	*ret = (uint64_t)(time - offset) * NS_PER_SECOND + ns;
	return 0;
}

int duration_parse(const char *text, uint64_t *ret)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {
		{ "ms", NS_PER_MS },
		{ "s", NS_PER_SECOND },
		{ "m", 60 * NS_PER_SECOND },
		{ "h", 3600 * NS_PER_SECOND },
		{ "d", DAY_SECONDS * NS_PER_SECOND },
	};
	unsigned long long number;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || number > DURATION_MAX)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].unit, end) != 0)
			continue;
		*ret = number * units[i].ns;
		return 0;
	}
	return -EINVAL;
}
