/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams of packets, each through a limit of its own and at a pace of its own,
 * all at the same time: manifests, compiler, programs and the real clock. What a
 * limit should have let through is reckoned from when packets were sent in fact,
 * so that it is exact on a machine that has other work too.
 */
#ifndef WEIR_TESTS_PACKET_STREAMS_H
#define WEIR_TESTS_PACKET_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define STREAMS_MAX 64u

struct stream_spec {
	bool bytes;		 /* per second, in frames of STREAM_FRAME bytes; else packets */
	uint64_t rate;		 /* that is asked for */
	unsigned offer_permille; /* of the rate, that is sent */
	bool bursty;		 /* a bucketful at once, and then a pause; else evenly */
	unsigned cores;		 /* 1 or 2 */
};

#define STREAM_FRAME 1514u

/* In packets, but for the seconds. The bucket is full at first, and is emptied at once. */
struct stream_result {
	double seconds;
	uint64_t offered;
	uint64_t passed, dropped; /* as the limit has counted them */
	double asked;		  /* rate * time + burst */
	double expected;	  /* the same, less what the bucket couldn't hold when the sender was kept waiting */
	double error;		  /* of what passed, as a fraction of what was expected */
};

/* -EPERM or -EOPNOTSUPP when packets can't be run here. */
int streams_run(const struct stream_spec *specs, size_t n, double seconds, struct stream_result *ret,
		struct error *error);

/* All that one limit should be proved by: 6 rates, 4 offers, evenly and in bursts. Returns how many. */
size_t streams_all(unsigned cores, struct stream_spec ret[static STREAMS_MAX]);
/* "1 Gbit/s at 1.5x, bursty, 2 cores"; for people. */
void stream_name(const struct stream_spec *spec, char *ret, size_t size);

#endif
