/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/vec.h"
#include "object/names.h"
#include "object/node.h"
#include "object/quantity.h"

#define REFUSED UINT64_MAX

static void test_quantities(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t milli;
	} cases[] = {
		{ "0", 0, 0 },
		{ "1", 0, 1000 },
		{ "+1", 0, 1000 },
		{ "100", 0, 100000 },
		{ "0.5", 0, 500 },
		{ ".5", 0, 500 },
		{ "5.", 0, 5000 },
		{ "500m", 0, 500 },
		{ "0.0001", 0, 1 },
		{ "1.0001", 0, 1001 },
		{ "100u", 0, 1 },
		{ "1000u", 0, 1 },
		{ "1001u", 0, 2 },
		{ "1n", 0, 1 },
		{ "10k", 0, 10000000 },
		{ "1.5k", 0, 1500000 },
		{ "1M", 0, 1000000000 },
		{ "2G", 0, 2000000000000 },
		{ "1T", 0, 1000000000000000 },
		{ "1P", 0, 1000000000000000000 },
		{ "18P", 0, 18000000000000000000ull },
		{ "18446744073709551", 0, 18446744073709551000ull },
		{ "18446744073709552", -ERANGE, 0 },
		{ "1Ki", 0, 1024000 },
		{ "5Mi", 0, 5242880000 },
		{ "0.5Mi", 0, 524288000 },
		{ "1Gi", 0, 1073741824000 },
		{ "1Ti", 0, 1099511627776000 },
		{ "1Pi", 0, 1125899906842624000 },
		{ "1e3", 0, 1000000 },
		{ "1E3", 0, 1000000 },
		{ "1e+3", 0, 1000000 },
		{ "12e-1", 0, 1200 },
		{ "1.5e3", 0, 1500000 },
		{ "1e-400", 0, 1 },
		{ "0e9999", 0, 0 },
		{ "-0", 0, 0 },
		{ "0000000000000000000000000000000000010", 0, 10000 },
		{ "0.0000000000000000000000000000000001", 0, 1 },
		{ "1.0000000000000000000000000000000001", 0, 1001 },
		{ "-1", -ERANGE, 0 },
		{ "-1m", -ERANGE, 0 },
		{ "1E", -ERANGE, 0 },
		{ "1Ei", -ERANGE, 0 },
		{ "19P", -ERANGE, 0 },
		{ "1e30", -ERANGE, 0 },
		{ "1e999999999999", -ERANGE, 0 },
		{ "99999999999999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ ".", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "k", -EINVAL, 0 },
		{ "10K", -EINVAL, 0 },
		{ "10ki", -EINVAL, 0 },
		{ "10kk", -EINVAL, 0 },
		{ "10 k", -EINVAL, 0 },
		{ " 10", -EINVAL, 0 },
		{ "10 ", -EINVAL, 0 },
		{ "1e", -EINVAL, 0 },
		{ "1e+", -EINVAL, 0 },
		{ "1e3k", -EINVAL, 0 },
		{ "1.2.3", -EINVAL, 0 },
		{ "--1", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "inf", -EINVAL, 0 },
		{ ".inf", -EINVAL, 0 },
		{ "1,000", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t milli = REFUSED;
		int r = quantity_parse(cases[i].text, &milli);
		uint64_t expected = cases[i].result == 0 ? cases[i].milli : REFUSED;
		if (r != cases[i].result || milli != expected)
			fail_msg("\"%s\": result %d, %llu thousandths", cases[i].text, r, (unsigned long long)milli);
	}
}

struct name_case {
	const char *text;
	bool good;
};

static void check_names(const char *(*check)(const char *), const struct name_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *complaint = check(cases[i].text);

		if (!complaint != cases[i].good)
			fail_msg("\"%s\": %s", cases[i].text, complaint ? complaint : "accepted");
		if (complaint)
			assert_memory_equal(complaint, "must be ", 8);
	}
}

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_labels(void **state)
{
	static const struct name_case cases[] = {
		{ "a", true },	    { "a-b", true },  { "0", true },	{ "a--b", true },      { A63, true },
		{ A63 "a", false }, { "", false },    { "-a", false },	{ "a-", false },       { "A", false },
		{ "a.b", false },   { "a_b", false }, { "a b", false }, { "\xc3\xa9", false },
	};

	check_names(name_check_label, cases, ARRAY_SIZE(cases));
}

static void test_subdomains(void **state)
{
	static const struct name_case cases[] = {
		{ "a", true },
		{ "a.b-c.0", true },
		{ A63 "a", true },
		{ "", false },
		{ ".", false },
		{ "a.", false },
		{ ".a", false },
		{ "a..b", false },
		{ "a.-b", false },
		{ "a.B", false },
		{ "a_b", false },
		{ A63 "." A63 "." A63 "." A63, false },
		{ A63 "." A63 "." A63 ".aaaaaaaaaa", true },
	};

	check_names(name_check_subdomain, cases, ARRAY_SIZE(cases));
}

static void test_keys_and_values(void **state)
{
	static const struct name_case keys[] = {
		{ "app", true },    { "App_1.x-y", true },   { "example.com/app", true },
		{ "a/" A63, true }, { "", false },	     { "/a", false },
		{ "a/", false },    { "a/b/c", false },	     { "Example.com/a", false },
		{ "-a", false },    { "a/" A63 "a", false }, { "a b", false },
	};
	static const struct name_case values[] = {
		{ "", true },	 { "a", true },	  { "V1.2_3-x", true }, { A63, true },	  { A63 "a", false },
		{ ".a", false }, { "a_", false }, { "a/b", false },	{ "a b", false }, { "\n", false },
	};

	check_names(name_check_label_key, keys, ARRAY_SIZE(keys));
	check_names(name_check_label_value, values, ARRAY_SIZE(values));
}

static void test_ports(void **state)
{
	static const struct name_case cases[] = {
		{ "http", true },  { "a", true },     { "h2-c", true }, { "123a", true }, { "a23456789012345", true },
		{ "", false },	   { "80", false },   { "1-2", false }, { "-a", false },  { "a-", false },
		{ "a--b", false }, { "HTTP", false }, { "a_b", false }, { "a.b", false }, { "a234567890123456", false },
	};

	check_names(name_check_port, cases, ARRAY_SIZE(cases));
}

static void test_interfaces(void **state)
{
	static const struct name_case cases[] = {
		{ "veth0", true },
		{ "eth0.100", true },
		{ "a23456789012345", true },
		{ "wg-home", true },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ "a/b", false },
		{ "a b", false },
		{ "a\tb", false },
		{ "a234567890123456", false },
		{ "eth0:1", false },
		{ "a\x1b[0m", false },
	};

	check_names(name_check_interface, cases, ARRAY_SIZE(cases));
}

static void test_scalars(void **state)
{
	static const struct {
		const char *text;
		enum scalar_type type;
	} cases[] = {
		{ "", SCALAR_NULL },
		{ "~", SCALAR_NULL },
		{ "null", SCALAR_NULL },
		{ "true", SCALAR_BOOL },
		{ "False", SCALAR_BOOL },
		{ "yes", SCALAR_STRING },
		{ "on", SCALAR_STRING },
		{ "tRue", SCALAR_STRING },
		{ "0", SCALAR_INTEGER },
		{ "-12", SCALAR_INTEGER },
		{ "+12", SCALAR_INTEGER },
		{ "0x1F", SCALAR_INTEGER },
		{ "0o17", SCALAR_INTEGER },
		{ "0o8", SCALAR_STRING },
		{ "0x", SCALAR_STRING },
		{ "1.5", SCALAR_FLOAT },
		{ ".5", SCALAR_FLOAT },
		{ "5.", SCALAR_FLOAT },
		{ "1e3", SCALAR_FLOAT },
		{ "-1.5E-3", SCALAR_FLOAT },
		{ ".inf", SCALAR_FLOAT },
		{ "-.INF", SCALAR_FLOAT },
		{ ".nan", SCALAR_FLOAT },
		{ ".", SCALAR_STRING },
		{ "1e", SCALAR_STRING },
		{ "1.2.3", SCALAR_STRING },
		{ "-", SCALAR_STRING },
		{ "10k", SCALAR_STRING },
		{ "1_000", SCALAR_STRING },
		{ "10.0.0.1", SCALAR_STRING },
		{ "2026-01-02", SCALAR_STRING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (scalar_type_of(cases[i].text) != cases[i].type)
			fail_msg("\"%s\" is of type %d", cases[i].text, scalar_type_of(cases[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "quantities are read as Kubernetes does", test_quantities, NULL, NULL, NULL },
		{ "RFC 1123 labels are told from others", test_labels, NULL, NULL, NULL },
		{ "RFC 1123 subdomains are told from others", test_subdomains, NULL, NULL, NULL },
		{ "label keys and values are told from others", test_keys_and_values, NULL, NULL, NULL },
		{ "port names are told from others", test_ports, NULL, NULL, NULL },
		{ "interface names are told from others", test_interfaces, NULL, NULL, NULL },
		{ "plain scalars have the types of YAML's core schema", test_scalars, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("object: words and numbers", tests, NULL, NULL);
}
