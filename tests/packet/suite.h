/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios as a cmocka group: one test for each way in which each is played.
 * A header, so that only the tests, and not the benchmarks, need cmocka.
 */
#ifndef WEIR_TESTS_PACKET_SUITE_H
#define WEIR_TESTS_PACKET_SUITE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packet/scenario.h"

struct suite_case {
	struct lab *lab;
	const struct scenario *scenario;
	enum weir_family family;
	enum weir_direction opener;
};

/* Opens the laboratory or, where that is not possible, says so as TAP and ends the program. */
static inline struct lab *suite_lab_as(const struct lab_config *config)
{
	struct lab *lab = NULL;
	const char *why;
	int r = lab_open(config, &lab, &why);

	if (r == -EPERM || r == -EOPNOTSUPP) {
		printf("1..0 # SKIP packets can't be run: %s\n", why);
		exit(0);
	}
	if (r < 0) {
		printf("Bail out! %s: %s\n", why, strerror(-r));
		exit(1);
	}
	return lab;
}

static inline struct lab *suite_lab(void)
{
	static const struct lab_config config = { .flows = 1024, .addresses = 256, .image_words = TINY_WORDS };

	return suite_lab_as(&config);
}

static inline void suite_case_run(void **state)
{
	const struct suite_case *test = *state;
	char why[SCENARIO_WHY_MAX];

	if (scenario_play(test->lab, test->scenario, test->family, test->opener, why))
		fail_msg("%s", why);
}

struct suite {
	const char *group;
	const struct scenario *scenarios;
	size_t n_scenarios;
	const struct CMUnitTest *tests; /* others; their state is the laboratory */
	size_t n_tests;
};

/* Returns what main() shall return. */
static inline int suite_run(const struct suite *suite)
{
	const size_t most = suite->n_scenarios * WEIR_FAMILIES * WEIR_DIRECTIONS;
	_cleanup_(lab_closep) struct lab *lab = suite_lab();
	_cleanup_free_ struct suite_case *cases = calloc(most, sizeof(*cases));
	_cleanup_free_ struct CMUnitTest *tests = calloc(most + suite->n_tests, sizeof(*tests));
	size_t n = 0, n_cases;
	int r;

	if (!cases || !tests)
		return 1;
	for (size_t i = 0; i < most; i++) {
		struct suite_case *test = &cases[n];

		*test = (struct suite_case){ lab, &suite->scenarios[i / 4], i / 2 % 2, i % 2 };
		if (!scenario_applies(test->scenario, test->family, test->opener))
			continue;
		tests[n++] = (struct CMUnitTest){
			.name = scenario_title(test->scenario, test->family, test->opener),
			.test_func = suite_case_run,
			.initial_state = test,
		};
	}
	n_cases = n;
	for (size_t i = 0; i < suite->n_tests; i++) {
		tests[n] = suite->tests[i];
		tests[n++].initial_state = lab;
	}
	r = _cmocka_run_group_tests(suite->group, tests, n, NULL, NULL);
	for (size_t i = 0; i < n_cases; i++)
		free((char *)tests[i].name);
	return r;
}

#endif
