// SPDX-License-Identifier: BSD-2-Clause
/* What the compiler can't do it says in words, and hands out nothing. */
#include "unit/policy/fixture.h"

#define POD(name, app, addr)                                                                                        \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: " name ", labels: {app: " app "}}, status: " \
	"{podIP: " addr "}}\n---\n"
#define TRAFFIC_POLICY(name, spec)                                                                     \
	"{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: shop, name: " name \
	"}, spec: {" spec "}}\n---\n"
#define RULE(rule) "podSelector: {}, ingress: [{" rule "}]"

/* What can't be enforced, and the words for it. */
static const struct {
	const char *yaml;
	int code;
	const char *text;
} refused[] = {
	{ POD("a", "a", "10.0.0.1") TRAFFIC_POLICY("t", RULE("name: x, limits: [{maxConnections: 5}]"))
		  TRAFFIC_POLICY("u", RULE("limits: [{maxConnections: 5, per: Address}, {maxConnections: 6}]")),
	  -E2BIG,
	  "TrafficPolicy shop/u ingress [0] limit 1: more than 2 limits in maxConnections apply to the same traffic "
	  "(merge some rules)" },
	{ POD("a", "a", "10.0.0.1") TRAFFIC_POLICY("t", RULE("name: x, limits: [{maxConnections: 268435456}]")),
	  -ERANGE,
	  "TrafficPolicy shop/t ingress x limit 0: maxConnections of 268435456 is more than can be counted (at most "
	  "268435455)" },
	{ POD("a", "a", "10.0.0.1") TRAFFIC_POLICY(
		  "t", RULE("limits: [{packetsPerSecond: 1}, {packetsPerSecond: 2}, {packetsPerSecond: 3}]"))
		  TRAFFIC_POLICY("u", RULE("limits: [{packetsPerSecond: 4}, {packetsPerSecond: 5}]")),
	  -E2BIG,
	  "TrafficPolicy shop/u ingress [0] limit 1: more than 4 limits apply to the same traffic (merge some rules)" },
	{ POD("a", "a", "10.0.0.1") TRAFFIC_POLICY("t", RULE("name: x, limits: [{packetsPerSecond: 1m}]")), -ERANGE,
	  "TrafficPolicy shop/t ingress x limit 0: a rate of 1/1000 per second is too low (at least 4/1000)" },
};

static void what_can_not_be_enforced_is_refused_in_words(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct error error = {};
		struct fixture f;

		fixture_read(&f, refused[i].yaml, NULL);
		assert_int_equal(compile(&f.world, &f.numberings, 1, IMAGE_WORDS, &f.compiled, &error),
				 refused[i].code);
		assert_null(f.compiled);
		assert_string_equal(error.text, refused[i].text);
		assert_int_equal(error.code, refused[i].code);
		fixture_free(&f);
	}
}

static void an_image_beyond_its_capacity_is_refused(void **state)
{
	static const uint32_t too_small[] = { 0, 19, 20, 100, 3000, 4095 };
	struct error error = {};
	struct fixture f;

	fixture_read(&f, POD("a", "a", "10.0.0.1") TRAFFIC_POLICY("t", RULE("limits: [{packetsPerSecond: 1}]")), NULL);
	for (size_t i = 0; i < ARRAY_SIZE(too_small); i++)
		assert_int_equal(compile(&f.world, &f.numberings, 1, too_small[i], &f.compiled, &error), -E2BIG);
	assert_null(f.compiled);
	assert_int_equal(compile(&f.world, &f.numberings, 1, 4096, &f.compiled, &error), 0);
	assert_string_equal(error.text, "policy: the compiled image is larger than 4095 words (raise its capacity)");
	fixture_free(&f);
}

static void a_limit_without_a_bucket_is_refused(void **state)
{
	struct error error = {};
	struct fixture f;

	fixture_read(&f,
		     POD("a", "a", "10.0.0.1")
			     TRAFFIC_POLICY("t", RULE("limits: [{packetsPerSecond: 1}, {bytesPerSecond: 1}]")),
		     NULL);
	numbering_free(f.numberings.buckets);
	f.numberings.buckets = numbering_new(0, 1);
	assert_int_equal(compile(&f.world, &f.numberings, 1, IMAGE_WORDS, &f.compiled, &error), -ENOSPC);
	assert_null(f.compiled);
	fixture_free(&f);
}

static void an_identity_without_a_number_is_refused(void **state)
{
	struct error error = {};
	struct fixture f;

	fixture_read(&f, POD("a", "a", "10.0.0.1") POD("b", "b", "10.0.0.2"), NULL);
	numbering_free(f.numberings.identities);
	f.numberings.identities = numbering_new(WEIR_IDENTITY_FIRST, WEIR_IDENTITY_FIRST + 1);
	assert_int_equal(compile(&f.world, &f.numberings, 1, IMAGE_WORDS, &f.compiled, &error), -ENOSPC);
	assert_null(f.compiled);
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_not_be_enforced_is_refused_in_words),
		cmocka_unit_test(an_image_beyond_its_capacity_is_refused),
		cmocka_unit_test(a_limit_without_a_bucket_is_refused),
		cmocka_unit_test(an_identity_without_a_number_is_refused),
	};

	return cmocka_run_group_tests_name("policy/refused", tests, NULL, NULL);
}
