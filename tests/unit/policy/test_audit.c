// SPDX-License-Identifier: BSD-2-Clause
/* mode: Audit and onDeny: Reject, as they are carried into the image. */
#include <netinet/in.h>

#include "policy/words.h"
#include "unit/policy/fixture.h"
#include "differential/random_cluster.h"

#define N_CLUSTERS 400u
#define N_PROBES   60u
#define N_PODS	   14u
#define NODE_ADDR  "192.0.2.1"

#define POD(name, addr)                                                                                              \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: " name ", labels: {app: " name "}}, status: " \
	"{podIP: " addr "}}\n---\n"
#define PODS POD("web", "10.0.0.1") POD("db", "10.0.0.2") POD("api", "10.0.0.3")
#define TRAFFIC(name, spec)                                                                            \
	"{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: shop, name: " name \
	"}, spec: {podSelector: {matchLabels: {app: db}}, " spec "}}\n---\n"
#define NETWORK(name, spec)                                                                               \
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: shop, name: " name \
	"}, spec: {podSelector: {matchLabels: {app: db}}, " spec "}}\n---\n"
#define FROM(app) "from: [{podSelector: {matchLabels: {app: " app "}}}]"
#define AUDIT	  "mode: Audit, "
#define REJECT	  "onDeny: Reject, "
#define LIMIT(n)  "limits: [{packetsPerSecond: " n "}]"

/* From shop/web to shop/db TCP 80: what is done, and why; how many limits hold, and how many only count; by whom. */
static const struct {
	const char *sentence;
	const char *policies;
	const char *expect;
} cases[] = {
	{ "a default deny that is only audited passes", TRAFFIC("a", AUDIT "ingress: []"),
	  "audit policy-default 0+0 TrafficPolicy shop/a" },
	{ "a rule that denies and is only audited passes", TRAFFIC("a", AUDIT "ingress: [{name: no, action: Deny}]"),
	  "audit policy-deny 0+0 TrafficPolicy shop/a rule no" },
	{ "what another policy denies is denied, whatever is audited",
	  NETWORK("n", "ingress: []") TRAFFIC("a", AUDIT "ingress: [{" FROM("web") "}]"),
	  "drop policy-default 0+0 NetworkPolicy shop/n" },
	{ "an audited policy allows nothing that another one denies",
	  NETWORK("n", "ingress: [{" FROM("api") "}]") TRAFFIC("a", AUDIT "ingress: [{}]"),
	  "drop policy-default 0+0 NetworkPolicy shop/n" },
	{ "an audited denial of what another policy allows passes",
	  NETWORK("n", "ingress: [{}]") TRAFFIC("a", AUDIT "ingress: [{name: no, action: Deny}]"),
	  "audit policy-deny 0+0 TrafficPolicy shop/a rule no" },
	{ "what both allow is told with both", NETWORK("n", "ingress: [{}]") TRAFFIC("a", AUDIT "ingress: [{name: y}]"),
	  "pass policy-allow 0+0 NetworkPolicy shop/n rule 0, TrafficPolicy shop/a rule y" },
	{ "what an audited policy alone allows is told so", TRAFFIC("a", AUDIT "ingress: [{name: y}]"),
	  "pass policy-allow 0+0 TrafficPolicy shop/a rule y" },
	{ "a limit of an audited policy only counts", TRAFFIC("a", AUDIT "ingress: [{name: y, " LIMIT("5") "}]"),
	  "pass policy-allow 0+1 TrafficPolicy shop/a rule y" },
	{ "beside one that holds",
	  TRAFFIC("t", "ingress: [{name: x, " LIMIT("9") "}]")
		  TRAFFIC("a", AUDIT "ingress: [{name: y, " LIMIT("5") "}]"),
	  "pass policy-allow 1+1 TrafficPolicy shop/a rule y, TrafficPolicy shop/t rule x" },
	{ "an audited denial takes no limit away",
	  TRAFFIC("t", "ingress: [{name: x, " LIMIT("9") "}]") TRAFFIC("a", AUDIT "ingress: [{action: Deny}]"),
	  "audit policy-deny 1+0 TrafficPolicy shop/a rule 0" },
	{ "the admin tier decides before audited policies too",
	  "{kind: AdminNetworkPolicy, apiVersion: policy.networking.k8s.io/v1alpha1, metadata: {name: all}, spec: "
	  "{priority: 1, subject: {namespaces: {}}, ingress: [{action: Allow, from: [{namespaces: "
	  "{}}]}]}}\n---\n" TRAFFIC("a", AUDIT "ingress: []"),
	  "pass admin-allow 0+0 AdminNetworkPolicy all rule 0" },
	{ "an audited policy does not keep the baseline tier off",
	  "{kind: BaselineAdminNetworkPolicy, apiVersion: policy.networking.k8s.io/v1alpha1, metadata: {name: "
	  "default}, spec: {subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: "
	  "{}}]}]}}\n---\n" TRAFFIC("a", AUDIT "ingress: [{}]"),
	  "drop baseline-deny 0+0 BaselineAdminNetworkPolicy default rule 0" },
	{ "a default deny is answered when the policy says so", TRAFFIC("t", REJECT "ingress: []"),
	  "reject policy-default 0+0 TrafficPolicy shop/t" },
	{ "also when only one of those that isolate says so",
	  NETWORK("n", "ingress: []") TRAFFIC("t", REJECT "ingress: []"),
	  "reject policy-default 0+0 NetworkPolicy shop/n, TrafficPolicy shop/t" },
	{ "but not when that one does not isolate in the direction",
	  NETWORK("n", "ingress: []") TRAFFIC("t", REJECT "policyTypes: [Egress]"),
	  "drop policy-default 0+0 NetworkPolicy shop/n" },
	{ "a denial by rule is answered when its policy says so",
	  TRAFFIC("t", REJECT "ingress: [{action: Deny}]") TRAFFIC("u", "ingress: [{}]"),
	  "reject policy-deny 0+0 TrafficPolicy shop/t rule 0" },
	{ "not when another policy than the rule's says so",
	  TRAFFIC("t", "ingress: [{action: Deny}]") TRAFFIC("u", REJECT "ingress: [{}]"),
	  "drop policy-deny 0+0 TrafficPolicy shop/t rule 0" },
	{ "an audited policy does not make others answer",
	  NETWORK("n", "ingress: []") TRAFFIC("a", AUDIT REJECT "ingress: []"),
	  "drop policy-default 0+0 NetworkPolicy shop/n" },
	{ "an audited denial says that it would be answered", TRAFFIC("a", AUDIT REJECT "ingress: []"),
	  "audit-reject policy-default 0+0 TrafficPolicy shop/a" },
};

static void tell(const struct fixture *f, const struct decision_info *info, FILE *out)
{
	const struct weir_image image = compiled_image(f->compiled);
	const struct weir_image_decision record = weir_image_decision_at(&image, info->at);
	unsigned n_audited = 0;

	for (uint32_t i = 0; i < record.n_limits; i++)
		n_audited += weir_image_limit_at(&image, info->at, i).flags & WEIR_LIMIT_AUDIT;
	assert_int_equal(record.flags, info->flags);
	assert_int_equal(record.verdict, info->verdict);
	assert_int_equal(!!(record.flags & WEIR_DECISION_REJECT), record.verdict == WEIR_VERDICT_REJECT);
	fprintf(out, "%s%s %s %u+%u ", decision_word(record.verdict, record.flags),
		record.flags == (WEIR_DECISION_AUDIT | WEIR_DECISION_REJECT) ? "-reject" : "",
		reason_name(record.reason), record.n_limits - n_audited, n_audited);
	for (size_t i = 0; i < info->rules.n; i++) {
		_cleanup_free_ char *rule = rule_ref_format(&info->rules.items[i], true);

		fprintf(out, "%s%s", i ? ", " : "", rule);
	}
}

static void the_decision_says_it(void **state)
{
	const size_t i = (size_t)(uintptr_t)*state;
	_cleanup_free_ char *yaml = NULL, *text = NULL;
	struct eval_result result;
	struct fixture f;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_true(asprintf(&yaml, PODS "%s", cases[i].policies) > 0);
	fixture_load(&f, yaml);
	fixture_eval(&f, "shop/web", "shop/db", IPPROTO_TCP, 80, &result);
	tell(&f, result.decision[WEIR_INGRESS], out);
	fclose(out);
	assert_string_equal(text, cases[i].expect);
	assert_int_equal(result.allowed, !strncmp(text, "pass", 4) || !strncmp(text, "audit", 5));
	assert_int_equal(result.audited[WEIR_INGRESS], !strncmp(text, "audit", 5));
	assert_false(result.audited[WEIR_EGRESS]);
	fixture_free(&f);
}

/* One backend's denial is only audited, the other one's limit holds. */
static void of_a_services_backends_each_opinion_is_taken_apart(void **state)
{
	static const char yaml[] = PODS
		"{kind: Service, apiVersion: v1, metadata: {namespace: shop, name: s}, spec: {clusterIP: 10.96.0.1, "
		"ports: [{port: 80}]}}\n---\n"
		"{kind: EndpointSlice, apiVersion: discovery.k8s.io/v1, metadata: {namespace: shop, name: e, labels: "
		"{kubernetes.io/service-name: s}}, addressType: IPv4, ports: [{port: 80}], endpoints: [{addresses: "
		"[10.0.0.2]}, {addresses: [10.0.0.3]}]}\n---\n"
		"{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: shop, name: t}, spec: "
		"{podSelector: {matchLabels: {app: web}}, egress: [{to: [{podSelector: {matchLabels: {app: "
		"api}}}], " LIMIT("9") "}, {to: [{podSelector: {matchLabels: {app: db}}}]}]}}\n---\n"
				       "{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: "
				       "shop, name: a}, spec: "
				       "{mode: Audit, podSelector: {matchLabels: {app: web}}, egress: [{action: Deny, "
				       "to: [{podSelector: "
				       "{matchLabels: {app: db}}}]}]}}";
	_cleanup_free_ char *text = NULL;
	struct eval_result result;
	struct fixture f;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fixture_load(&f, yaml);
	fixture_eval(&f, "shop/web", "10.96.0.1", IPPROTO_TCP, 80, &result);
	tell(&f, result.decision[WEIR_EGRESS], out);
	fclose(out);
	assert_string_equal(text, "audit policy-deny 1+0 TrafficPolicy shop/a rule 0");
	fixture_free(&f);
}

static uint32_t only_bucket(const struct fixture *f)
{
	assert_int_equal(f->compiled->limits.n, 1);
	return f->compiled->limits.items[0].bucket;
}

/* What was let through under audit is not owed when the limit begins to hold. */
static void a_limit_has_another_bucket_when_it_begins_to_hold(void **state)
{
	static const char audited[] = PODS TRAFFIC("t", AUDIT "ingress: [{" LIMIT("5") "}]");
	static const char enforced[] = PODS TRAFFIC("t", "ingress: [{" LIMIT("5") "}]");
	struct fixture f, g;

	fixture_load(&f, audited);
	fixture_read(&g, enforced, NULL);
	numberings_free(&g.numberings);
	g.numberings = f.numberings;
	fixture_compile(&g, 2);
	assert_int_not_equal(only_bucket(&f), only_bucket(&g));
	assert_true(f.compiled->limits.items[0].audit);
	assert_false(g.compiled->limits.items[0].audit);
	g.numberings = (struct numberings){};
	fixture_free(&g);
	fixture_free(&f);
}

/* The same world without its audited policies, borrowing the objects. */
static void leave_out_audited(struct fixture *f, struct fixture *without)
{
	struct objects rest = {};
	struct addr addr;

	*without = (struct fixture){};
	numberings_init(&without->numberings);
	vec_for_each (object, &f->objects.list) {
		if (!kind_info((*object)->kind)->is_policy || (*object)->policy.mode == POLICY_ENFORCE)
			vec_push(&rest.list, *object);
	}
	assert_int_equal(addr_parse(NODE_ADDR, &addr), 0);
	vec_push(&without->world.node_addrs, addr);
	world_add(&without->world, &rest, &without->diags);
	world_finish(&without->world, &without->diags);
	fixture_compile(without, 1);
	vec_free(&rest.list);
}

/* Whether it passes, and under which limits that hold, told by their parameters. */
static void outcome(const struct fixture *f, const struct decision_info *info, FILE *out)
{
	const struct weir_image image = compiled_image(f->compiled);
	const struct weir_image_decision record =
		info ? weir_image_decision_at(&image, info->at) : (struct weir_image_decision){};

	if (!info)
		return;
	fprintf(out, "%s", decision_passes(info) ? "passes" : verdict_name(info->verdict));
	for (uint32_t i = 0; i < record.n_limits; i++) {
		const struct weir_image_limit limit = weir_image_limit_at(&image, info->at, i);

		if (!(limit.flags & WEIR_LIMIT_AUDIT))
			fprintf(out, " %x%x/%x", limit.mult[1], limit.mult[0], limit.shift);
	}
	fputc('\n', out);
}

struct probe_ends {
	const char *from, *to;
	uint8_t protocol;
	uint16_t port;
};

static char *outcomes(const struct fixture *f, const struct probe_ends *ends)
{
	struct eval_result result;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fixture_eval(f, ends->from, ends->to, ends->protocol, ends->port, &result);
	outcome(f, result.decision[WEIR_EGRESS], out);
	outcome(f, result.decision[WEIR_INGRESS], out);
	fclose(out);
	return text;
}

static void random_end(struct random *r, const struct fixture *f, char text[static 64])
{
	const struct object *pod = f->world.pods.items[pick(r, (uint32_t)f->world.pods.n)];

	if (!one_in(r, 3))
		snprintf(text, 64, "%s/%s", pod->namespace, pod->name);
	else if (f->world.services.n && one_in(r, 2))
		addr_format(&f->world.services.items[pick(r, (uint32_t)f->world.services.n)].addr, text);
	else
		random_addr4(r, text);
}

static void audited_policies_change_nothing_of_what_passes(void **state)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };

	for (uint64_t seed = 1; seed <= N_CLUSTERS; seed++) {
		struct random r = { .state = seed };
		_cleanup_free_ char *yaml = random_cluster(&r, N_PODS);
		struct fixture f, without;

		fixture_read(&f, yaml, NODE_ADDR);
		fixture_compile(&f, 1);
		leave_out_audited(&f, &without);
		for (unsigned i = 0; i < N_PROBES; i++) {
			char from[64], to[64];
			const struct probe_ends ends = { from, to, PICK(&r, protocols),
							 (uint16_t)PICK(&r, random_ports) };

			random_end(&r, &f, from);
			random_end(&r, &f, to);
			_cleanup_free_ char *with_audit = outcomes(&f, &ends);
			_cleanup_free_ char *without_audit = outcomes(&without, &ends);

			if (strcmp(with_audit, without_audit) != 0)
				fail_msg("cluster %u, %s -> %s port %u: %swithout audited policies: %s%s",
					 (unsigned)seed, from, to, ends.port, with_audit, without_audit, yaml);
		}
		fixture_free(&without);
		fixture_free(&f);
	}
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases) + 3] = {
		cmocka_unit_test(of_a_services_backends_each_opinion_is_taken_apart),
		cmocka_unit_test(a_limit_has_another_bucket_when_it_begins_to_hold),
		cmocka_unit_test(audited_policies_change_nothing_of_what_passes),
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tests[3 + i] = (struct CMUnitTest){ .name = cases[i].sentence,
						    .test_func = the_decision_says_it,
						    .initial_state = (void *)(uintptr_t)i };
	return cmocka_run_group_tests_name("policy/audit", tests, NULL, NULL);
}
