/* SPDX-License-Identifier: BSD-2-Clause */
/* How long something took, in buckets from 1 ms to 10 s. */
#ifndef WEIR_OBSERVE_HISTOGRAM_H
#define WEIR_OBSERVE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 12

/* Upper bounds in seconds, ascending; what is longer counts in the sum and the count only. */
extern const double histogram_bounds[HISTOGRAM_BUCKETS];

struct histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS]; /* each its own; the text adds them up */
	uint64_t count;
	double sum;
};

void histogram_add(struct histogram *histogram, double seconds);

#endif
