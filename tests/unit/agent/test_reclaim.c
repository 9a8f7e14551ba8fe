// SPDX-License-Identifier: BSD-2-Clause
/* Rows of pairs that count nothing now are given to others, and no sum loses anything. */
#include <stdlib.h>

#include "agent/reclaim.h"
#include "unit/agent/numbers_fixture.h"

#define HALF (PAIRS / 2)

/* shop/a and the world, and so many rows of it, each of another decision's number. */
struct rows {
	uint32_t counter, identity;
	unsigned n;
};

static uint64_t tag(const struct rows *rows, uint32_t row)
{
	/* That the same pair has several rows is as usual; they differ in the pods of the other end. */
	return weir_pair_tag(rows->counter, rows->identity, row % 2 ? WEIR_IDENTITY_WORLD : WEIR_IDENTITY_NODE);
}

static struct rows fill(struct fixture *f, unsigned n)
{
	struct rows rows = { .n = n };

	load(f, POD("a", "a") POLICY("p"));
	rows.counter = number_of(f->agent.state.numbers.counters, "TrafficPolicy shop/p r");
	rows.identity = number_of(f->agent.state.numbers.identities, "app=a");
	for (uint32_t row = 0; row < n; row++)
		count_pair(f, row, tag(&rows, row), 10);
	return rows;
}

static struct datapath_pairs_fill used(const struct fixture *f)
{
	struct datapath_pairs_fill found;

	datapath_pairs_fill(f->agent.datapath, &found);
	return found;
}

static void look(struct fixture *f, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		reclaim_pairs(&f->agent);
}

static void assert_sums(struct fixture *f, uint64_t world, uint64_t node)
{
	assert_int_equal(pair_packets(f, "shop/a", "world"), world);
	assert_int_equal(pair_packets(f, "shop/a", "node"), node);
	assert_int_equal(rule_packets(f, "policy=\"p\""), world + node);
}

static void a_table_with_room_is_left_alone(void **state)
{
	struct fixture *f = *state;

	fill(f, HALF - 1);
	look(f, 5);
	assert_int_equal(used(f).used, HALF - 1);
	assert_int_equal(used(f).retired, 0);
}

static void idle_rows_are_retired_then_freed_and_the_sums_stay(void **state)
{
	struct fixture *f = *state;

	fill(f, HALF);
	assert_sums(f, HALF / 2 * 10, HALF / 2 * 10);
	look(f, 1);
	assert_int_equal(used(f).retired, 0); /* whether it is idle only the next look can tell */
	look(f, 1);
	assert_int_equal(used(f).retired, HALF);
	assert_sums(f, HALF / 2 * 10, HALF / 2 * 10);
	look(f, 1);
	assert_int_equal(used(f).used, 0);
	assert_sums(f, HALF / 2 * 10, HALF / 2 * 10);
}

static void what_counts_keeps_its_row(void **state)
{
	struct fixture *f = *state;
	struct rows rows = fill(f, HALF);

	look(f, 1);
	count_row(f, 1, 11);
	look(f, 2);
	assert_int_equal(used(f).used, 1);
	assert_true(datapath_pair_has(f->agent.datapath, 1, tag(&rows, 1)));
	assert_sums(f, HALF / 2 * 10 + 1, HALF / 2 * 10);
}

static void a_table_that_is_busy_is_left_alone(void **state)
{
	struct fixture *f = *state;

	fill(f, HALF);
	for (unsigned n = 1; n < 4; n++) {
		look(f, 1);
		for (uint32_t row = 3; row < HALF; row++) /* three idle ones are not worth it */
			count_row(f, row, 10 + n);
	}
	assert_int_equal(used(f).used, HALF);
	assert_int_equal(used(f).retired, 0);
}

static void what_comes_before_the_new_generation_is_counted(void **state)
{
	struct fixture *f = *state;

	fill(f, HALF);
	look(f, 2);
	count_row(f, 1, 17);
	look(f, 1);
	assert_sums(f, HALF / 2 * 10 + 7, HALF / 2 * 10);
}

static void a_pair_that_comes_back_goes_on(void **state)
{
	struct fixture *f = *state;
	struct rows rows = fill(f, HALF);

	look(f, 3);
	count_pair(f, 40, tag(&rows, 1), 5);
	assert_sums(f, HALF / 2 * 10 + 5, HALF / 2 * 10);
	/* Its name is not given away meanwhile: there are two. */
	count_pair(f, 41, weir_pair_tag(rows.counter, WEIR_IDENTITY_WORLD, rows.identity), 3);
	assert_int_equal(pair_packets(f, "world", "shop/a"), 0);
	assert_int_equal(pair_packets(f, "other", ""), 3);
}

static void what_an_earlier_agent_retired_is_freed(void **state)
{
	struct fixture *f = *state;

	fill(f, HALF);
	look(f, 2);
	reclaim_free(&f->agent.reclaim);
	f->agent.reclaim = (struct reclaim){};
	look(f, 2);
	assert_int_equal(used(f).used, 0);
	assert_sums(f, HALF / 2 * 10, HALF / 2 * 10);
}

/* The agent ends when what rows had counted is saved, and before they are wiped. */
static void what_is_carried_and_not_wiped_counts_once(void **state)
{
	struct fixture *f = *state;
	char directory[] = "/tmp/weir-reclaim-XXXXXX";
	struct pairs_reading reading;
	struct error error = {};

	assert_non_null(mkdtemp(directory));
	numberings_free(&f->agent.state.numbers);
	state_open(directory, &f->agent.ledger, &f->agent.state, &error);
	fill(f, HALF);
	look(f, 2);
	assert_int_equal(pairs_read(&f->agent, &reading), 0);
	vec_for_each (row, &reading.accounts.pairs)
		pairs_carry(&f->agent, row);
	pairs_reading_free(&reading);
	assert_int_equal(state_save(&f->agent.state, &error), 0);

	state_free(&f->agent.state);
	ledger_free(&f->agent.ledger);
	f->agent.ledger = (struct ledger){};
	state_open(directory, &f->agent.ledger, &f->agent.state, &error);
	reclaim_leftovers(&f->agent);
	assert_int_equal(used(f).used, 0);
	assert_sums(f, HALF / 2 * 10, HALF / 2 * 10);
	assert_int_equal(state_save(&f->agent.state, &error), 0);
	assert_int_equal(f->agent.ledger.leaving.n, 0);
	unlink(f->agent.state.path);
	rmdir(directory);
}

static int teardown_all(void **state)
{
	struct fixture *f = *state;

	reclaim_free(&f->agent.reclaim);
	return teardown(state);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_table_with_room_is_left_alone),
		TEST(idle_rows_are_retired_then_freed_and_the_sums_stay),
		TEST(what_counts_keeps_its_row),
		TEST(a_table_that_is_busy_is_left_alone),
		TEST(what_comes_before_the_new_generation_is_counted),
		TEST(a_pair_that_comes_back_goes_on),
		TEST(what_an_earlier_agent_retired_is_freed),
		TEST(what_is_carried_and_not_wiped_counts_once),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	return cmocka_run_group_tests_name("agent/reclaim", tests, NULL, NULL);
}
