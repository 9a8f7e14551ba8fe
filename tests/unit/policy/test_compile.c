// SPDX-License-Identifier: BSD-2-Clause
/* What a compilation hands out beside verdicts: numbers, records and names. */
#include "base/mem.h"
#include "unit/policy/fixture.h"
#include "weir/maps.h"

#define POD(name, app, addr)                                                                                        \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: " name ", labels: {app: " app "}}, status: " \
	"{podIP: " addr "}}\n---\n"
#define TRAFFIC_POLICY(name, spec)                                                                     \
	"{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: shop, name: " name \
	"}, spec: {" spec "}}\n---\n"
#define NETWORK_POLICY(name, spec)                                                                        \
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: shop, name: " name \
	"}, spec: {" spec "}}\n---\n"
#define RULE(rule) "podSelector: {}, ingress: [{" rule "}]"

static const char pods[] = POD("a1", "a", "10.0.0.1") POD("a2", "a", "10.0.0.2") POD("b", "b", "10.0.0.3");

static uint32_t identity_of(const struct fixture *f, const char *name)
{
	const struct object *pod = world_pod(&f->world, "shop", name);
	uint32_t identity;

	assert_non_null(pod);
	assert_int_equal(compiled_pod_identity(f->compiled, pod, &identity), 0);
	return identity;
}

static const struct decision_info *decision_of(const struct fixture *f, const char *from, const char *to, uint16_t port)
{
	struct eval_result result;

	fixture_eval(f, from, to, 6, port, &result);
	return result.decision[WEIR_INGRESS];
}

static void pods_alike_share_an_identity(void **state)
{
	struct fixture f;

	fixture_load(&f, pods);
	assert_int_equal(identity_of(&f, "a1"), identity_of(&f, "a2"));
	assert_int_not_equal(identity_of(&f, "a1"), identity_of(&f, "b"));
	assert_true(identity_of(&f, "a1") >= WEIR_IDENTITY_FIRST);
	assert_int_equal(f.compiled->identities.n, 2);
	assert_int_equal(compiled_identity(f.compiled, identity_of(&f, "a1"))->pods, 2);
	assert_string_equal(compiled_identity(f.compiled, identity_of(&f, "b"))->namespace, "shop");
	assert_string_equal(labels_get(&compiled_identity(f.compiled, identity_of(&f, "b"))->labels, "app"), "b");
	assert_null(compiled_identity(f.compiled, WEIR_IDENTITY_NODE));
	fixture_free(&f);
}

static void service_accounts_and_named_ports_tell_pods_apart(void **state)
{
#define VARIANT(name, spec) \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: " name "}, spec: {" spec "}}\n---\n"
	static const char yaml[] = VARIANT("plain", "") VARIANT("account", "serviceAccountName: x")
		VARIANT("web", "containers: [{name: c, ports: [{name: web, containerPort: 80}]}]")
			VARIANT("web2", "containers: [{name: c, ports: [{name: web, containerPort: 81}]}]")
				VARIANT("same", "containers: [{name: c, ports: [{containerPort: 81}]}]");
#undef VARIANT
	struct fixture f;

	fixture_load(&f, yaml);
	assert_int_equal(f.compiled->identities.n, 4);
	assert_int_equal(identity_of(&f, "plain"), identity_of(&f, "same"));
	fixture_free(&f);
}

static void every_address_has_its_owner(void **state)
{
	static const char yaml[] = POD("a1", "a", "10.0.0.1") POD("b", "b", "10.0.0.3");
	struct fixture f;
	struct addr addr;

	fixture_read(&f, yaml, "192.0.2.1");
	fixture_compile(&f, 1);
	assert_int_equal(f.compiled->addresses.n, 3);
	assert_int_equal(addr_parse("192.0.2.1", &addr), 0);
	assert_int_equal(compiled_owner(f.compiled, &addr)->identity, WEIR_IDENTITY_NODE);
	assert_null(compiled_owner(f.compiled, &addr)->pod);
	assert_int_equal(addr_parse("10.0.0.3", &addr), 0);
	assert_int_equal(compiled_owner(f.compiled, &addr)->identity, identity_of(&f, "b"));
	assert_string_equal(compiled_owner(f.compiled, &addr)->pod->name, "b");
	assert_int_equal(addr_parse("10.0.0.4", &addr), 0);
	assert_null(compiled_owner(f.compiled, &addr));
	fixture_free(&f);
}

static void the_nodes_own_address_is_nobody_elses(void **state)
{
	struct fixture f;
	struct addr addr;

	fixture_read(&f, pods, NULL);
	/* Learnt only after the world was sorted out. */
	assert_int_equal(addr_parse("10.0.0.3", &addr), 0);
	vec_push(&f.world.node_addrs, addr);
	fixture_compile(&f, 1);
	assert_int_equal(f.compiled->addresses.n, 3);
	assert_int_equal(compiled_owner(f.compiled, &addr)->identity, WEIR_IDENTITY_NODE);
	fixture_free(&f);
}

static void the_header_describes_the_image(void **state)
{
	const struct weir_image_header *header;
	struct fixture f;

	fixture_read(&f, pods, NULL);
	fixture_compile(&f, 42);
	header = (const struct weir_image_header *)f.compiled->words;
	assert_int_equal(header->magic, WEIR_IMAGE_MAGIC);
	assert_int_equal(header->abi, WEIR_IMAGE_ABI);
	assert_int_equal(header->revision, 42);
	assert_int_equal(f.compiled->revision, 42);
	assert_int_equal(header->n_words, f.compiled->n_words);
	assert_int_equal(f.compiled->mask, 4095);
	assert_true(f.compiled->n_words <= f.compiled->mask + 1);
	for (uint32_t i = f.compiled->n_words; i <= f.compiled->mask; i++)
		assert_int_equal(f.compiled->words[i], 0);
	assert_int_equal(header->n_decisions, f.compiled->decisions.n);
	assert_int_equal(header->decisions, f.compiled->decisions.items[0].at);
	fixture_free(&f);
}

static const char limited[] = POD("a1", "a", "10.0.0.1") POD("b", "b", "10.0.0.3") TRAFFIC_POLICY(
	"t", "podSelector: {matchLabels: {app: b}}, ingress: [{name: web, ports: [{port: 80}], limits: "
	     "[{packetsPerSecond: 1000, burst: 50}, {bytesPerSecond: 1M, burst: 10}]}, {ports: [{port: 80}], "
	     "limits: [{packetsPerSecond: 7}]}, {ports: [{port: 81}]}]");

static void every_limit_of_every_allowing_rule_is_in_the_record(void **state)
{
	struct weir_image_decision record;
	struct weir_image_limit limit;
	const struct decision_info *info;
	struct weir_image image;
	struct fixture f;

	fixture_load(&f, limited);
	info = decision_of(&f, "shop/a1", "shop/b", 80);
	image = compiled_image(f.compiled);
	record = weir_image_decision_at(&image, info->at);
	assert_int_equal(record.verdict, WEIR_VERDICT_PASS);
	assert_int_equal(record.reason, WEIR_REASON_POLICY_ALLOW);
	assert_int_equal(record.n_limits, 3);
	assert_int_equal(record.counter, info->counter);
	assert_int_equal(info->rules.n, 2);
	limit = weir_image_limit_at(&image, info->at, 0);
	assert_int_equal(limit.unit, WEIR_LIMIT_PACKETS);
	/* 50 packets of a millisecond. */
	assert_int_equal(limit.burst[0] | (uint64_t)limit.burst[1] << 32, 50 * 1000000ull * WEIR_TICKS_PER_NS);
	limit = weir_image_limit_at(&image, info->at, 1);
	assert_int_equal(limit.unit, WEIR_LIMIT_BYTES);
	assert_int_equal(limit.burst[0] | (uint64_t)limit.burst[1] << 32, 1514 * 1000ull * WEIR_TICKS_PER_NS);
	assert_int_equal(decision_of(&f, "shop/a1", "shop/b", 81)->rules.n, 1);
	assert_int_not_equal(decision_of(&f, "shop/a1", "shop/b", 81)->counter, info->counter);
	info = decision_of(&f, "shop/a1", "shop/b", 81);
	assert_int_equal(weir_image_decision_at(&image, info->at).n_limits, 0);
	fixture_free(&f);
}

static uint16_t limit_flags(const char *mode, const char *limit)
{
	_cleanup_free_ char *policy = xasprintf(
		POD("a1", "a", "10.0.0.1") POD("b", "b", "10.0.0.3")
			TRAFFIC_POLICY("t", "podSelector: {matchLabels: {app: b}}, %s ingress: [{limits: [{%s}]}]"),
		mode, limit);
	struct weir_image image;
	struct fixture f;
	uint16_t flags;

	fixture_load(&f, policy);
	image = compiled_image(f.compiled);
	flags = weir_image_limit_at(&image, decision_of(&f, "shop/a1", "shop/b", 80)->at, 0).flags;
	fixture_free(&f);
	return flags;
}

static void a_policy_that_rejects_answers_connections_over_its_limits(void **state)
{
	static const struct {
		const char *mode, *limit;
		uint16_t flags;
	} cases[] = {
		{ "", "connectionsPerSecond: 5", 0 },
		{ "onDeny: Reject,", "connectionsPerSecond: 5", WEIR_LIMIT_REJECT },
		{ "onDeny: Reject,", "connectionsPerSecond: 5, per: Address",
		  WEIR_LIMIT_REJECT | WEIR_LIMIT_PER_ADDRESS },
		{ "onDeny: Reject,", "packetsPerSecond: 5, per: Identity", WEIR_LIMIT_PER_IDENTITY },
		{ "onDeny: Reject, mode: Audit,", "connectionsPerSecond: 5, per: Identity",
		  WEIR_LIMIT_AUDIT | WEIR_LIMIT_PER_IDENTITY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(limit_flags(cases[i].mode, cases[i].limit), cases[i].flags);
}

static void limits_are_listed_by_bucket(void **state)
{
	struct fixture f;

	fixture_load(&f, limited);
	assert_int_equal(f.compiled->limits.n, 3);
	for (size_t i = 0; i < f.compiled->limits.n; i++)
		assert_int_equal(f.compiled->limits.items[i].bucket, i);
	assert_string_equal(f.compiled->limits.items[0].rule.rule, "web");
	assert_int_equal(f.compiled->limits.items[1].index, 1);
	assert_int_equal(f.compiled->limits.items[1].limit.burst, 1514);
	assert_string_equal(f.compiled->limits.items[2].rule.rule, "1");
	fixture_free(&f);
}

/* Reads another manifest into the same numbers. */
static void recompile(struct fixture *f, const char *yaml)
{
	struct numberings numberings = f->numberings;

	f->numberings = (struct numberings){};
	fixture_free(f);
	fixture_read(f, yaml, NULL);
	numberings_free(&f->numberings);
	f->numberings = numberings;
	fixture_compile(f, 2);
}

static void numbers_outlive_a_recompilation(void **state)
{
	static const char more[] = POD("a0", "aa", "10.0.0.9") POD("a1", "a", "10.0.0.1") POD("b", "b", "10.0.0.3")
		NETWORK_POLICY("first", RULE("from: [{podSelector: {matchLabels: {app: aa}}}]"))
			TRAFFIC_POLICY("s", RULE("limits: [{packetsPerSecond: 5}]"))
				TRAFFIC_POLICY("t",
					       "podSelector: {matchLabels: {app: b}}, ingress: [{name: new}, {ports: "
					       "[{port: 80}], limits: [{packetsPerSecond: 9}]}, {name: web, limits: "
					       "[{packetsPerSecond: 1}, {bytesPerSecond: 5}]}]");
	uint32_t identity, counter, old_counters;
	struct fixture f;

	fixture_load(&f, limited);
	identity = identity_of(&f, "b");
	counter = decision_of(&f, "shop/a1", "shop/b", 443)->counter;
	old_counters = numbering_end(f.numberings.counters);
	recompile(&f, more);
	assert_int_equal(identity_of(&f, "b"), identity);
	assert_true(decision_of(&f, "shop/a1", "shop/b", 443)->counter >= old_counters);
	/* TrafficPolicy t: "web" kept its buckets 0 and 1, and the unnamed rule 1 its bucket 2. */
	assert_int_equal(f.compiled->limits.n, 4);
	assert_string_equal(f.compiled->limits.items[0].rule.rule, "web");
	assert_int_equal(f.compiled->limits.items[0].limit.rate_milli, 1000);
	assert_string_equal(f.compiled->limits.items[2].rule.rule, "1");
	assert_string_equal(f.compiled->limits.items[3].rule.policy, "s");
	recompile(&f, limited);
	assert_int_equal(identity_of(&f, "b"), identity);
	assert_int_equal(decision_of(&f, "shop/a1", "shop/b", 443)->counter, counter);
	fixture_free(&f);
}

static void the_same_world_compiles_to_the_same_image(void **state)
{
	struct compiled *first;
	struct fixture f;

	fixture_load(&f, limited);
	first = TAKE_PTR(f.compiled);
	fixture_compile(&f, 1);
	assert_int_equal(first->n_words, f.compiled->n_words);
	assert_memory_equal(first->words, f.compiled->words, first->n_words * sizeof(uint32_t));
	compiled_free(first);
	fixture_free(&f);
}

static void policies_that_say_the_same_share_their_tables(void **state)
{
	static const char one[] = POD("a", "a", "10.0.0.1") NETWORK_POLICY("p", RULE("ports: [{port: 80}]"));
	static const char alike[] = POD("a", "a", "10.0.0.1") POD("b", "b", "10.0.0.2") POD("c", "c", "10.0.0.3")
		NETWORK_POLICY("p", RULE("ports: [{port: 80}]"));
	struct fixture f;
	uint32_t n_words, n_subjects;

	fixture_load(&f, one);
	n_words = f.compiled->n_words;
	n_subjects = f.compiled->n_subjects;
	assert_int_equal(f.compiled->n_port_classes, 2);
	assert_int_equal(f.compiled->n_regions, 1);
	recompile(&f, alike);
	assert_int_equal(f.compiled->n_subjects, n_subjects);
	assert_int_equal(f.compiled->n_peer_classes, 2);
	assert_int_equal(f.compiled->n_words, n_words + 2 * WEIR_IDENTITY_WORDS);
	fixture_free(&f);
}

static void decisions_without_a_counter_of_their_own_share_the_overflow(void **state)
{
	struct fixture f;

	fixture_read(&f, limited, NULL);
	numbering_free(f.numberings.counters);
	f.numberings.counters = numbering_new(WEIR_COUNTER_OVERFLOW + 1, 2);
	fixture_compile(&f, 1);
	assert_int_equal(decision_of(&f, "shop/a1", "shop/b", 443)->counter, WEIR_COUNTER_OVERFLOW);
	assert_int_equal(decision_of(&f, "shop/a1", "shop/b", 80)->counter, WEIR_COUNTER_OVERFLOW);
	assert_int_equal(decision_of(&f, "shop/a1", "shop/b", 80)->reason, WEIR_REASON_POLICY_ALLOW);
	assert_int_equal(decision_of(&f, "shop/a1", "shop/b", 443)->reason, WEIR_REASON_POLICY_DEFAULT);
	fixture_free(&f);
}

static void rules_without_a_name_are_counted_apart(void **state)
{
	static const char yaml[] = POD("a", "a", "10.0.0.1")
		NETWORK_POLICY("p", "podSelector: {}, ingress: [{ports: [{port: 1}]}, {ports: "
				    "[{port: 2}]}]");
	struct fixture f;

	fixture_load(&f, yaml);
	assert_int_not_equal(decision_of(&f, "192.0.2.1", "shop/a", 1)->counter,
			     decision_of(&f, "192.0.2.1", "shop/a", 2)->counter);
	fixture_free(&f);
}

static void rules_are_called_by_name_or_index(void **state)
{
	const struct rule_ref named = { KIND_TRAFFIC_POLICY, (char *)"shop", (char *)"p", (char *)"web" };
	const struct rule_ref whole = { KIND_NETWORK_POLICY, NULL, (char *)"p", NULL };
	char *text = rule_ref_format(&named, true);

	assert_string_equal(text, "TrafficPolicy shop/p rule web");
	free(text);
	text = rule_ref_format(&named, false);
	assert_string_equal(text, "TrafficPolicy shop/p");
	free(text);
	text = rule_ref_format(&whole, true);
	assert_string_equal(text, "NetworkPolicy p");
	free(text);
}

static void an_empty_world_compiles(void **state)
{
	struct eval_result result;
	struct fixture f = {};

	numberings_init(&f.numberings);
	world_finish(&f.world, &f.diags);
	fixture_compile(&f, 1);
	fixture_eval(&f, "10.0.0.1", "10.0.0.2", 6, 80, &result);
	assert_true(result.allowed);
	fixture_free(&f);
}

static void ends_and_protocols_are_read_strictly(void **state)
{
	static const char *const bad_protocols[] = { "", "TCPX", "256", "-1", "6x", " 6" };
	const enum weir_family family = WEIR_IPV6;
	struct error error = {};
	struct eval_end end;
	struct fixture f;
	uint8_t protocol = 99;

	fixture_load(&f, "{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: a}, status: {podIPs: [{ip: "
			 "10.0.0.1}, {ip: 'fd00::1'}]}}");
	assert_int_equal(eval_end_parse(&f.world, "nonsense", NULL, &end, &error), -EINVAL);
	assert_string_equal(error.text, "nonsense: neither NAMESPACE/POD nor an address");
	assert_int_equal(eval_end_parse(&f.world, "shop/b", NULL, &end, &error), -ENOENT);
	assert_int_equal(eval_end_parse(&f.world, "shop/a", &family, &end, &error), 0);
	assert_int_equal(end.addr.family, WEIR_IPV6);
	assert_int_equal(eval_end_parse(&f.world, "fd00::1", NULL, &end, &error), 0);
	assert_string_equal(end.pod->name, "a");
	for (size_t i = 0; i < ARRAY_SIZE(bad_protocols); i++)
		assert_int_equal(eval_protocol_parse(bad_protocols[i], &protocol), -EINVAL);
	assert_int_equal(protocol, 99);
	assert_int_equal(eval_protocol_parse("udp", &protocol), 0);
	assert_int_equal(protocol, 17);
	assert_int_equal(eval_protocol_parse("255", &protocol), 0);
	assert_int_equal(protocol, 255);
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pods_alike_share_an_identity),
		cmocka_unit_test(service_accounts_and_named_ports_tell_pods_apart),
		cmocka_unit_test(every_address_has_its_owner),
		cmocka_unit_test(the_nodes_own_address_is_nobody_elses),
		cmocka_unit_test(the_header_describes_the_image),
		cmocka_unit_test(every_limit_of_every_allowing_rule_is_in_the_record),
		cmocka_unit_test(a_policy_that_rejects_answers_connections_over_its_limits),
		cmocka_unit_test(limits_are_listed_by_bucket),
		cmocka_unit_test(numbers_outlive_a_recompilation),
		cmocka_unit_test(the_same_world_compiles_to_the_same_image),
		cmocka_unit_test(policies_that_say_the_same_share_their_tables),
		cmocka_unit_test(decisions_without_a_counter_of_their_own_share_the_overflow),
		cmocka_unit_test(rules_without_a_name_are_counted_apart),
		cmocka_unit_test(rules_are_called_by_name_or_index),
		cmocka_unit_test(an_empty_world_compiles),
		cmocka_unit_test(ends_and_protocols_are_read_strictly),
	};

	return cmocka_run_group_tests_name("policy/compile", tests, NULL, NULL);
}
