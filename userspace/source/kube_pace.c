// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_pace.h"

#define MS_PER_SECOND	1000u
#define MS_PER_WRITE	(MS_PER_SECOND / KUBE_WRITES_PER_SECOND)
#define PAUSE_MS	1000u
#define PAUSE_MAX_MS	60000u
#define DOUBLINGS_MAX	6u
#define RETRY_AFTER_MAX 600u /* seconds */

static uint64_t bucket_wait(const struct kube_pace *pace, uint64_t now)
{
	const uint64_t opens = pace->full_at + MS_PER_WRITE;

	return opens > now + KUBE_WRITES_BURST * MS_PER_WRITE ? opens - now - KUBE_WRITES_BURST * MS_PER_WRITE : 0;
}

uint64_t kube_pace_wait(const struct kube_pace *pace, uint64_t now)
{
	const uint64_t pause = pace->not_before > now ? pace->not_before - now : 0;
	const uint64_t bucket = bucket_wait(pace, now);

	return pause > bucket ? pause : bucket;
}

void kube_pace_take(struct kube_pace *pace, uint64_t now)
{
	pace->full_at = (pace->full_at > now ? pace->full_at : now) + MS_PER_WRITE;
}

/* Half of the pause is left to chance, so that nodes which failed together don't come back together. */
void kube_pace_failed(struct kube_pace *pace, uint64_t now, uint64_t retry_after, uint32_t random)
{
	const unsigned doublings = pace->failures < DOUBLINGS_MAX ? pace->failures : DOUBLINGS_MAX;
	uint64_t pause = (uint64_t)PAUSE_MS << doublings;

	if (pause > PAUSE_MAX_MS)
		pause = PAUSE_MAX_MS;
	pause = pause / 2 + random % (pause / 2 + 1);
	if (retry_after > RETRY_AFTER_MAX)
		retry_after = RETRY_AFTER_MAX;
	if (retry_after)
		pause = retry_after * MS_PER_SECOND + random % MS_PER_SECOND;
	pace->failures++;
	pace->not_before = now + pause;
}

void kube_pace_succeeded(struct kube_pace *pace)
{
	pace->failures = 0;
	pace->not_before = 0;
}
