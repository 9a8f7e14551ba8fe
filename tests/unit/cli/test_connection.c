// SPDX-License-Identifier: BSD-2-Clause
/* TO:PORT[/PROTO], right and wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/vec.h"
#include "cli/connection.h"

struct target_case {
	const char *sentence;
	const char *text;
	const char *to; /* NULL: refused */
	const char *port;
	const char *protocol; /* of a refused one: what is said */
};

static const struct target_case cases[] = {
	{ "a pod and a port mean TCP", "shop/db:5432", "shop/db", "5432", "TCP" },
	{ "a pod, a port and a protocol", "shop/db:53/UDP", "shop/db", "53", "UDP" },
	{ "a pod and a protocol without ports", "shop/db/ICMP", "shop/db", NULL, "ICMP" },
	{ "an IPv4 address", "10.0.0.1:80", "10.0.0.1", "80", "TCP" },
	{ "an IPv4 address and a protocol", "10.0.0.1/47", "10.0.0.1", NULL, "47" },
	{ "an IPv6 address in brackets", "[fd00::1]:80", "fd00::1", "80", "TCP" },
	{ "an IPv6 address, a port and a protocol", "[fd00::1]:53/UDP", "fd00::1", "53", "UDP" },
	{ "an IPv6 address and a protocol", "[fd00::1]/ICMPv6", "fd00::1", NULL, "ICMPv6" },
	{ "a port without digits is left to the agent", "shop/db:", "shop/db", "", "TCP" },
	{ "a pod alone needs a port", "shop/db", NULL, NULL, "needs a port" },
	{ "a pod that is called like a protocol needs a port too", "shop/icmp", NULL, NULL, "needs a port" },
	{ "an address alone needs a port", "10.0.0.1", NULL, NULL, "needs a port" },
	{ "a bracketed address alone needs a port", "[fd00::1]", NULL, NULL, "needs a port" },
	{ "an IPv6 address needs brackets", "fd00::1", NULL, NULL, "brackets" },
	{ "an IPv6 address with a port needs brackets", "fd00::1:80/UDP", NULL, NULL, "brackets" },
	{ "nothing needs a port", "", NULL, NULL, "needs a port" },
};

static void run_case(void **state)
{
	const struct target_case *c = *state;
	struct connection_target target = { 0 };
	struct error error = { 0 };
	int r = connection_target_parse(c->text, &target, &error);

	if (c->to) {
		assert_int_equal(r, 0);
		assert_string_equal(target.to, c->to);
		assert_string_equal(target.port ?: "none", c->port ?: "none");
		assert_string_equal(target.protocol, c->protocol);
	} else {
		assert_true(r < 0);
		assert_non_null(strstr(error.text, c->protocol));
	}
	connection_target_free(&target);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases)] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].sentence,
						.test_func = run_case,
						.initial_state = (void *)&cases[i] };
	return _cmocka_run_group_tests("cli connection", tests, ARRAY_SIZE(tests), NULL, NULL);
}
