/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A token bucket as GCRA (ITU-T I.371): it is the time at which it will be full
 * again, moved on by one compare-and-swap. It is exact on any number of CPUs
 * and holds no lock. Times are in ticks of 1/64 ns, and may wrap.
 */
#ifndef WEIR_BPF_GCRA_H
#define WEIR_BPF_GCRA_H

#include "header.h"

/* A swap fails only because another packet's succeeded; one that loses this often does not conform. */
#define SWAP_TRIES 8
/* Ticks by which the clock that a packet has read may be behind that of one on another CPU. */
#define STALE_CLOCK (1000000000ull * WEIR_TICKS_PER_NS)

static __always_inline __u64 gcra_now(void)
{
	return bpf_ktime_get_ns() * WEIR_TICKS_PER_NS;
}

/* What is asked of a bucket. */
struct gcra_ask {
	__u64 now;
	__u64 cost;
	__u64 burst; /* how far ahead of now this may bring it */
	__u64 most;  /* how far anybody's may */
};

/* *ret_ahead: how far ahead of now the bucket is after it. */
static __always_inline bool gcra_ask(__u64 *bucket, const struct gcra_ask *ask, __u64 *ret_ahead)
{
	const __u64 now = ask->now;

	/* Neither is more than a quarter of all ticks from here on, so that sums of them don't wrap. */
	if (ask->cost > ask->most)
		return false;
	for (int i = 0; i < SWAP_TRIES; i++) {
		__u64 seen = *(volatile __u64 *)bucket;
		/* Zero was never used: after years of uptime it would look like the future. */
		__u64 from = !seen || (__s64)(seen - now) < 0 ? now : seen;
		__u64 tat = from + ask->cost;

		/*
		 * Emptied under an earlier, larger burst: what it owes beyond this one's is forgiven. What
		 * looks so because another CPU has read its clock a moment later is owed all the same.
		 */
		if (unlikely(from - now > ask->most)) {
			if (from - now - ask->most > STALE_CLOCK)
				__sync_val_compare_and_swap(bucket, seen, now + ask->most);
			return false;
		}
		if (tat - now > ask->burst)
			return false;
		if (__sync_val_compare_and_swap(bucket, seen, tat) == seen) {
			*ret_ahead = tat - now;
			return true;
		}
	}
	return false;
}

static __always_inline bool gcra_take(__u64 *bucket, __u64 now, __u64 cost, __u64 burst)
{
	const struct gcra_ask ask = { .now = now, .cost = cost, .burst = burst, .most = burst };
	__u64 ahead;

	return !cost || gcra_ask(bucket, &ask, &ahead);
}

#endif
