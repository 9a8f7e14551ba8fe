/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/vec.h"

struct parse_case {
	const char *text;
	const char *canonical; /* NULL: refused */
};

static void test_addresses(void **state)
{
	static const struct parse_case cases[] = {
		{ "10.1.2.3", "10.1.2.3" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "::", "::" },
		{ "FD00::0:1", "fd00::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "::ffff:10.0.0.1", NULL },
		{ "::ffff:a00:1", NULL },
		{ "10.0.0", NULL },
		{ "10.0.0.256", NULL },
		{ "010.0.0.1", NULL },
		{ " 10.0.0.1", NULL },
		{ "10.0.0.1 ", NULL },
		{ "10.0.0.1/32", NULL },
		{ "fe80::1%eth0", NULL },
		{ "", NULL },
		{ "host", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct addr addr;
		char text[ADDR_TEXT_MAX];
		int r;

		memset(&addr, 0x5a, sizeof(addr));
		r = addr_parse(cases[i].text, &addr);
		if (!cases[i].canonical) {
			assert_int_equal(r, -EINVAL);
			assert_int_equal(addr.bytes[0], 0x5a);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(addr_format(&addr, text), cases[i].canonical);
	}
}

static void test_ipv4_leaves_the_rest_zero(void **state)
{
	static const uint8_t zeros[12];
	struct addr addr;

	memset(&addr, 0xff, sizeof(addr));
	assert_int_equal(addr_parse("1.2.3.4", &addr), 0);
	assert_memory_equal(addr.bytes + 4, zeros, sizeof(zeros));
}

static void test_cidrs(void **state)
{
	static const struct {
		const char *text;
		const char *canonical;
		bool host_bits;
	} cases[] = {
		{ "10.0.0.0/8", "10.0.0.0/8", false },
		{ "10.1.2.3/8", "10.0.0.0/8", true },
		{ "10.1.2.3/32", "10.1.2.3/32", false },
		{ "10.1.2.3/31", "10.1.2.2/31", true },
		{ "0.0.0.0/0", "0.0.0.0/0", false },
		{ "255.255.255.255/0", "0.0.0.0/0", true },
		{ "fd00::/8", "fd00::/8", false },
		{ "fd00::1/127", "fd00::/127", true },
		{ "2001:db8:ffff::/33", "2001:db8:8000::/33", true },
		{ "::1/128", "::1/128", false },
		{ "10.0.0.0", NULL, false },
		{ "10.0.0.0/", NULL, false },
		{ "10.0.0.0/33", NULL, false },
		{ "10.0.0.0/08", NULL, false },
		{ "10.0.0.0/+8", NULL, false },
		{ "10.0.0.0/8/8", NULL, false },
		{ "10.0.0.0/ 8", NULL, false },
		{ "10.0.0.0/1000", NULL, false },
		{ "fd00::/129", NULL, false },
		{ "::ffff:10.0.0.0/104", NULL, false },
		{ "/8", NULL, false },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111/8", NULL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cidr cidr;
		char text[CIDR_TEXT_MAX];
		bool host_bits = !cases[i].host_bits;
		int r = cidr_parse(cases[i].text, &cidr, &host_bits);

		assert_int_equal(r, cases[i].canonical ? 0 : -EINVAL);
		if (r < 0)
			continue;
		assert_string_equal(cidr_format(&cidr, text), cases[i].canonical);
		assert_int_equal(host_bits, cases[i].host_bits);
		assert_int_equal(cidr_parse(cases[i].text, &cidr, NULL), 0);
	}
}

static void test_containment(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool contains;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.255.255/32", true }, { "10.0.0.0/8", "11.0.0.0/32", false },
		{ "10.0.0.0/8", "10.0.0.0/8", true },	     { "10.0.0.0/9", "10.0.0.0/8", false },
		{ "10.128.0.0/9", "10.127.0.0/16", false },  { "0.0.0.0/0", "1.2.3.4/32", true },
		{ "0.0.0.0/0", "::1/128", false },	     { "::/0", "10.0.0.0/8", false },
		{ "fd00::/9", "fd7f::/16", true },	     { "fd00::/9", "fd80::/16", false },
		{ "fd00::1/128", "fd00::1/128", true },	     { "10.0.0.1/32", "10.0.0.2/32", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cidr outer, inner;

		assert_int_equal(cidr_parse(cases[i].outer, &outer, NULL), 0);
		assert_int_equal(cidr_parse(cases[i].inner, &inner, NULL), 0);
		assert_int_equal(cidr_contains_cidr(&outer, &inner), cases[i].contains);
		if (outer.length <= inner.length)
			assert_int_equal(cidr_contains(&outer, &inner.addr), cases[i].contains);
	}
}

static int sign(int r)
{
	return (r > 0) - (r < 0);
}

/* Each is less than all that follow it. */
static void test_order(void **state)
{
	static const char *const ascending[] = {
		"0.0.0.0/0",	  "10.0.0.0/8", "10.0.0.0/16", "10.0.0.1/32",
		"192.168.0.0/16", "::/0",	"fd00::/8",    "fd00::1/128",
	};

	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ascending); j++) {
			struct cidr a, b;

			assert_int_equal(cidr_parse(ascending[i], &a, NULL), 0);
			assert_int_equal(cidr_parse(ascending[j], &b, NULL), 0);
			assert_int_equal(sign(cidr_compare(&a, &b)), (i > j) - (i < j));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "addresses are read strictly and written canonically", test_addresses, NULL, NULL, NULL },
		{ "an IPv4 address leaves the other bytes zero", test_ipv4_leaves_the_rest_zero, NULL, NULL, NULL },
		{ "prefixes are read strictly and lose their host bits", test_cidrs, NULL, NULL, NULL },
		{ "a prefix contains what shares its bits and family", test_containment, NULL, NULL, NULL },
		{ "prefixes sort by family, address and length", test_order, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("base: addresses", tests, NULL, NULL);
}
