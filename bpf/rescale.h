/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A bucket whose limit has another rate or burst than before. What it holds is a
 * time, and the same time is another number of units then: one that was emptied
 * at 1,000/s would be all but full at 1/s. So its time is changed with the limit,
 * such that as many units are left as were, at most the new burst.
 */
#ifndef WEIR_BPF_RESCALE_H
#define WEIR_BPF_RESCALE_H

#include "gcra.h"

/* What a unit costs, as one word: mult has 44 bits at most. */
#define PRICE_SHIFT_AT 56

static __always_inline __u64 limit_price(const struct weir_image_limit *limit)
{
	return ((__u64)limit->mult[1] << 32 | limit->mult[0]) | (__u64)limit->shift << PRICE_SHIFT_AT;
}

/* The leading 32 bits; *ret_exponent is added to by how many others were cut off. */
static __always_inline __u64 leading(__u64 value, __s32 *ret_exponent)
{
	for (int i = 0; i < 32 && value >> 32; i++) {
		value >>= 1;
		++*ret_exponent;
	}
	return value;
}

/* What as many units cost now as cost ticks before, but no more than most, which is below 2^62. */
static __always_inline __u64 cost_now(__u64 ticks, __u64 before, __u64 now, __u64 most)
{
	__s32 exponent = (before >> PRICE_SHIFT_AT) - (now >> PRICE_SHIFT_AT), up = 0, down = 0;
	const __u64 mask = (1ull << PRICE_SHIFT_AT) - 1;
	__u64 of, to, part;

	if (before == now)
		return ticks < most ? ticks : most;
	ticks = leading(ticks, &up);
	to = leading(now & mask, &up);
	of = leading(before & mask, &down);
	part = ticks * to / of + 1; /* rather a 2^30th too much than a whole unit too little */
	exponent += up - down;
	if (exponent < 0)
		part = exponent > -64 ? part >> (-exponent & 63) : 0;
	else if (exponent > 61 || part > most >> (exponent & 63))
		part = most;
	else
		part <<= exponent & 63;
	return part < most ? part : most;
}

/*
 * Where a bucket is to stand so that it holds what it held, and owes what it
 * owes. It has earned by the new rate since it was full.
 */
static __always_inline __u64 rescaled(const struct weir_bucket *bucket, const struct weir_image_limit *limit,
				      __u64 seen, __u64 now, __u64 most)
{
	const __u64 burst = (__u64)limit->burst[1] << 32 | limit->burst[0], price = limit_price(limit);
	const __u64 used = (__s64)(seen - now) > 0 ? seen - now : 0, idle = used ? 0 : now - seen;
	__u64 have;

	if (idle >= burst)
		return now;
	if (used > bucket->burst)
		return now + burst + cost_now(used - bucket->burst, bucket->price, price, most - burst);
	have = cost_now(bucket->burst - used, bucket->price, price, burst) + idle;
	return have < burst ? now + burst - have : now;
}

/* One packet does it; others go by what they find, for that moment. most: how far ahead of now it may be in the end. */
static __always_inline void rescale_bucket(struct weir_bucket *bucket, const struct weir_image_limit *limit, __u64 now,
					   __u64 most)
{
	if (__sync_val_compare_and_swap(&bucket->changing, 0, 1))
		return;
	for (int i = 0; i < SWAP_TRIES && bucket->price; i++) {
		const __u64 seen = *(volatile __u64 *)&bucket->tat;

		if (!seen ||
		    __sync_val_compare_and_swap(&bucket->tat, seen, rescaled(bucket, limit, seen, now, most)) == seen)
			break;
	}
	bucket->burst = (__u64)limit->burst[1] << 32 | limit->burst[0];
	bucket->price = limit_price(limit);
	__sync_val_compare_and_swap(&bucket->changing, 1, 0);
}

static __always_inline bool is_rescaled(const struct weir_bucket *bucket, const struct weir_image_limit *limit)
{
	return bucket->price == limit_price(limit) && bucket->burst == ((__u64)limit->burst[1] << 32 | limit->burst[0]);
}

#endif
