// SPDX-License-Identifier: BSD-2-Clause
/* What a counter or a bucket stands for, under the policy of now and after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/interned.h"
#include "base/vec.h"
#include "observe/rulebook.h"
#include "weir/maps.h"

#define COUNTER 7u
#define BUCKET	3u

static void learn(struct rulebook *book, uint32_t counter, char *policy)
{
	struct rule_ref rule = { .kind = KIND_NETWORK_POLICY, .namespace = "shop", .policy = policy, .rule = "0" };
	struct limit_info limit = {
		.bucket = BUCKET,
		.rule = rule,
		.limit = { .unit = LIMIT_PACKETS, .rate_milli = 2500 },
	};
	struct decision_info decision = { .counter = counter, .rules = { .items = &rule, .n = 1 } };
	const struct compiled compiled = {
		.decisions = { .items = &decision, .n = 1 },
		.limits = { .items = &limit, .n = 1 },
	};

	rulebook_learn(book, &compiled);
}

static void assert_policy(const struct rulebook *book, uint32_t counter, const char *policy)
{
	struct event event = {};

	rulebook_name_counter(book, counter, &event);
	assert_int_equal(event.n_policies, policy ? 1 : 0);
	if (policy) {
		assert_string_equal(event.policies[0].kind, "NetworkPolicy");
		assert_string_equal(event.policies[0].namespace, "shop");
		assert_string_equal(event.policies[0].policy, policy);
		assert_string_equal(event.policies[0].rule, "0");
	}
	event_free(&event);
}

static void a_counter_keeps_its_rules_when_the_policy_goes(void **state)
{
	struct rulebook book = {};

	learn(&book, COUNTER, "first");
	assert_policy(&book, COUNTER, "first");
	learn(&book, COUNTER + 1, "second");
	assert_policy(&book, COUNTER, "first");
	assert_policy(&book, COUNTER + 1, "second");
	rulebook_free(&book);
	assert_int_equal(interned_count(), 0);
}

static void a_number_that_is_given_to_others_is_theirs(void **state)
{
	struct rulebook book = {};

	learn(&book, COUNTER, "first");
	learn(&book, COUNTER, "second");
	assert_policy(&book, COUNTER, "second");
	rulebook_free(&book);
}

static void a_number_that_nobody_knows_names_nobody(void **state)
{
	struct rulebook book = {};

	learn(&book, COUNTER, "first");
	assert_policy(&book, COUNTER - 1, NULL);
	assert_policy(&book, COUNTER + 1, NULL);
	assert_policy(&book, WEIR_COUNTER_NONE, NULL);
	learn(&book, WEIR_COUNTER_OVERFLOW, "shared");
	assert_policy(&book, WEIR_COUNTER_OVERFLOW, NULL);
	rulebook_free(&book);
}

static void a_bucket_is_a_limit_of_a_rule(void **state)
{
	struct rulebook book = {};
	struct event event = {};

	learn(&book, COUNTER, "first");
	rulebook_name_bucket(&book, BUCKET, &event);
	assert_string_equal(event.limit, "2.5 packetsPerSecond");
	assert_int_equal(event.n_policies, 1);
	assert_string_equal(event.policies[0].policy, "first");
	event_free(&event);
	rulebook_free(&book);
	assert_int_equal(interned_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_counter_keeps_its_rules_when_the_policy_goes),
		cmocka_unit_test(a_number_that_is_given_to_others_is_theirs),
		cmocka_unit_test(a_number_that_nobody_knows_names_nobody),
		cmocka_unit_test(a_bucket_is_a_limit_of_a_rule),
	};

	return cmocka_run_group_tests_name("rulebook", tests, NULL, NULL);
}
