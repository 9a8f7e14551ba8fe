// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/timestamp.h"
#include "base/vec.h"

#define SECOND 1000000000ull
#define MOMENT (1767323045ull * SECOND) /* 2026-01-02T03:04:05Z */

static void a_moment_is_written_in_utc_with_microseconds(void **state)
{
	char text[TIMESTAMP_MAX];

	assert_string_equal(timestamp_format(MOMENT + 678901234, text), "2026-01-02T03:04:05.678901Z");
	assert_string_equal(timestamp_format(0, text), "1970-01-01T00:00:00.000000Z");
}

static void a_moment_is_read_as_rfc_3339_has_it(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{ "2026-01-02T03:04:05Z", MOMENT },
		{ "2026-01-02t03:04:05z", MOMENT },
		{ "2026-01-02 03:04:05Z", MOMENT },
		{ "2026-01-02T03:04:05.678901Z", MOMENT + 678901000 },
		{ "2026-01-02T03:04:05.5Z", MOMENT + SECOND / 2 },
		{ "2026-01-02T03:04:05.1234567890123Z", MOMENT + 123456789 },
		{ "2026-01-02T05:34:05+02:30", MOMENT },
		{ "2026-01-01T22:04:05-05:00", MOMENT },
		{ "2024-02-29T00:00:00Z", 1709164800ull * SECOND },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ns = 0;

		assert_int_equal(timestamp_parse(cases[i].text, &ns), 0);
		assert_int_equal(ns, cases[i].ns);
	}
}

static void what_is_no_moment_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"yesterday",
		"2026-01-02",
		"2026-01-02T03:04:05",
		"2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05ZZ",
		"2026-01-02T03:04:05+02",
		"2026-01-02T03:04:05+25:00",
		"2026-13-02T03:04:05Z",
		"2026-00-02T03:04:05Z",
		"2026-02-30T03:04:05Z",
		"2026-01-00T03:04:05Z",
		"2026-01-02T24:04:05Z",
		"2026-01-02T03:60:05Z",
		"1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+01:00",
		"26-01-02T03:04:05Z",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ns = 7;

		assert_int_equal(timestamp_parse(cases[i], &ns), -EINVAL);
		assert_int_equal(ns, 7);
	}
}

static void a_duration_has_a_number_and_a_unit(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t ns;
	} cases[] = {
		{ "250ms", 0, SECOND / 4 },
		{ "90s", 0, 90 * SECOND },
		{ "5m", 0, 300 * SECOND },
		{ "2h", 0, 7200 * SECOND },
		{ "1d", 0, 86400 * SECOND },
		{ "0s", 0, 0 },
		{ "5", -EINVAL, 7 },
		{ "m", -EINVAL, 7 },
		{ "", -EINVAL, 7 },
		{ "-5m", -EINVAL, 7 },
		{ "5 m", -EINVAL, 7 },
		{ "5mm", -EINVAL, 7 },
		{ "99999999999d", -EINVAL, 7 },
		{ "18446744073709551616s", -EINVAL, 7 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ns = 7;

		assert_int_equal(duration_parse(cases[i].text, &ns), cases[i].r);
		assert_int_equal(ns, cases[i].ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_moment_is_written_in_utc_with_microseconds),
		cmocka_unit_test(a_moment_is_read_as_rfc_3339_has_it),
		cmocka_unit_test(what_is_no_moment_is_refused),
		cmocka_unit_test(a_duration_has_a_number_and_a_unit),
	};

	return cmocka_run_group_tests_name("timestamp", tests, NULL, NULL);
}
