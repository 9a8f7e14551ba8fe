// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a limit must be, whatever arrives and whenever. Two things are asked of
 * every sequence:
 *
 *  - each packet is judged as a bucket of tokens with exact numbers would judge
 *    it, tick by tick: so nothing is given away, and nothing is withheld;
 *  - in every window between two deliveries no more passes than rate * time +
 *    burst. For all windows at once: with S the units up to a delivery and t its
 *    time, S - rate * t never rises by more than the burst above its least.
 *
 * WEIR_SEQUENCES=N plays more of them, from WEIR_SEED=N on.
 */
#include "fuzz/random.h"
#include "packet/limited.h"

#define SEQUENCES 400u
#define ARRIVALS  2500u

/* A token bucket: it fills by a tick a tick, and a packet passes if its cost is there. */
static bool expects(struct witness *w, uint64_t at, uint64_t units)
{
	const unsigned __int128 asked = cost(w->limit, units);

	w->level += (unsigned __int128)(at - w->last) * WEIR_TICKS_PER_NS;
	w->last = at;
	if (w->level > burst_ticks(w->limit))
		w->level = burst_ticks(w->limit);
	if (asked > w->level)
		return false;
	w->level -= asked;
	return true;
}

static bool arrive(struct witness *w, uint64_t at, uint32_t bytes, uint32_t gso_size)
{
	const uint64_t units = units_of(w->limit, bytes, gso_size);
	const bool passed = offer(at, bytes, gso_size), expected = expects(w, at, units);

	if (passed != expected)
		fail_msg("%lu ns after the start %lu units %s: rate %lu/1000, burst %lu", at - w->start, units,
			 passed ? "pass and should not" : "don't pass and should", w->limit->as_written.rate_milli,
			 w->limit->as_written.burst);
	if (passed)
		deliver(w, at, units);
	return passed;
}

/* --- random sequences ------------------------------------------------------------ */

static const uint64_t rates_milli[] = {
	4,	 17,	   1000,      1001,	  60000,	  333333,	   10000000,
	7777777, 10000000, 200000000, 1250000000, 10000000000ull, 125000000000ull,
};
static const uint32_t bursts[] = { 1, 1, 2, 3, 10, 100, 1000, 20000, 150000 };
static const uint32_t sizes[] = { HEADERS, 64, 1000, 1514, 9000, 65000, 180000 };

/* Arrivals come in phases; each has a way to choose the time until the next. */
static uint64_t gap(struct random *r, unsigned phase, uint64_t token)
{
	switch (phase) {
	case 0:
		return 0;
	case 1:
		return token;
	case 2: /* 1.01 times what is asked */
		return token * 100 / 101;
	case 3:
		return token / 10;
	case 4:
		return token ? random_bits(r) % (2 * token) : 0;
	case 5: /* a clock that is read again at once */
		return random_below(r, 3);
	default:
		return one_in(r, 20) ? token * random_below(r, 200000) : token - !!token;
	}
}

static void play(struct random *r, enum limit_unit unit, uint64_t start)
{
	const uint64_t rate_milli = random_of(r, rates_milli) * (unit == LIMIT_BYTES ? 1000 : 1);
	const struct limited l = enforce(written(unit, rate_milli, random_of(r, bursts)));
	const uint64_t token = 1000 * SECOND / l.as_written.rate_milli;
	struct witness w = witness(&l, start);
	uint64_t at = start;
	unsigned phase = 0;

	fill_bucket();
	for (unsigned i = 0; i < ARRIVALS; i++) {
		uint32_t bytes = HEADERS, gso_size = 0;
		uint64_t wait;

		if (i % 50 == 0)
			phase = random_below(r, 7);
		if (unit == LIMIT_BYTES || one_in(r, 10)) {
			bytes = random_of(r, sizes);
			gso_size = bytes > UINT16_MAX || one_in(r, 3) ? 1 + random_below(r, 1448) : 0;
		}
		/* A byte's token is nothing to wait for; a packet's worth of them is. */
		wait = gap(r, phase, token * (unit == LIMIT_BYTES ? bytes : 1));
		at += wait < YEAR ? wait : YEAR;
		arrive(&w, at, bytes, gso_size);
	}
}

static void play_many(enum limit_unit unit)
{
	static const uint64_t starts[] = { SECOND, START, WRAPS_AT - 1000, WRAPS_AT - SECOND, WRAPS_AT / 2 - 1000 };
	const char *seed = getenv("WEIR_SEED"), *sequences = getenv("WEIR_SEQUENCES");
	const uint64_t first = seed ? strtoull(seed, NULL, 10) : 1;
	const uint64_t n = sequences ? strtoull(sequences, NULL, 10) : SEQUENCES;

	for (uint64_t i = 0; i < n; i++) {
		struct random r = random_from(first + i);

		play(&r, unit, random_of(&r, starts));
	}
}

static void test_packets(void **state)
{
	play_many(LIMIT_PACKETS);
}

static void test_bytes(void **state)
{
	play_many(LIMIT_BYTES);
}

/* --- rates at the ends ------------------------------------------------------------ */

static void test_rates(void **state)
{
	static const struct {
		uint64_t rate_milli, burst, seconds;
	} cases[] = {
		{ 17, 1, 36000 },  { 4, 1, 250000 }, /* one a minute; one in 250 s */
		{ 1000, 1, 1000 }, { 1000, 100, 1000 }, { 1000000, 100, 10 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct limited l = enforce(written(LIMIT_PACKETS, cases[i].rate_milli, cases[i].burst));
		const uint64_t token = 1000 * SECOND / cases[i].rate_milli, end = START + cases[i].seconds * SECOND;
		const uint64_t earned = cases[i].seconds * cases[i].rate_milli / 1000;
		struct witness w = witness(&l, START);
		uint64_t delivered = 0;

		fill_bucket();
		/* Out of step: where the burst is one packet, what comes early is lost and the next one is late. */
		for (uint64_t at = START; at < end; at += token / 101)
			delivered += arrive(&w, at, HEADERS, 0);
		assert_in_range(delivered, earned - earned / 100, earned + cases[i].burst);
	}
}

static void test_ten_million(void **state)
{
	const struct limited l = enforce(written(LIMIT_PACKETS, 10000000000ull, 10));
	struct witness w = witness(&l, START);
	uint64_t delivered = 0;

	fill_bucket();
	for (unsigned i = 0; i < 200000; i++)
		delivered += arrive(&w, START + i * 50ull, HEADERS, 0);
	assert_in_range(delivered, 99980, 100030);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "packets at random pass as a bucket of tokens lets them, and never more than rate * time + burst",
		  test_packets, NULL, NULL, NULL },
		{ "so do bytes, in segments of every size", test_bytes, NULL, NULL, NULL },
		{ "one in 250 s, one a minute, one a second: each delivers its rate", test_rates, NULL, NULL, NULL },
		{ "ten million a second are kept to 0.02 %", test_ten_million, NULL, NULL, NULL },
	};

	return _cmocka_run_group_tests("packet window", tests, ARRAY_SIZE(tests), limited_set_up, NULL);
}
