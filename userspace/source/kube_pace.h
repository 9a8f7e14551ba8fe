/* SPDX-License-Identifier: BSD-2-Clause */
/* How often this node writes to the API server: a token bucket, and a pause that grows with failures. */
#ifndef WEIR_SOURCE_KUBE_PACE_H
#define WEIR_SOURCE_KUBE_PACE_H

#include <stdint.h>

#define KUBE_WRITES_PER_SECOND 5u
#define KUBE_WRITES_BURST      20u

struct kube_pace {
	uint64_t full_at;    /* ms; when the bucket is full again */
	uint64_t not_before; /* ms; the pause after a failure */
	unsigned failures;   /* in a row */
};

/* ms until the next write may be made; 0: now. */
uint64_t kube_pace_wait(const struct kube_pace *pace, uint64_t now);
void kube_pace_take(struct kube_pace *pace, uint64_t now);
/* retry_after: seconds that the server asks for, or 0; random: any number. */
void kube_pace_failed(struct kube_pace *pace, uint64_t now, uint64_t retry_after, uint32_t random);
void kube_pace_succeeded(struct kube_pace *pace);

#endif
