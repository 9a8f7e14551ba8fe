// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <inttypes.h>

#include "policy/limit.h"

/* Ticks per second, times the thousand of rate_milli. */
#define TICKS_MILLI (1000ull * 1000000000ull * WEIR_TICKS_PER_NS)

#define MULT_MAX (UINT64_MAX / LIMIT_UNITS_MAX)

/* Over two years' worth: far from where new - now could wrap. */
#define BURST_TICKS_MAX (UINT64_MAX >> 2)

struct policy_limit limit_effective(const struct policy_limit *limit)
{
	const uint64_t least = limit->unit == LIMIT_BYTES ? LIMIT_BYTES_BURST_MIN : 1;
	struct policy_limit effective = *limit;

	if (effective.burst < least)
		effective.burst = least;
	return effective;
}

/* Rounded to nearest. */
static unsigned __int128 cost_of_one(uint64_t rate_milli, unsigned shift)
{
	return (((unsigned __int128)TICKS_MILLI << shift) + rate_milli / 2) / rate_milli;
}

static void split(uint64_t value, uint32_t words[2])
{
	words[0] = (uint32_t)value;
	words[1] = (uint32_t)(value >> 32);
}

static const enum weir_limit_unit units[] = {
	[LIMIT_PACKETS] = WEIR_LIMIT_PACKETS,
	[LIMIT_BYTES] = WEIR_LIMIT_BYTES,
	[LIMIT_CONNECTIONS] = WEIR_LIMIT_CONNECTIONS,
};

static const uint16_t scopes[] = {
	[LIMIT_PER_RULE] = 0,
	[LIMIT_PER_IDENTITY] = WEIR_LIMIT_PER_IDENTITY,
	[LIMIT_PER_ADDRESS] = WEIR_LIMIT_PER_ADDRESS,
};

static const uint16_t on_exceed[] = {
	[LIMIT_DROPS] = 0,
	[LIMIT_MARKS] = WEIR_LIMIT_MARK,
	[LIMIT_PACES] = WEIR_LIMIT_PACE,
};

int limit_parameters(const struct policy_limit *limit, struct weir_image_limit *ret, struct error *error)
{
	unsigned __int128 mult, burst;
	unsigned shift = 63;

	if (!limit->rate_milli)
		return error_set(error, -ERANGE, "a rate of zero (use a rule with action Deny, or no rule)");
	/* The finest fraction of a tick for which no packet overflows. */
	while (shift && cost_of_one(limit->rate_milli, shift) > MULT_MAX)
		shift--;
	mult = cost_of_one(limit->rate_milli, shift);
	if (mult > MULT_MAX)
		return error_set(error, -ERANGE, "a rate of %" PRIu64 "/1000 per second is too low (at least 4/1000)",
				 limit->rate_milli);
	burst = (limit->burst * mult) >> shift;
	if (burst > BURST_TICKS_MAX)
		return error_set(error, -ERANGE, "a burst of %" PRIu64 " is more than two years' worth of the rate",
				 limit->burst);
	*ret = (struct weir_image_limit){
		.unit = (uint8_t)units[limit->unit],
		.shift = (uint8_t)shift,
		.flags = scopes[limit->scope] | on_exceed[limit->on_exceed],
	};
	split((uint64_t)mult, ret->mult);
	split((uint64_t)burst, ret->burst);
	return 0;
}
