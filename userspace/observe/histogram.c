// SPDX-License-Identifier: BSD-2-Clause
#include "observe/histogram.h"

const double histogram_bounds[HISTOGRAM_BUCKETS] = {
	0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
};

void histogram_add(struct histogram *histogram, double seconds)
{
	histogram->count++;
	histogram->sum += seconds;
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (seconds <= histogram_bounds[i]) {
			histogram->buckets[i]++;
			return;
		}
	}
}
