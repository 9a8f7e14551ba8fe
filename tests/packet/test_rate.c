// SPDX-License-Identifier: BSD-2-Clause
/*
 * A limit delivers what is asked for, whatever is offered: every combination of
 * rate, offer, shape and cores for ten seconds by the real clock, those of one
 * number of cores all at the same time.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "packet/streams.h"

#define SECONDS	  10.0
#define TOLERANCE 0.01

/* How much of what was to be offered was, on this machine. */
static bool kept_pace(const struct stream_spec *spec, const struct stream_result *result)
{
	const double units = spec->bytes ? STREAM_FRAME : 1;

	return (double)result->offered >
	       0.995 * (double)spec->rate / units * spec->offer_permille / 1000 * result->seconds;
}

static void check(const struct stream_spec *spec, const struct stream_result *result)
{
	char name[96];

	stream_name(spec, name, sizeof(name));
	if (result->seconds < SECONDS * 0.9)
		fail_msg("%s: offered for %.1f s only", name, result->seconds);
	if (result->passed + result->dropped != result->offered)
		fail_msg("%s: %lu offered, but %lu passed and %lu were dropped", name, result->offered, result->passed,
			 result->dropped);
	if ((double)result->passed > result->asked + 1)
		fail_msg("%s: %lu passed, rate * time + burst is %.0f", name, result->passed, result->asked);
	if (result->error > TOLERANCE && (double)result->passed < result->expected - 1)
		fail_msg("%s: %lu of %lu passed, %.0f should", name, result->passed, result->offered, result->expected);
	if (result->error > TOLERANCE && (double)result->passed > result->expected + 1)
		fail_msg("%s: %lu of %lu passed, only %.0f should", name, result->passed, result->offered,
			 result->expected);
}

static void prove(unsigned cores)
{
	struct stream_spec specs[STREAMS_MAX];
	struct stream_result results[STREAMS_MAX];
	const size_t n = streams_all(cores, specs);
	struct error error = {};
	int r = streams_run(specs, n, SECONDS, results, &error);
	unsigned in_pace = 0;
	double largest = 0;

	if (r == -EPERM || r == -EOPNOTSUPP)
		skip();
	if (r < 0)
		fail_msg("%s (%d)", error.text, r);
	for (size_t i = 0; i < n; i++) {
		check(&specs[i], &results[i]);
		in_pace += kept_pace(&specs[i], &results[i]);
		largest = results[i].error > largest ? results[i].error : largest;
	}
	printf("# largest error %.5f; %u of %zu streams were offered in full\n", largest, in_pace, n);
}

static void one_core(void **state)
{
	prove(1);
}

static void two_cores(void **state)
{
	prove(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "100 to 200,000 packets/s and 1 Mbit/s to 1 Gbit/s are delivered to 1 %, offered 1.01 to 10 times as "
		  "much",
		  one_core, NULL, NULL, NULL },
		{ "so they are when two cores offer it at once", two_cores, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("packet rate", tests, NULL, NULL);
}
