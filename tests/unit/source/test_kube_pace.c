// SPDX-License-Identifier: BSD-2-Clause
/* How often the API server is written to, as tables of moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "source/kube_pace.h"

#define MS_PER_WRITE (1000 / KUBE_WRITES_PER_SECOND)

static unsigned take_all(struct kube_pace *pace, uint64_t from, uint64_t to)
{
	unsigned n = 0;

	for (uint64_t now = from; now < to; now += 10) {
		while (kube_pace_wait(pace, now) == 0) {
			kube_pace_take(pace, now);
			n++;
		}
	}
	return n;
}

static void a_burst_passes_at_once_and_then_the_rate(void **state)
{
	struct kube_pace pace = {};

	assert_int_equal(take_all(&pace, 100000, 100010), KUBE_WRITES_BURST);
	assert_int_equal(kube_pace_wait(&pace, 100000), MS_PER_WRITE);
	assert_int_equal(take_all(&pace, 100010, 110010), 10 * KUBE_WRITES_PER_SECOND);
}

static void rest_fills_the_burst_and_no_more(void **state)
{
	struct kube_pace pace = {};

	take_all(&pace, 1000, 2000);
	assert_int_equal(take_all(&pace, 3600000, 3600010), KUBE_WRITES_BURST);
}

static void a_clock_that_begins_at_zero_has_a_whole_burst(void **state)
{
	struct kube_pace pace = {};

	assert_int_equal(take_all(&pace, 0, 10), KUBE_WRITES_BURST);
}

static const struct {
	const char *name;
	unsigned failures; /* before */
	uint64_t retry_after;
	uint32_t random;
	uint64_t least, most; /* ms */
} pauses[] = {
	{ "the first pause is half a second at least", 0, 0, 0, 500, 500 },
	{ "and a second at most", 0, 0, UINT32_MAX, 500, 1000 },
	{ "each is twice the one before", 3, 0, 0, 4000, 4000 },
	{ "but a minute at most", 1000, 0, 30000, 60000, 60000 },
	{ "the server's word counts", 0, 7, 0, 7000, 7000 },
	{ "with some chance added", 0, 7, 999, 7999, 7999 },
	{ "but not without bound", 0, 1000000, 0, 600000, 600000 },
};

static void pauses_are_as_the_table_says(void **state)
{
	for (size_t i = 0; i < sizeof(pauses) / sizeof(*pauses); i++) {
		struct kube_pace pace = { .failures = pauses[i].failures };

		print_message("%s\n", pauses[i].name);
		kube_pace_failed(&pace, 5000, pauses[i].retry_after, pauses[i].random);
		assert_in_range(kube_pace_wait(&pace, 5000), pauses[i].least, pauses[i].most);
		assert_int_equal(kube_pace_wait(&pace, 5000 + pauses[i].most), 0);
	}
}

static void a_success_ends_the_pauses(void **state)
{
	struct kube_pace pace = {};

	for (int i = 0; i < 5; i++)
		kube_pace_failed(&pace, 1000, 0, 0);
	kube_pace_succeeded(&pace);
	assert_int_equal(kube_pace_wait(&pace, 1000), 0);
	kube_pace_failed(&pace, 1000, 0, 0);
	assert_int_equal(kube_pace_wait(&pace, 1000), 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_passes_at_once_and_then_the_rate),
		cmocka_unit_test(rest_fills_the_burst_and_no_more),
		cmocka_unit_test(a_clock_that_begins_at_zero_has_a_whole_burst),
		cmocka_unit_test(pauses_are_as_the_table_says),
		cmocka_unit_test(a_success_ends_the_pauses),
	};

	return cmocka_run_group_tests_name("kube_pace", tests, NULL, NULL);
}
