// SPDX-License-Identifier: BSD-2-Clause
#include "agent/limit_level.h"

#include <time.h>

#define NS_PER_S 1000000000ull

uint64_t limit_level_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec) * WEIR_TICKS_PER_NS;
}

double limit_level(const struct limit_info *info, const struct weir_bucket *bucket, uint64_t now)
{
	const double burst = (double)info->limit.burst, rate = (double)info->limit.rate_milli / 1000;
	const int64_t ahead = (int64_t)(bucket->tat - now);
	double used = 0;

	if (info->limit.unit == LIMIT_MAX_CONNECTIONS)
		used = bucket->open / rate;
	else if (bucket->tat && ahead > 0)
		used = (double)ahead / WEIR_TICKS_PER_NS / (double)NS_PER_S * rate / burst;
	return used < 1 ? 1 - used : 0;
}
