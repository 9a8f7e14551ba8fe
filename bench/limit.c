// SPDX-License-Identifier: BSD-2-Clause
/*
 * How exactly a limit is kept: every combination of rate, offer, shape and cores
 * for ten seconds, those of one number of cores at the same time (see
 * tests/packet/streams.h). limit.error is the largest fraction by which what
 * passed differs from rate * time + burst, less what the bucket could not hold
 * while the sender was kept waiting; below it the same of each combination. Of a
 * limit nothing varies from round to round but the sender, so three are enough.
 */
#include <stdio.h>
#include <stdlib.h>

#include "packet/streams.h"

#define SECONDS	   10.0
#define ROUNDS_MAX 3

static void print_row(const char *name, const struct stream_result *result)
{
	printf("{\"name\": \"%s\", \"unit\": \"fraction\", \"value\": %.6f, \"baseline\": \"what is asked for, a "
	       "second\", \"base\": %.1f, \"with\": %.1f}\n",
	       name, result->error, result->expected / result->seconds, (double)result->passed / result->seconds);
}

static int measure(unsigned cores, struct stream_result *worst)
{
	struct stream_result results[STREAMS_MAX];
	struct stream_spec specs[STREAMS_MAX];
	const size_t n = streams_all(cores, specs);
	struct error error = {};
	int r = streams_run(specs, n, SECONDS, results, &error);

	if (r < 0) {
		fprintf(stderr, "bench limit: %s (%d)\n", error.text, r);
		return r;
	}
	for (size_t i = 0; i < n; i++) {
		char what[96], name[128];

		stream_name(&specs[i], what, sizeof(what));
		snprintf(name, sizeof(name), "limit.error: %s", what);
		print_row(name, &results[i]);
		if (results[i].error >= worst->error)
			*worst = results[i];
	}
	return 0;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS_MAX;
	int r = 0;

	if (rounds < 1) {
		fprintf(stderr, "usage: limit [ROUNDS]\n");
		return 2;
	}
	for (long round = 0; round < rounds && round < ROUNDS_MAX && r == 0; round++) {
		struct stream_result worst = {};

		r = measure(1, &worst);
		r = r < 0 ? r : measure(2, &worst);
		if (r == 0)
			print_row("limit.error", &worst);
	}
	return r < 0;
}
