// SPDX-License-Identifier: BSD-2-Clause
#include "base/age.h"

#include "base/mem.h"

#define MINUTE 60
#define HOUR   3600
#define DAY    86400

char *age_text(long long seconds)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds >= DAY)
		return xasprintf("%lld d %lld h", seconds / DAY, seconds / HOUR % 24);
	if (seconds >= HOUR)
		return xasprintf("%lld h %lld min", seconds / HOUR, seconds / MINUTE % MINUTE);
	if (seconds >= MINUTE)
		return xasprintf("%lld min", seconds / MINUTE);
	return xasprintf("%lld s", seconds);
}
