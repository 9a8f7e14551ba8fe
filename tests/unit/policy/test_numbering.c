// SPDX-License-Identifier: BSD-2-Clause
#include "unit/policy/fixture.h"

static void same_key_keeps_its_number(void **state)
{
	_cleanup_(numbering_freep) struct numbering *n = numbering_new(16, 100);

	assert_int_equal(numbering_get(n, "a", 0), 16);
	assert_int_equal(numbering_get(n, "b", 0), 17);
	assert_int_equal(numbering_get(n, "a", 0), 16);
	assert_int_equal(numbering_count(n), 2);
	assert_int_equal(numbering_changes(n), 2);
	assert_int_equal(numbering_end(n), 18);
	assert_string_equal(numbering_key(n, 17), "b");
}

static void unknown_numbers_and_keys_are_not_found(void **state)
{
	_cleanup_(numbering_freep) struct numbering *n = numbering_new(16, 100);
	uint32_t number = 7;

	assert_null(numbering_key(n, 0));
	assert_null(numbering_key(n, 15));
	assert_null(numbering_key(n, 16));
	assert_null(numbering_key(n, UINT32_MAX));
	assert_false(numbering_find(n, "a", &number));
	assert_int_equal(number, 7);
	assert_int_equal(numbering_end(n), 16);
	numbering_get(n, "a", 0);
	assert_true(numbering_find(n, "a", &number));
	assert_int_equal(number, 16);
}

static void a_full_numbering_overflows_and_keeps_what_it_has(void **state)
{
	_cleanup_(numbering_freep) struct numbering *n = numbering_new(1, 3);

	assert_int_equal(numbering_get(n, "a", 99), 1);
	assert_int_equal(numbering_get(n, "b", 99), 2);
	assert_int_equal(numbering_get(n, "c", 99), 99);
	assert_int_equal(numbering_get(n, "a", 99), 1);
	assert_int_equal(numbering_count(n), 2);
	assert_int_equal(numbering_changes(n), 2);
}

static void restored_numbers_are_kept_and_gaps_are_filled(void **state)
{
	_cleanup_(numbering_freep) struct numbering *n = numbering_new(0, 4);

	assert_int_equal(numbering_restore(n, "old", 1), 0);
	assert_int_equal(numbering_restore(n, "last", 3), 0);
	assert_int_equal(numbering_end(n), 4);
	assert_int_equal(numbering_get(n, "old", 9), 1);
	assert_int_equal(numbering_get(n, "x", 9), 0);
	assert_int_equal(numbering_get(n, "y", 9), 2);
	assert_int_equal(numbering_get(n, "z", 9), 9);
}

static void a_taken_key_or_number_is_not_restored(void **state)
{
	_cleanup_(numbering_freep) struct numbering *n = numbering_new(16, 20);

	assert_int_equal(numbering_restore(n, "a", 15), -ERANGE);
	assert_int_equal(numbering_restore(n, "a", 20), -ERANGE);
	assert_int_equal(numbering_restore(n, "a", 17), 0);
	assert_int_equal(numbering_restore(n, "a", 18), -EEXIST);
	assert_int_equal(numbering_restore(n, "b", 17), -EEXIST);
	assert_int_equal(numbering_count(n), 1);
}

/* At the time now, with the numbers 16 and 17 used or not. */
static size_t prune(struct numbering *n, uint64_t now, bool first, bool second)
{
	const bool used[18] = { [16] = first, [17] = second };
	bool due[18] = {};
	size_t count = numbering_due(n, &(struct numbering_prune){ .used = used, .now = now, .patience = 10 }, due);

	for (uint32_t number = 16; number < 18; number++) {
		if (due[number])
			numbering_forget(n, number);
	}
	return count;
}

static void what_is_unused_for_long_is_freed_and_given_again(void **state)
{
	_cleanup_(numbering_freep) struct numbering *n = numbering_new(16, 18);

	numbering_get(n, "a", 0);
	numbering_get(n, "b", 0);
	assert_int_equal(prune(n, 100, true, false), 0);
	assert_int_equal(prune(n, 109, true, false), 0);
	assert_int_equal(numbering_get(n, "c", 0), 0);
	assert_int_equal(prune(n, 110, true, false), 1);
	assert_null(numbering_key(n, 17));
	assert_int_equal(numbering_count(n), 1);
	assert_int_equal(numbering_changes(n), 3);
	assert_int_equal(numbering_get(n, "c", 0), 17);
	assert_int_equal(numbering_get(n, "a", 0), 16);
}

static void what_is_used_again_is_kept(void **state)
{
	_cleanup_(numbering_freep) struct numbering *n = numbering_new(16, 18);

	numbering_get(n, "a", 0);
	numbering_get(n, "b", 0);
	assert_int_equal(prune(n, 100, false, false), 0);
	assert_int_equal(prune(n, 105, true, true), 0);
	assert_int_equal(prune(n, 110, false, true), 0);
	assert_int_equal(prune(n, 119, false, true), 0);
	assert_int_equal(prune(n, 120, false, true), 1);
	assert_null(numbering_key(n, 16));
}

static void the_first_title_stays_for_as_long_as_the_number(void **state)
{
	_cleanup_(numbering_freep) struct numbering *n = numbering_new(16, 18);

	numbering_get(n, "a", 0);
	assert_null(numbering_title(n, 16));
	assert_null(numbering_title(n, 17));
	numbering_set_title(n, 17, "nobody");
	assert_int_equal(numbering_changes(n), 1);
	numbering_set_title(n, 16, "shop/a");
	assert_int_equal(numbering_changes(n), 2);
	numbering_set_title(n, 16, "shop/b");
	assert_string_equal(numbering_title(n, 16), "shop/a");
	assert_int_equal(numbering_changes(n), 2);
	numbering_forget(n, 16);
	numbering_get(n, "b", 0);
	assert_null(numbering_title(n, 16));
}

static void the_kernels_numberings_leave_the_reserved_numbers_out(void **state)
{
	struct numberings n;

	numberings_init(&n);
	assert_int_equal(numbering_get(n.identities, "a", 0), WEIR_IDENTITY_FIRST);
	assert_int_equal(numbering_get(n.counters, "a", 0), 1);
	assert_int_equal(numbering_get(n.buckets, "a", 9), 0);
	numberings_free(&n);
	assert_null(n.identities);
	numberings_free(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_key_keeps_its_number),
		cmocka_unit_test(unknown_numbers_and_keys_are_not_found),
		cmocka_unit_test(a_full_numbering_overflows_and_keeps_what_it_has),
		cmocka_unit_test(restored_numbers_are_kept_and_gaps_are_filled),
		cmocka_unit_test(a_taken_key_or_number_is_not_restored),
		cmocka_unit_test(what_is_unused_for_long_is_freed_and_given_again),
		cmocka_unit_test(what_is_used_again_is_kept),
		cmocka_unit_test(the_first_title_stays_for_as_long_as_the_number),
		cmocka_unit_test(the_kernels_numberings_leave_the_reserved_numbers_out),
	};

	return cmocka_run_group_tests_name("policy/numbering", tests, NULL, NULL);
}
