// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random clusters, policies and probes: the compiled image against the naive
 * reading of the objects. tests/packet/test_differential.c has the loaded
 * programs as a third, for what can be a packet.
 */
#include "differential/differential.h"

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP };

static void random_end(struct random *r, const struct fixture *f, char text[static 64])
{
	const struct object *pod = f->world.pods.n ? f->world.pods.items[pick(r, (uint32_t)f->world.pods.n)] : NULL;

	if (pod && !one_in(r, 4))
		snprintf(text, 64, "%s/%s", pod->namespace, pod->name);
	else if (one_in(r, 3))
		random_addr6(r, text);
	else
		random_addr4(r, text);
}

static bool ask(struct random *r, const struct fixture *f, struct question *question)
{
	question->protocol = PICK(r, protocols);
	random_service(r, &f->world, question);
	random_end(r, f, question->from);
	random_end(r, f, question->to);
	return true;
}

static bool differs(const struct fixture *f, const struct question *question, void *data, FILE *story)
{
	struct eval_result image;

	return differ(f, question, &image, story);
}

static void the_image_says_what_the_objects_say(void **state)
{
	differential_run(&(struct differential){ .ask = ask, .differs = differs, .questions = 60, .clusters = 3400 });
}

static bool is_denied(const char *yaml, const void *data)
{
	const struct question *question = data;
	struct eval_result result = { .allowed = true };
	struct fixture f;

	if (differential_load(&f, yaml, question))
		fixture_eval(&f, question->from, question->to, question->protocol, question->port, &result);
	fixture_free(&f);
	return !result.allowed;
}

/* Any property will do: here, that a connection is denied. */
static void a_failing_case_is_made_small(void **state)
{
	static const char yaml[] =
		"{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: web}}}\n---\n"
		"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop, labels: {app: a}}, status: {podIP: "
		"10.0.0.1}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: shop, labels: {app: b, x: "
		"y}}, status: {podIP: 10.0.0.2}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: c, namespace: "
		"shop}}\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: other, "
		"namespace: "
		"shop}, spec: {podSelector: {matchLabels: {app: c}}}}\n---\n{apiVersion: networking.k8s.io/v1, kind: "
		"NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {podSelector: {matchLabels: {app: b}}, "
		"ingress: "
		"[{ports: [{port: 1}]}, {from: [{podSelector: {matchLabels: {app: c}}}]}]}}";
	const struct question question = { "shop/a", "shop/b", IPPROTO_TCP, 80, 0 };
	size_t n;
	_cleanup_free_ char *small = shrink(yaml, is_denied, &question, &n);

	assert_true(is_denied(small, &question));
	assert_int_equal(n, 3);
	assert_null(strstr(small, "labels"));
	assert_null(strstr(small, "port"));
	assert_non_null(strstr(small, "NetworkPolicy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_image_says_what_the_objects_say),
		cmocka_unit_test(a_failing_case_is_made_small),
	};

	return cmocka_run_group_tests_name("policy/differential", tests, NULL, NULL);
}
