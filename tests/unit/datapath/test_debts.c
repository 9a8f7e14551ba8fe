// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a bucket is charged while links move, by two versions at once: theirs when
 * ours got its state, theirs at the end, ours, and ours then. Times are ticks
 * after this end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "datapath/debts.h"

#define NOW   (1ull << 40)
#define AT(t) (NOW + (uint64_t)(t))
#define NEVER 0

struct state {
	uint64_t tat, dropped, slots;
};

static const struct row {
	const char *name;
	struct state before, after, ours, then;
	uint64_t now; /* 0: NOW */
} rows[] = {
	{
		.name = "a bucket that nobody was charged for stays as it is",
		.before = { AT(100), 7, 3 },
		.after = { AT(100), 7, 3 },
		.ours = { AT(150), 9, 4 },
		.then = { AT(150), 9, 4 },
	},
	{
		.name = "what theirs has let through ours is charged, when it has let nothing through",
		.before = { AT(100), 0, 0 },
		.after = { AT(130), 0, 0 },
		.ours = { AT(100), 0, 0 },
		.then = { AT(130), 0, 0 },
	},
	{
		.name = "what both have let through is a sum",
		.before = { AT(100), 0, 0 },
		.after = { AT(130), 0, 0 },
		.ours = { AT(120), 0, 0 },
		.then = { AT(150), 0, 0 },
	},
	{
		.name = "a bucket that was full owes from then on",
		.before = { AT(-500), 0, 0 },
		.after = { AT(30), 0, 0 },
		.ours = { AT(-500), 0, 0 },
		.then = { AT(30), 0, 0 },
	},
	{
		.name = "so does one that was never used",
		.before = { NEVER, 0, 0 },
		.after = { AT(30), 0, 0 },
		.ours = { NEVER, 0, 0 },
		.then = { AT(30), 0, 0 },
	},
	{
		.name = "what theirs was charged and has earned again is no debt",
		.before = { AT(-500), 0, 0 },
		.after = { AT(-100), 0, 0 },
		.ours = { AT(10), 0, 0 },
		.then = { AT(10), 0, 0 },
	},
	{
		.name = "drops are counted once, whoever dropped",
		.before = { AT(100), 40, 0 },
		.after = { AT(100), 50, 0 },
		.ours = { AT(100), 43, 0 },
		.then = { AT(100), 53, 0 },
	},
	{
		.name = "connections that theirs has opened are open",
		.before = { NEVER, 0, 3 },
		.after = { NEVER, 0, 5 },
		.ours = { NEVER, 0, 4 },
		.then = { NEVER, 0, 6 },
	},
	{
		.name = "connections that theirs has closed are not",
		.before = { NEVER, 0, 3 },
		.after = { NEVER, 0, 1 },
		.ours = { NEVER, 0, 4 },
		.then = { NEVER, 0, 2 },
	},
	{
		.name = "a time that wraps is no debt of years",
		.now = UINT64_MAX - 9,
		.before = { UINT64_MAX - 4, 0, 0 },
		.after = { 15, 0, 0 },
		.ours = { 5, 0, 0 },
		.then = { 25, 0, 0 },
	},
};

static struct weir_bucket bucket_of(const struct state *is)
{
	return (struct weir_bucket){
		.tat = is->tat, .dropped_packets = is->dropped, .dropped_bytes = is->dropped * 100, .slots = is->slots
	};
}

static void a_debt_is_added(void **state)
{
	const struct row *row = *state;
	const struct weir_bucket before = bucket_of(&row->before), after = bucket_of(&row->after);
	const struct weir_bucket then = bucket_of(&row->then);
	struct weir_bucket ours = bucket_of(&row->ours);

	debts_add(&ours, &before, &after, row->now ?: NOW);
	assert_int_equal(ours.tat, then.tat);
	assert_int_equal(ours.dropped_packets, then.dropped_packets);
	assert_int_equal(ours.dropped_bytes, then.dropped_bytes);
	assert_int_equal(ours.slots, then.slots);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(rows)] = {};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, a_debt_is_added, NULL, NULL, (void *)&rows[i] };
	return cmocka_run_group_tests_name("debts", tests, NULL, NULL);
}
