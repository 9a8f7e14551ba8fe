/* SPDX-License-Identifier: BSD-2-Clause */
/* A scenario is a manifest and a table of probes; each probe is a test of its own, named by a sentence. */
#ifndef WEIR_TESTS_POLICY_PROBES_H
#define WEIR_TESTS_POLICY_PROBES_H

#include "unit/policy/fixture.h"

struct probe {
	const char *sentence;
	const char *from, *to;
	const char *protocol;
	uint16_t port;
	const char *expect;   /* "allow", or who denies: "egress", "ingress", "both" */
	const char *policies; /* that decided, ", " between, egress first; NULL: not looked at */
};

struct scenario {
	const char *name;
	const char *yaml;
	const char *node_addr;
	const struct probe *probes;
	size_t n_probes;
};

#define SCENARIO(name_, yaml_, node_, probes_)                                                                       \
	{                                                                                                            \
		.name = name_, .yaml = yaml_, .node_addr = node_, .probes = probes_, .n_probes = ARRAY_SIZE(probes_) \
	}

struct probe_case {
	struct fixture *fixture;
	const struct probe *probe;
};

/* Who decided: for a denial on the sides that deny, else on both. */
static inline void probe_policies(const struct eval_result *result, char *text, size_t size)
{
	static const enum weir_direction order[] = { WEIR_EGRESS, WEIR_INGRESS };

	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		const struct decision_info *decision = result->decision[order[i]];

		if (!decision || (!result->allowed && !result->denied_by[order[i]]))
			continue;
		vec_for_each (rule, &decision->rules) {
			_cleanup_free_ char *name = rule_ref_format(rule, false);
			const size_t used = strlen(text);

			if (!strstr(text, name))
				snprintf(text + used, size - used, "%s%s", used ? ", " : "", name);
		}
	}
}

static inline const char *probe_verdict(const struct eval_result *result)
{
	if (result->denied_by[WEIR_EGRESS])
		return result->denied_by[WEIR_INGRESS] ? "both" : "egress";
	return result->denied_by[WEIR_INGRESS] ? "ingress" : "allow";
}

static inline void run_probe(void **state)
{
	const struct probe_case *one = *state;
	const struct probe *probe = one->probe;
	struct eval_result result;
	char policies[1024];
	uint8_t protocol;

	assert_int_equal(eval_protocol_parse(probe->protocol, &protocol), 0);
	fixture_eval(one->fixture, probe->from, probe->to, protocol, probe->port, &result);
	probe_policies(&result, policies, sizeof(policies));
	if (strcmp(probe_verdict(&result), probe->expect))
		fail_msg("%s by %s, not %s", probe_verdict(&result), policies, probe->expect);
	assert_int_equal(result.allowed, !strcmp(probe->expect, "allow"));
	if (probe->policies)
		assert_string_equal(policies, probe->policies);
}

static inline int run_scenarios(const char *group, const struct scenario *scenarios, size_t n)
{
	VEC(struct CMUnitTest) tests = {};
	VEC(struct probe_case *) cases = {};
	struct fixture *fixtures = calloc(n, sizeof(*fixtures));
	int failed;

	for (size_t i = 0; i < n; i++) {
		fixture_read(&fixtures[i], scenarios[i].yaml, scenarios[i].node_addr);
		fixture_compile(&fixtures[i], 1);
		for (size_t k = 0; k < scenarios[i].n_probes; k++) {
			const struct probe *probe = &scenarios[i].probes[k];
			struct probe_case *one = calloc(1, sizeof(*one));
			char *name;

			*one = (struct probe_case){ .fixture = &fixtures[i], .probe = probe };
			if (asprintf(&name, "%s: %s", scenarios[i].name, probe->sentence) < 0)
				abort();
			vec_push(&cases, one);
			vec_push(&tests,
				 (struct CMUnitTest){ .name = name, .test_func = run_probe, .initial_state = one });
		}
	}
	failed = _cmocka_run_group_tests(group, tests.items, tests.n, NULL, NULL);
	vec_for_each (test, &tests)
		free((char *)test->name);
	vec_for_each (one, &cases)
		free(*one);
	vec_free(&tests);
	vec_free(&cases);
	for (size_t i = 0; i < n; i++)
		fixture_free(&fixtures[i]);
	free(fixtures);
	return failed;
}

#endif
