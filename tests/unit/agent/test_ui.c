// SPDX-License-Identifier: BSD-2-Clause
/* Whom the service map answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/ui.h"

static void addresses_and_localhost_are_our_names(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "127.0.0.1:9965", "localhost",   "LocalHost:1",
					     "[::1]",	  "[::1]:9965",	    "192.0.2.7:80" };

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		assert_true(ui_host_is_ours(hosts[i]));
}

static void a_name_that_somebody_else_may_own_is_not(void **state)
{
	static const char *const hosts[] = { "",
					     "evil.example",
					     "evil.example:9965",
					     "localhost.evil.example",
					     "127.0.0.1.evil.example",
					     ":9965",
					     "[::1].evil.example",
					     "[::1",
					     "[evil.example]",
					     "0x7f.1",
					     "localhost@evil.example",
					     "::1" };

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		assert_false(ui_host_is_ours(hosts[i]));
}

static void only_loopback_addresses_are_loopback(void **state)
{
	assert_true(ui_is_loopback("127.0.0.1:9965"));
	assert_true(ui_is_loopback("127.9.9.9:9965"));
	assert_true(ui_is_loopback("[::1]:9965"));
	assert_false(ui_is_loopback("0.0.0.0:9965"));
	assert_false(ui_is_loopback("[::]:9965"));
	assert_false(ui_is_loopback(":9965"));
	assert_false(ui_is_loopback("192.0.2.7:9965"));
	assert_false(ui_is_loopback("[fe80::1]:9965"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_localhost_are_our_names),
		cmocka_unit_test(a_name_that_somebody_else_may_own_is_not),
		cmocka_unit_test(only_loopback_addresses_are_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
