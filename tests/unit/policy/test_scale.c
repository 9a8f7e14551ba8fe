// SPDX-License-Identifier: BSD-2-Clause
/* A large cluster compiles, at a size that follows the policies, not the pods. The time is reported, not judged. */
#include <inttypes.h>
#include <time.h>

#include "base/interned.h"
#include "base/mem.h"
#include "policy/verify.h"
#include "unit/policy/fixture.h"

#define N_NAMESPACES 50u
#define N_APPS	     20u /* a namespace; so 1,000 kinds of pod */

static struct object *add_object(struct fixture *f, enum object_kind kind, unsigned namespace, unsigned number)
{
	_cleanup_free_ char *name = xasprintf("ns-%u", namespace);
	struct object *object = new0(struct object);

	object->kind = kind;
	object->namespace = interned(name);
	object->name = xasprintf("o-%u", number);
	vec_push(&f->objects.list, object);
	return object;
}

static void add_pod(struct fixture *f, unsigned i)
{
	struct object *pod = add_object(f, KIND_POD, i % N_NAMESPACES, i);
	_cleanup_free_ char *app = xasprintf("app-%u", i / N_NAMESPACES % N_APPS);
	struct addr addr = { .bytes = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };

	labels_set(&pod->labels, "app", app);
	labels_set(&pod->labels, "tier", i % 3 ? "web" : "db");
	labels_set(&pod->labels, "app.kubernetes.io/managed-by", "test");
	vec_push(&pod->pod.addrs, addr);
	pod->pod.phase = POD_RUNNING;
}

static void require(struct selector *selector, const char *key, char *value)
{
	struct selector_requirement *one =
		vec_push(&selector->requirements, (struct selector_requirement){ .key = xstrdup(key) });

	vec_push(&one->values, value);
}

static void add_peer(struct policy_rule *rule, const char *key, char *value)
{
	struct policy_peer *peer = vec_push(&rule->peers, (struct policy_peer){ .has_pod_selector = true });

	require(&peer->pods, key, value);
}

/* One policy for every kind of pod: two kinds may enter by its own port, and a block of its own. */
static void add_policy(struct fixture *f, unsigned i)
{
	struct object *object = add_object(f, KIND_NETWORK_POLICY, i % N_NAMESPACES, i);
	struct policy *policy = &object->policy;
	const unsigned app = i / N_NAMESPACES % N_APPS;
	struct policy_peer block = { .is_cidr = true, .cidr = { .length = 24 } };
	struct policy_rule *rule;

	require(&policy->subjects, "app", xasprintf("app-%u", app));
	policy->isolates[WEIR_INGRESS] = true;
	rule = vec_push(&policy->rules[WEIR_INGRESS], (struct policy_rule){ .action = RULE_ALLOW });
	add_peer(rule, "app", xasprintf("app-%u", (app + 1) % N_APPS));
	add_peer(rule, "app", xasprintf("app-%u", (app + 2) % N_APPS));
	vec_push(&rule->ports, (struct policy_port){ .protocol = 6,
						     .port = (uint16_t)(8000 + i % 100),
						     .end_port = (uint16_t)(8000 + i % 100) });
	rule = vec_push(&policy->rules[WEIR_INGRESS], (struct policy_rule){ .action = RULE_ALLOW });
	memcpy(block.cidr.addr.bytes, (uint8_t[]){ 172, (uint8_t)(16 + i / 256), (uint8_t)i, 0 }, 4);
	vec_push(&rule->peers, block);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint32_t compile_cluster(unsigned n_pods, unsigned n_policies)
{
	struct verification verification;
	struct eval_result result;
	struct fixture f = {};
	uint32_t n_words;
	double start;

	numberings_init(&f.numberings);
	for (unsigned i = 0; i < n_pods; i++)
		add_pod(&f, i);
	for (unsigned i = 0; i < n_policies; i++)
		add_policy(&f, i);
	world_add(&f.world, &f.objects, &f.diags);
	world_finish(&f.world, &f.diags);
	start = now();
	fixture_compile(&f, 1);
	print_message("# %u policies x %u pods: %.0f ms, %u words, %u subject, %u peer and %u port classes\n",
		      n_policies, n_pods, (now() - start) * 1000, f.compiled->n_words, f.compiled->n_subjects,
		      f.compiled->n_peer_classes, f.compiled->n_port_classes);
	assert_int_equal(verify(&f.world, f.compiled,
				&(struct verify_options){ .seed = 1, .budget_ms = 1000, .sample_ms = 250 },
				&verification, NULL),
			 0);
	print_message("# verified %" PRIu64 " of %" PRIu64 " cells in %.0f ms\n", verification.cells, verification.of,
		      verification.ms);
	/* Pod 0 is app-0 of ns-0, pod 50 app-1 of it, pod 51 app-1 of ns-1; policy 0 is app-0's. */
	fixture_eval(&f, "ns-0/o-50", "ns-0/o-0", 6, 8000, &result);
	assert_true(result.allowed);
	fixture_eval(&f, "ns-1/o-51", "ns-0/o-0", 6, 8000, &result);
	assert_false(result.allowed);
	fixture_eval(&f, "172.16.0.9", "ns-0/o-0", 17, 9, &result);
	assert_true(result.allowed);
	n_words = f.compiled->n_words;
	fixture_free(&f);
	return n_words;
}

static void a_thousand_policies_and_ten_thousand_pods_compile(void **state)
{
	compile_cluster(10000, 1000);
}

static void ten_times_the_pods_take_no_more_room(void **state)
{
	assert_true(compile_cluster(100000, 100) <= compile_cluster(10000, 100) * 11 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_policies_and_ten_thousand_pods_compile),
		cmocka_unit_test(ten_times_the_pods_take_no_more_room),
	};

	return cmocka_run_group_tests_name("policy/scale", tests, NULL, NULL);
}
