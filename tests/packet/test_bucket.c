// SPDX-License-Identifier: BSD-2-Clause
/* Buckets at the ends of what they can hold: costs, years, and limits that change while packets go on. */
#include "packet/limited.h"

/* --- what it takes ----------------------------------------------------------------- */

static uint64_t clock_reads_of(bool passes)
{
	const uint64_t before = host_clock_reads();

	assert_int_equal(offer_one(START), passes);
	return host_clock_reads() - before;
}

/* The first packet of an exchange, the second, and one that is over the limit. */
static void test_clock(void **state)
{
	load_image(NULL);
	fill_bucket();
	host_clear(HOST_FLOWS + WEIR_EXCHANGES * WEIR_FAMILIES + WEIR_IPV4);
	assert_int_equal(clock_reads_of(true), 0);
	assert_int_equal(clock_reads_of(true), 0);
	enforce(written(LIMIT_PACKETS, 1000, 2));
	host_clear(HOST_FLOWS + WEIR_EXCHANGES * WEIR_FAMILIES + WEIR_IPV4);
	assert_int_equal(clock_reads_of(true), 1);
	assert_int_equal(clock_reads_of(true), 1);
	assert_int_equal(clock_reads_of(false), 1);
}

/* --- costs that are large --------------------------------------------------------- */

/* Of every size at every rate: in one go, if the burst is as large, and never else. */
static void test_large(void **state)
{
	static const uint64_t rates[] = { 500, 1000, 125000000, 125000000000ull, 12500000000000ull };
	static const uint32_t segment_sizes[] = { 0, 1, 8, 536, 1448, 8948 };

	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(segment_sizes); j++) {
			const uint32_t gso = segment_sizes[j], bytes = gso ? 180000 : 65000;
			struct policy_limit limit = written(LIMIT_BYTES, rates[i], 0);
			struct limited l = { .as_written = limit };
			const uint64_t units = units_of(&l, bytes, gso);

			limit.burst = units;
			l = enforce(limit);
			fill_bucket();
			assert_true(offer(START, bytes, gso));
			assert_false(offer(START, HEADERS, 0));
			limit.burst = units - 1;
			l = enforce(limit);
			fill_bucket();
			assert_false(offer(START, bytes, gso));
			assert_true(offer(START, HEADERS, 0));
		}
	}
}

/* A packet of many small segments under the largest burst there is: what it costs is more than 64 bits hold. */
static void test_overflow(void **state)
{
	const struct policy_limit slow = written(LIMIT_BYTES, 60, 4000000);
	const struct limited l = enforce(slow);

	fill_bucket();
	for (uint32_t gso = 1; gso < 40; gso++) {
		const uint64_t units = units_of(&l, 180000, gso);

		assert_int_equal(offer(START, 180000, gso), units <= 4000000);
		fill_bucket();
	}
}

/* --- time ------------------------------------------------------------------------- */

/* Buckets that were last used at any time, seen from now. The clock of packets never steps; it does wrap. */
static void test_idle(void **state)
{
	static const uint64_t idle[] = {
		1,	  SECOND,   86400 * SECOND, YEAR,     2 * YEAR,	 4 * YEAR,  WRAPS_AT / 2 - SECOND,
		5 * YEAR, 6 * YEAR, 9 * YEAR,	    WRAPS_AT, 10 * YEAR, 40 * YEAR,
	};
	const struct limited l = enforce(written(LIMIT_PACKETS, 1000000, 100));

	for (size_t i = 0; i < ARRAY_SIZE(idle); i++) {
		const uint64_t now = START + idle[i], burst_time = SECOND / 10;
		struct witness w = witness(&l, now);
		unsigned delivered = 0;

		fill_bucket();
		assert_int_equal(pass_of(START, 200), 100);
		for (uint64_t at = now; at < now + 10 * burst_time; at += SECOND / 5000) {
			if (offer_one(at)) {
				deliver(&w, at, 1);
				delivered++;
			}
		}
		/* After half a wrap the past looks like the future: the bucket then begins empty, not full. */
		assert_in_range(delivered, 1000 - 1, 1000 + 100);
	}
}

static void test_far(void **state)
{
	static const int64_t ahead[] = { 1,	    -1,		  1ll << 20, -(1ll << 20), 1ll << 40, -(1ll << 40),
					 1ll << 61, -(1ll << 61), INT64_MAX, INT64_MIN };
	const struct limited l = enforce(written(LIMIT_PACKETS, 1000000, 100));
	const uint32_t bucket = BUCKET;

	for (size_t i = 0; i < ARRAY_SIZE(ahead); i++) {
		const struct weir_bucket value = { .tat = START * WEIR_TICKS_PER_NS + ahead[i] };
		struct witness w = witness(&l, START);
		unsigned delivered = 0;

		host_set(HOST_BUCKETS, &bucket, &value);
		for (uint64_t at = START; at < START + SECOND; at += SECOND / 5000) {
			if (offer_one(at)) {
				deliver(&w, at, 1);
				delivered++;
			}
		}
		/* Never shut for longer than its burst lasts. */
		assert_in_range(delivered, 1000 - 100 - 1, 1000 + 100);
	}
}

/* --- limits that change ------------------------------------------------------------ */

static const struct {
	const char *what;
	uint64_t rate_before, burst_before, rate_after, burst_after;
} changes[] = {
	{ "a slower rate", 1000, 100, 1, 100 },	     { "a faster rate", 1, 100, 1000, 100 },
	{ "a larger burst", 1000, 100, 1000, 4000 }, { "a smaller burst", 1000, 4000, 1000, 100 },
	{ "slower, with less", 1000, 100, 10, 1 },   { "faster, with more", 10, 1, 1000, 100 },
	{ "hardly another", 1000, 100, 999, 100 },   { "the same", 1000, 100, 1000, 100 },
	{ "the ends", 10000000, 20000, 1, 1 },	     { "and back", 1, 1, 10000000, 20000 },
};

static struct limited enforce_change(size_t i, bool after)
{
	return enforce(written(LIMIT_PACKETS, 1000 * (after ? changes[i].rate_after : changes[i].rate_before),
			       after ? changes[i].burst_after : changes[i].burst_before));
}

/* What is left is what was left, at most the new burst. */
static void test_changes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		for (unsigned used = 0; used <= 2; used++) {
			const uint64_t before = changes[i].burst_before, after = changes[i].burst_after;
			uint64_t left, kept;

			enforce_change(i, false);
			fill_bucket();
			kept = before - pass_of(START, before * used / 2);
			assert_int_equal(kept, before - before * used / 2);
			/* Of a bucket that was never used nothing is known, nor need be. */
			if (kept == before)
				kept = after;
			enforce_change(i, true);
			left = pass_of(START, after + 1);
			if (left != (kept < after ? kept : after))
				fail_msg("%s: %lu of %lu left after %u halves were used", changes[i].what, left, after,
					 used);
		}
	}
}

/* A limit that goes to and fro all the time, offered more than either lets through. */
static void test_flapping(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		const uint64_t fastest =
			changes[i].rate_before > changes[i].rate_after ? changes[i].rate_before : changes[i].rate_after;
		const uint64_t step = SECOND / fastest / 4;
		uint64_t at = START, delivered = 0;

		enforce_change(i, false);
		fill_bucket();
		pass_of(at, changes[i].burst_before);
		for (unsigned flaps = 0; flaps < 200; flaps++) {
			enforce_change(i, flaps % 2 == 0);
			for (unsigned j = 0; j < 100; j++)
				delivered += offer_one(at += step);
		}
		/* Not more than the faster one alone would have. */
		const uint64_t most = (at - START) * fastest / SECOND + 1;
		if (delivered > most)
			fail_msg("%s and back: %lu packets delivered, %lu allowed", changes[i].what, delivered, most);
	}
}

/* --- what is given back ------------------------------------------------------------ */

/* Two limits: the first has room for a packet in the bucket, the second for none at all. flags: the first's. */
static void enforce_two(uint32_t flags)
{
	const struct policy_limit first = written(LIMIT_PACKETS, 1000000, 1), second = written(LIMIT_BYTES, 1000000, 1);
	struct weir_image_limit both[2];

	assert_int_equal(limit_parameters(&first, &both[0], NULL), 0);
	assert_int_equal(limit_parameters(&second, &both[1], NULL), 0);
	both[0].bucket = BUCKET;
	both[0].flags |= flags;
	both[1].bucket = BUCKET + 1;
	load_limits(both, 2);
	fill_bucket();
}

static struct weir_bucket *first_bucket(void)
{
	return (struct weir_bucket *)host_maps[HOST_BUCKETS].entries[0].value;
}

/* By the time that the second limit has refused the packet, another has found the first bucket full, and taken of it.
 */
static void take_later(void)
{
	const uint64_t later = START + SECOND;

	host_set_clock(later);
	first_bucket()->tat = (later + SECOND / 1000) * WEIR_TICKS_PER_NS;
}

static void test_refund(void **state)
{
	enforce_two(0);
	assert_false(offer_one(START));
	assert_in_range(first_bucket()->tat, START * WEIR_TICKS_PER_NS, START * WEIR_TICKS_PER_NS + 1);
}

static void test_late_refund(void **state)
{
	enforce_two(0);
	host_on_clock(2, take_later);
	assert_false(offer_one(START));
	host_on_clock(0, NULL);
	assert_int_equal(first_bucket()->tat, (START + SECOND + SECOND / 1000) * WEIR_TICKS_PER_NS);
}

/* A limit in audit mode, without anything left: the packet is none of its own. */
static void test_no_refund(void **state)
{
	const uint64_t empty = (START + SECOND) * WEIR_TICKS_PER_NS;

	enforce_two(WEIR_LIMIT_AUDIT);
	first_bucket()->tat = empty;
	assert_false(offer_one(START));
	assert_int_equal(first_bucket()->tat, empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "without a limit no packet reads the clock, and with one each reads it once", test_clock, NULL, NULL,
		  NULL },
		{ "what a second limit refuses costs nothing of the first", test_refund, NULL, NULL, NULL },
		{ "nothing is given back to a bucket that has been full since", test_late_refund, NULL, NULL, NULL },
		{ "a limit in audit mode that had nothing left gets nothing back", test_no_refund, NULL, NULL, NULL },
		{ "the largest packets cost what they are on the wire, at every rate", test_large, NULL, NULL, NULL },
		{ "no number of segments makes a packet cheap", test_overflow, NULL, NULL, NULL },
		{ "an idle bucket holds one burst at most, however many years it was idle", test_idle, NULL, NULL,
		  NULL },
		{ "a bucket whose time is far off is within its limit at once", test_far, NULL, NULL, NULL },
		{ "a limit that changes gives nothing away and takes nothing", test_changes, NULL, NULL, NULL },
		{ "a limit that changes to and fro delivers no more than the faster one", test_flapping, NULL, NULL,
		  NULL },
	};

	return _cmocka_run_group_tests("packet bucket", tests, ARRAY_SIZE(tests), limited_set_up, NULL);
}
