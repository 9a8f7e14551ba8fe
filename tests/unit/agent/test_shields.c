// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/shields.h"

static addr_list addresses(const char *const *texts)
{
	addr_list list = {};
	struct addr addr;

	for (; *texts; texts++) {
		assert_int_equal(addr_parse(*texts, &addr), 0);
		vec_push(&list, addr);
	}
	return list;
}

static void take(struct shields *shields, const char *const *texts)
{
	addr_list up = addresses(texts);

	shields_take(shields, &up);
}

static void a_shield_that_stays_up_is_raised_once(void **state)
{
	struct shields shields = {};

	take(&shields, (const char *const[]){ "192.0.2.2", "192.0.2.1", NULL });
	assert_int_equal(shields.raised, 2);
	take(&shields, (const char *const[]){ "192.0.2.1", "192.0.2.2", NULL });
	assert_int_equal(shields.raised, 2);
	assert_int_equal(shields.up.n, 2);
	shields_free(&shields);
}

static void a_shield_that_comes_back_is_raised_again(void **state)
{
	struct shields shields = {};

	take(&shields, (const char *const[]){ "fd00::1", NULL });
	take(&shields, (const char *const[]){ NULL });
	assert_int_equal(shields.up.n, 0);
	take(&shields, (const char *const[]){ "fd00::1", "192.0.2.1", NULL });
	assert_int_equal(shields.raised, 3);
	assert_int_equal(shields.up.items[0].family, WEIR_IPV4);
	shields_free(&shields);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shield_that_stays_up_is_raised_once),
		cmocka_unit_test(a_shield_that_comes_back_is_raised_again),
	};

	return cmocka_run_group_tests_name("shields", tests, NULL, NULL);
}
