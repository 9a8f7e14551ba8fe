// SPDX-License-Identifier: BSD-2-Clause
/* The arithmetic of GCRA, by playing the packet's side of policy/limit.h. */
#include <math.h>

#include "policy/limit.h"
#include "unit/policy/fixture.h"

static uint64_t join(const uint32_t words[2])
{
	return words[0] | (uint64_t)words[1] << 32;
}

static uint64_t cost(const struct weir_image_limit *limit, uint64_t n)
{
	return (n * join(limit->mult)) >> limit->shift;
}

static bool conforms(const struct weir_image_limit *limit, uint64_t *tat, uint64_t now, uint64_t n)
{
	const uint64_t new = (*tat > now ? *tat : now) + cost(limit, n);

	if (new - now > join(limit->burst))
		return false;
	*tat = new;
	return true;
}

static const uint64_t rates[] = {
	4,	  5,	    7,	       1000,	   3000,	   1000000,	     1234567,	       7777000,
	64000000, 65536000, 999999999, 1000000000, 10000000000ull, 1000000000000ull, 12500000000000ull
};

static void every_rate_is_kept_to_two_hundredths_of_a_percent(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		const struct policy_limit limit = { .unit = LIMIT_PACKETS, .rate_milli = rates[i], .burst = 1 };
		const double ticks = 64e12 / (double)rates[i];
		struct weir_image_limit record;

		assert_int_equal(limit_parameters(&limit, &record, NULL), 0);
		/* Of 1,000 packets at once: what a rate above the tick's own resolution comes to. */
		if (fabs((double)cost(&record, 1000) / (1000 * ticks) - 1) > 0.0002)
			fail_msg("rate %lu/1000: %lu ticks for 1000 packets instead of %f", rates[i],
				 cost(&record, 1000), 1000 * ticks);
		if (rates[i] <= 10000000000ull && fabs((double)cost(&record, 1) / ticks - 1) > 0.0002)
			fail_msg("rate %lu/1000: %lu ticks for a packet instead of %f", rates[i], cost(&record, 1),
				 ticks);
	}
}

static void the_largest_packet_never_overflows(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		const struct policy_limit limit = { .unit = LIMIT_BYTES, .rate_milli = rates[i], .burst = 1 };
		struct weir_image_limit record;
		uint64_t product;

		assert_int_equal(limit_parameters(&limit, &record, NULL), 0);
		assert_false(__builtin_mul_overflow(join(record.mult), (uint64_t)LIMIT_UNITS_MAX, &product));
	}
}

static void exactly_the_burst_conforms_back_to_back(void **state)
{
	for (uint64_t burst = 1; burst <= 4096; burst *= 4) {
		const struct policy_limit limit = { .unit = LIMIT_PACKETS, .rate_milli = 1000000, .burst = burst };
		struct weir_image_limit record;
		uint64_t tat = 0, passed = 0;
		const uint64_t now = 1ull << 50;

		assert_int_equal(limit_parameters(&limit, &record, NULL), 0);
		for (uint64_t i = 0; i < burst * 2; i++)
			passed += conforms(&record, &tat, now, 1);
		assert_int_equal(passed, burst);
	}
}

static void play(uint64_t rate, uint64_t offered, uint64_t seconds)
{
	const uint64_t burst = rate / 10 + 1;
	const struct policy_limit limit = { .unit = LIMIT_PACKETS, .rate_milli = rate * 1000, .burst = burst };
	const uint64_t second = 1000000000ull * WEIR_TICKS_PER_NS, start = 1ull << 50;
	struct weir_image_limit record;
	uint64_t tat = 0, passed = 0;

	assert_int_equal(limit_parameters(&limit, &record, NULL), 0);
	for (uint64_t i = 0; i < offered * seconds; i++)
		passed += conforms(&record, &tat, start + i * second / offered, 1);
	/* The burst is spent on top, once. */
	assert_in_range(passed, rate * seconds, rate * seconds * 10002 / 10000 + burst);
}

static void offered_more_a_limit_delivers_its_rate(void **state)
{
	play(1000, 5000, 5);
	play(1000, 1100, 60);
	play(10000, 30000, 5);
	play(7, 1000, 60);
	play(333333, 1000000, 3);
}

static void offered_less_a_limit_drops_nothing(void **state)
{
	const struct policy_limit limit = { .unit = LIMIT_PACKETS, .rate_milli = 1000000, .burst = 1 };
	const uint64_t apart = 1000000000ull * WEIR_TICKS_PER_NS / 1000;
	struct weir_image_limit record;
	uint64_t tat = 0;

	assert_int_equal(limit_parameters(&limit, &record, NULL), 0);
	for (uint64_t i = 0; i < 10000; i++)
		assert_true(conforms(&record, &tat, (1ull << 50) + i * apart, 1));
}

static void a_byte_burst_lets_a_full_frame_pass(void **state)
{
	const struct policy_limit limit = { .unit = LIMIT_BYTES, .rate_milli = 1000000, .burst = 100 };
	const struct policy_limit effective = limit_effective(&limit);
	struct weir_image_limit record;
	uint64_t tat = 0;

	assert_int_equal(effective.burst, LIMIT_BYTES_BURST_MIN);
	assert_int_equal(limit_parameters(&effective, &record, NULL), 0);
	assert_int_equal(record.unit, WEIR_LIMIT_BYTES);
	assert_false(conforms(&record, &tat, 1ull << 50, 1515));
	assert_true(conforms(&record, &tat, 1ull << 50, 1514));
	assert_false(conforms(&record, &tat, 1ull << 50, 1));
}

static void unit_scope_and_what_becomes_of_the_rest_are_kept(void **state)
{
	static const struct {
		struct policy_limit limit;
		enum weir_limit_unit unit;
		uint16_t flags;
	} cases[] = {
		{ { LIMIT_PACKETS, LIMIT_PER_RULE, 1000, 1, LIMIT_DROPS }, WEIR_LIMIT_PACKETS, 0 },
		{ { LIMIT_BYTES, LIMIT_PER_IDENTITY, 1000, 1514, LIMIT_DROPS },
		  WEIR_LIMIT_BYTES,
		  WEIR_LIMIT_PER_IDENTITY },
		{ { LIMIT_CONNECTIONS, LIMIT_PER_ADDRESS, 1000, 1, LIMIT_DROPS },
		  WEIR_LIMIT_CONNECTIONS,
		  WEIR_LIMIT_PER_ADDRESS },
		{ { LIMIT_PACKETS, LIMIT_PER_ADDRESS, 1000, 1, LIMIT_MARKS },
		  WEIR_LIMIT_PACKETS,
		  WEIR_LIMIT_PER_ADDRESS | WEIR_LIMIT_MARK },
		{ { LIMIT_BYTES, LIMIT_PER_RULE, 1000, 1514, LIMIT_PACES }, WEIR_LIMIT_BYTES, WEIR_LIMIT_PACE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct weir_image_limit record;

		assert_int_equal(limit_parameters(&cases[i].limit, &record, NULL), 0);
		assert_int_equal(record.unit, cases[i].unit);
		assert_int_equal(record.flags, cases[i].flags);
	}
}

static void impossible_numbers_are_refused_with_a_reason(void **state)
{
	static const struct policy_limit bad[] = {
		{ .unit = LIMIT_PACKETS, .rate_milli = 0, .burst = 1 },
		{ .unit = LIMIT_PACKETS, .rate_milli = 3, .burst = 1 },
		{ .unit = LIMIT_PACKETS, .rate_milli = 1000, .burst = 1ull << 40 },
		{ .unit = LIMIT_BYTES, .rate_milli = 1000, .burst = UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct weir_image_limit record = { .bucket = 7 };
		struct error error = {};

		assert_int_equal(limit_parameters(&bad[i], &record, &error), -ERANGE);
		assert_true(error.text[0]);
		assert_int_equal(record.bucket, 7);
	}
}

static void the_fastest_rate_is_kept(void **state)
{
	const struct policy_limit limit = { .unit = LIMIT_BYTES, .rate_milli = UINT64_MAX, .burst = 1ull << 40 };
	struct weir_image_limit record;

	assert_int_equal(limit_parameters(&limit, &record, NULL), 0);
	assert_true(join(record.mult) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rate_is_kept_to_two_hundredths_of_a_percent),
		cmocka_unit_test(the_largest_packet_never_overflows),
		cmocka_unit_test(exactly_the_burst_conforms_back_to_back),
		cmocka_unit_test(offered_more_a_limit_delivers_its_rate),
		cmocka_unit_test(offered_less_a_limit_drops_nothing),
		cmocka_unit_test(a_byte_burst_lets_a_full_frame_pass),
		cmocka_unit_test(unit_scope_and_what_becomes_of_the_rest_are_kept),
		cmocka_unit_test(impossible_numbers_are_refused_with_a_reason),
		cmocka_unit_test(the_fastest_rate_is_kept),
	};

	return cmocka_run_group_tests_name("policy/limit", tests, NULL, NULL);
}
