/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "object/labels.h"

#define VALUES_MAX 4

struct requirement {
	const char *key;
	enum selector_operator word;
	const char *values[VALUES_MAX];
};

struct selector_case {
	const char *name;
	struct requirement requirements[3];
	const char *canonical;
	const char *matching[4]; /* "app=web,tier=" */
	const char *others[4];
};

static const struct selector_case cases[] = {
	{ "no requirement matches everything", {}, "", { "", "app=web" }, {} },
	{ "In wants one of its values",
	  { { "app", SELECTOR_IN, { "web", "api" } } },
	  "app in (api,web)",
	  { "app=web", "app=api", "app=web,x=y" },
	  { "", "app=db", "app=", "appx=web" } },
	{ "In with the empty value wants the label to be there",
	  { { "app", SELECTOR_IN, { "" } } },
	  "app in ()",
	  { "app=" },
	  { "", "app=x" } },
	{ "NotIn is content without the label",
	  { { "app", SELECTOR_NOT_IN, { "web" } } },
	  "app notin (web)",
	  { "", "app=db", "app=", "other=web" },
	  { "app=web" } },
	{ "Exists wants the label with any value",
	  { { "app", SELECTOR_EXISTS, {} } },
	  "app",
	  { "app=", "app=x" },
	  { "", "a=app", "apps=" } },
	{ "DoesNotExist wants no such label",
	  { { "app", SELECTOR_DOES_NOT_EXIST, {} } },
	  "!app",
	  { "", "apps=x" },
	  { "app=", "app=x" } },
	{ "all requirements must hold",
	  { { "tier", SELECTOR_EXISTS, {} }, { "app", SELECTOR_IN, { "web" } }, { "app", SELECTOR_NOT_IN, { "db" } } },
	  "app in (web),app notin (db),tier",
	  { "app=web,tier=1" },
	  { "app=web", "tier=1", "app=db,tier=1" } },
	{ "two that exclude each other match nothing",
	  { { "app", SELECTOR_IN, { "a" } }, { "app", SELECTOR_IN, { "b" } } },
	  "app in (a),app in (b)",
	  {},
	  { "app=a", "app=b", "" } },
	{ "what is said twice is said once",
	  { { "app", SELECTOR_IN, { "b", "a", "b" } }, { "app", SELECTOR_IN, { "a", "b" } } },
	  "app in (a,b)",
	  { "app=a", "app=b" },
	  { "app=c" } },
};

static void parse_labels(const char *text, struct labels *ret)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL;

	for (char *pair = strtok_r(copy, ",", &save); pair; pair = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(pair, '=');

		*equals = '\0';
		labels_set(ret, pair, equals + 1);
	}
}

static bool matches(const struct selector *selector, const char *text)
{
	struct labels labels = {};
	bool result;

	parse_labels(text, &labels);
	result = selector_matches(selector, &labels);
	labels_free(&labels);
	return result;
}

static void build(const struct selector_case *from, struct selector *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(from->requirements) && from->requirements[i].key; i++) {
		const struct requirement *wanted = &from->requirements[i];
		struct selector_requirement requirement = {};

		requirement.key = xstrdup(wanted->key);
		requirement.operator= wanted->word;
		for (size_t j = 0; j < VALUES_MAX && wanted->values[j]; j++)
			vec_push(&requirement.values, xstrdup(wanted->values[j]));
		vec_push(&ret->requirements, requirement);
	}
	selector_sort(ret);
}

static void test_selector(void **state)
{
	const struct selector_case *selector_case = *state;
	_cleanup_free_ char *canonical = NULL;
	struct selector selector = {};

	build(selector_case, &selector);
	canonical = selector_format(&selector);
	assert_string_equal(canonical, selector_case->canonical);
	for (size_t i = 0; i < 4 && selector_case->matching[i]; i++) {
		if (!matches(&selector, selector_case->matching[i]))
			fail_msg("\"%s\" does not match", selector_case->matching[i]);
	}
	for (size_t i = 0; i < 4 && selector_case->others[i]; i++) {
		if (matches(&selector, selector_case->others[i]))
			fail_msg("\"%s\" matches", selector_case->others[i]);
	}
	selector_free(&selector);
	assert_int_equal(selector.requirements.n, 0);
}

static void test_labels_are_sorted_and_distinct(void **state)
{
	struct labels labels = {};

	parse_labels("m=1,z=2,a=3,m=4,b=5", &labels);
	assert_int_equal(labels.list.n, 4);
	for (size_t i = 1; i < labels.list.n; i++)
		assert_true(strcmp(labels.list.items[i - 1].key, labels.list.items[i].key) < 0);
	assert_string_equal(labels_get(&labels, "m"), "4");
	assert_string_equal(labels_get(&labels, "a"), "3");
	assert_null(labels_get(&labels, "c"));
	labels_set(&labels, "a", labels_get(&labels, "z"));
	assert_string_equal(labels_get(&labels, "a"), "2");
	labels_free(&labels);
}

static void test_copies_are_equal_and_independent(void **state)
{
	struct labels labels = {}, copy = {};

	parse_labels("a=1,b=2", &labels);
	parse_labels("old=1", &copy);
	labels_copy(&copy, &labels);
	assert_true(labels_equal(&labels, &copy));
	labels_set(&copy, "b", "3");
	assert_false(labels_equal(&labels, &copy));
	assert_string_equal(labels_get(&labels, "b"), "2");
	labels_copy(&labels, &copy);
	labels_set(&labels, "c", "");
	assert_false(labels_equal(&labels, &copy));
	labels_copy(&labels, &labels);
	assert_int_equal(labels.list.n, 3);
	labels_free(&labels);
	labels_free(&copy);
	assert_true(labels_equal(&labels, &copy));
}

#define N_OTHERS 2

int main(void)
{
	static struct CMUnitTest tests[ARRAY_SIZE(cases) + N_OTHERS] = {
		{ "labels stay sorted, each key once", test_labels_are_sorted_and_distinct, NULL, NULL, NULL },
		{ "a copy is equal and stands alone", test_copies_are_equal_and_independent, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tests[N_OTHERS + i] =
			(struct CMUnitTest){ cases[i].name, test_selector, NULL, NULL, (void *)&cases[i] };
	return cmocka_run_group_tests_name("object: labels and selectors", tests, NULL, NULL);
}
