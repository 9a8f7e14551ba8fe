// SPDX-License-Identifier: BSD-2-Clause
/* What is written beside a captured packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "observe/packet_comment.h"
#include "weir/maps.h"

#define POD   "shop/db"
#define RULES "NetworkPolicy shop/db rule 0"

static const struct row {
	const char *name;
	uint8_t verdict, reason, direction, xdp;
	uint32_t revision;
	const char *rules, *pod, *comment;
} rows[] = {
	{ "what a rule allows", WEIR_VERDICT_PASS, WEIR_REASON_POLICY_ALLOW, WEIR_INGRESS, 0, 7, RULES, POD,
	  "pass policy-allow: NetworkPolicy shop/db rule 0; ingress of shop/db; revision 7" },
	{ "what a policy isolates from", WEIR_VERDICT_DROP, WEIR_REASON_POLICY_DEFAULT, WEIR_EGRESS, 0, 1,
	  "NetworkPolicy shop/db isolates", POD,
	  "drop policy-default: NetworkPolicy shop/db isolates; egress of shop/db; revision 1" },
	{ "what no rule had a say in", WEIR_VERDICT_DROP, WEIR_REASON_BAD_IPV4, WEIR_EGRESS, 0, 7, NULL, POD,
	  "drop bad-ipv4: IPv4 header is impossible; egress of shop/db; revision 7" },
	{ "what is only audited", WEIR_VERDICT_PASS, WEIR_REASON_AUDIT, WEIR_INGRESS, 0, 7, RULES, POD,
	  "pass audit: would be dropped by NetworkPolicy shop/db rule 0; ingress of shop/db; revision 7" },
	{ "what is audited by a rule that is not known", WEIR_VERDICT_PASS, WEIR_REASON_AUDIT, WEIR_INGRESS, 0, 7, NULL,
	  POD, "pass audit: policy in audit mode would drop it; ingress of shop/db; revision 7" },
	{ "what is answered", WEIR_VERDICT_REJECT, WEIR_REASON_POLICY_DENY, WEIR_INGRESS, 0, 7, RULES, POD,
	  "reject policy-deny: NetworkPolicy shop/db rule 0; ingress of shop/db; revision 7" },
	{ "what ends before an skb is made", WEIR_VERDICT_DROP, WEIR_REASON_POLICY_DENY, WEIR_INGRESS, 1, 7, RULES, POD,
	  "drop policy-deny: NetworkPolicy shop/db rule 0; ingress of shop/db, by XDP; revision 7" },
	{ "whose nobody knows, and no image was asked", WEIR_VERDICT_DROP, WEIR_REASON_NO_ENDPOINT, WEIR_EGRESS, 0, 0,
	  NULL, NULL, "drop no-endpoint: nobody has said yet what is behind the interface; egress" },
	{ "a reason that is nobody's", WEIR_VERDICT_DROP, 63, WEIR_EGRESS, 0, 0, NULL, NULL, "drop ?: ?; egress" },
};

static void test_row(void **state)
{
	const struct row *row = *state;
	const struct weir_captured about = {
		.verdict = row->verdict,
		.reason = row->reason,
		.direction = row->direction,
		.xdp = row->xdp,
		.revision = row->revision,
	};
	_cleanup_free_ char *comment = packet_comment(&about, row->rules, row->pod);

	assert_string_equal(comment, row->comment);
}

/* --- names ------------------------------------------------------------------- */

static struct decision_info decision(uint32_t counter, enum weir_reason reason, struct rule_ref *rules, size_t n)
{
	return (struct decision_info){ .counter = counter,
				       .reason = reason,
				       .rules = { .items = rules, .n = n, .capacity = n } };
}

static void assert_name(struct rule_names *names, const struct compiled *compiled, uint32_t counter,
			const char *expected)
{
	const char *name = rule_names_find(names, compiled, counter);

	if (expected) {
		assert_non_null(name);
		assert_string_equal(name, expected);
	} else {
		assert_null(name);
	}
}

static void test_names(void **state)
{
	struct rule_ref rules[] = {
		{ KIND_NETWORK_POLICY, "shop", "db", "web" },
		{ KIND_NETWORK_POLICY, "shop", "all", NULL },
	};
	struct decision_info first[] = { decision(5, WEIR_REASON_POLICY_ALLOW, rules, 1),
					 decision(6, WEIR_REASON_POLICY_DEFAULT, rules + 1, 1),
					 decision(7, WEIR_REASON_POLICY_ALLOW, rules, 2),
					 decision(8, WEIR_REASON_NO_POLICY, NULL, 0) };
	struct decision_info second[] = { decision(6, WEIR_REASON_POLICY_ALLOW, rules, 1) };
	const struct compiled before = { .revision = 1, .decisions = { first, 4, 4 } };
	const struct compiled after = { .revision = 2, .decisions = { second, 1, 1 } };
	struct rule_names names = {};

	assert_name(&names, NULL, 5, NULL);
	assert_name(&names, &before, 5, "NetworkPolicy shop/db rule web");
	assert_name(&names, &before, 6, "NetworkPolicy shop/all isolates");
	assert_name(&names, &before, 7, "NetworkPolicy shop/db rule web, NetworkPolicy shop/all");
	assert_name(&names, &before, 8, NULL);
	assert_name(&names, &before, 99, NULL);
	assert_name(&names, &before, WEIR_COUNTER_NONE, NULL);
	assert_name(&names, &before, WEIR_COUNTER_OVERFLOW, NULL);
	/* Whom another policy has not is known still; whom it has is as it says. */
	assert_name(&names, &after, 5, "NetworkPolicy shop/db rule web");
	assert_name(&names, &after, 6, "NetworkPolicy shop/db rule web");
	rule_names_free(&names);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(rows) + 1];
	size_t n = 0;

	for (; n < ARRAY_SIZE(rows); n++)
		tests[n] = (struct CMUnitTest){ rows[n].name, test_row, NULL, NULL, (void *)&rows[n] };
	tests[n++] = (struct CMUnitTest){ "rules are known by counter, also when the policy has changed", test_names,
					  NULL, NULL, NULL };
	return _cmocka_run_group_tests("packet comment", tests, n, NULL, NULL);
}
