// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between the swap of an image and the update of the kernel's tables these
 * still hold the identities of the world before. What the new image says of
 * them must be what the new policies say of the pods as they were.
 */
#include "policy/identity_key.h"
#include "unit/policy/fixture.h"

#define POD(name, labels, addr)                                                                                   \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: " name ", labels: {" labels "}}, status: " \
	"{podIP: " addr "}}\n---\n"
#define NETWORK_POLICY(name, spec)                                                                        \
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: shop, name: " name \
	"}, spec: {" spec "}}\n---\n"
#define FROM_TEAM NETWORK_POLICY("p", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {team: web}}}]}]")

static const char before[] = POD("a", "team: web, v: one", "10.0.0.1") POD("b", "app: b", "10.0.0.2") FROM_TEAM;

/* What the kernel's tables hold under f's policy. */
static void remember(const struct fixture *f, struct world *world)
{
	vec_for_each (owner, &f->compiled->addresses)
		vec_push(&world->in_kernel, (struct kernel_identity){ owner->identity, true, owner->addr });
	vec_for_each (identity, &f->compiled->identities)
		vec_push(&world->in_kernel, (struct kernel_identity){ .identity = identity->identity });
}

/* f's world becomes another one, whose compilation knows what the kernel still holds if `retain`. */
static void become(struct fixture *f, const char *yaml, bool retain)
{
	struct numberings numberings = f->numberings;
	struct fixture next;

	fixture_read(&next, yaml, NULL);
	numberings_free(&next.numberings);
	next.numberings = numberings;
	if (retain)
		remember(f, &next.world);
	f->numberings = (struct numberings){};
	fixture_free(f);
	*f = next;
	fixture_compile(f, 2);
}

static uint32_t identity_of(const struct fixture *f, const char *pod)
{
	uint32_t identity;

	assert_int_equal(compiled_pod_identity(f->compiled, world_pod(&f->world, "shop", pod), &identity), 0);
	return identity;
}

/* The kernel's walk, by what its tables say. */
static enum weir_reason judge_at(const struct fixture *f, enum weir_direction direction, uint32_t subject,
				 uint32_t peer, const char *peer_addr)
{
	const struct weir_image image = compiled_image(f->compiled);
	struct addr addr;
	uint32_t cell;

	assert_int_equal(addr_parse(peer_addr, &addr), 0);
	cell = weir_image_cell(&image, weir_image_subject_class(&image, subject), direction,
			       weir_image_peer_class(&image, peer, addr.family, addr.bytes),
			       weir_image_port_class(&image, WEIR_PORTS_TCP, 80));
	return weir_image_decision_at(&image, cell).reason;
}

static enum weir_reason judge(const struct fixture *f, uint32_t subject, uint32_t peer, const char *peer_addr)
{
	return judge_at(f, WEIR_INGRESS, subject, peer, peer_addr);
}

static void a_relabelled_peer_is_who_it_was_until_its_address_follows(void **state)
{
	static const char after[] = POD("a", "team: web, v: two", "10.0.0.1") POD("b", "app: b", "10.0.0.2") FROM_TEAM;
	uint32_t old, b;
	struct fixture f;

	fixture_load(&f, before);
	old = identity_of(&f, "a");
	b = identity_of(&f, "b");
	become(&f, after, true);
	assert_int_not_equal(identity_of(&f, "a"), old);
	assert_int_equal(judge(&f, b, old, "10.0.0.1"), WEIR_REASON_POLICY_ALLOW);
	assert_int_equal(judge(&f, b, identity_of(&f, "a"), "10.0.0.1"), WEIR_REASON_POLICY_ALLOW);
	assert_true(compiled_knows(f.compiled, old));
	assert_null(compiled_identity(f.compiled, old));
	fixture_free(&f);
}

static void a_relabelled_subject_stays_isolated_until_its_endpoint_follows(void **state)
{
	static const char after[] = POD("a", "team: web, v: one", "10.0.0.1") POD("b", "app: c", "10.0.0.2") FROM_TEAM;
	uint32_t old;
	struct fixture f;

	fixture_load(&f, before);
	old = identity_of(&f, "b");
	become(&f, after, true);
	assert_int_equal(judge(&f, old, identity_of(&f, "a"), "10.0.0.1"), WEIR_REASON_POLICY_ALLOW);
	assert_int_equal(judge(&f, old, WEIR_IDENTITY_WORLD, "192.0.2.1"), WEIR_REASON_POLICY_DEFAULT);
	fixture_free(&f);
}

static void the_old_identity_is_judged_by_the_new_policy(void **state)
{
	static const char after[] = POD("a", "team: ops", "10.0.0.1") POD("b", "app: b", "10.0.0.2")
		NETWORK_POLICY("p", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {v: none}}}]}]");
	uint32_t old, b;
	struct fixture f;

	fixture_load(&f, before);
	old = identity_of(&f, "a");
	b = identity_of(&f, "b");
	become(&f, after, true);
	assert_int_equal(judge(&f, b, old, "10.0.0.1"), WEIR_REASON_POLICY_DEFAULT);
	fixture_free(&f);
}

#define BY_BLOCK NETWORK_POLICY("p", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.9.0.0/16}}]}]")

/* The identity lives on with another pod, in another region. */
static void an_address_keeps_its_region_while_its_identity_is_others(void **state)
{
	static const char both[] =
		POD("a", "x: y", "10.9.0.1") POD("c", "x: y", "10.0.0.3") POD("b", "app: b", "10.0.0.2") BY_BLOCK;
	static const char after[] =
		POD("a", "x: z", "10.9.0.1") POD("c", "x: y", "10.0.0.3") POD("b", "app: b", "10.0.0.2") BY_BLOCK;
	uint32_t old, b;
	struct fixture f;

	fixture_load(&f, both);
	old = identity_of(&f, "a");
	b = identity_of(&f, "b");
	become(&f, after, true);
	assert_int_equal(identity_of(&f, "c"), old);
	assert_int_equal(judge(&f, b, old, "10.9.0.1"), WEIR_REASON_POLICY_ALLOW);
	assert_int_equal(judge(&f, b, old, "10.0.0.3"), WEIR_REASON_POLICY_DEFAULT);
	assert_int_equal(f.compiled->retained.n, 0);
	fixture_free(&f);
}

static void what_the_kernel_no_longer_refers_to_is_dropped(void **state)
{
	static const char after[] = POD("b", "app: b", "10.0.0.2") FROM_TEAM;
	uint32_t old, b;
	struct fixture f;

	fixture_load(&f, before);
	old = identity_of(&f, "a");
	b = identity_of(&f, "b");
	become(&f, after, true);
	assert_true(compiled_knows(f.compiled, old));
	become(&f, after, true);
	assert_false(compiled_knows(f.compiled, old));
	assert_int_equal(judge(&f, b, old, "10.0.0.1"), WEIR_REASON_POLICY_DEFAULT);
	fixture_free(&f);
}

static void a_number_whose_meaning_is_lost_is_the_worlds(void **state)
{
	struct fixture f;

	fixture_read(&f, before, NULL);
	assert_int_equal(numbering_restore(f.numberings.identities, "lost/40", 40), 0);
	vec_push(&f.world.in_kernel, (struct kernel_identity){ .identity = 40 });
	vec_push(&f.world.in_kernel, (struct kernel_identity){ .identity = 41 });
	fixture_compile(&f, 1);
	assert_false(compiled_knows(f.compiled, 40));
	assert_false(compiled_knows(f.compiled, 41));
	assert_true(compiled_knows(f.compiled, WEIR_IDENTITY_NODE));
	assert_int_equal(judge(&f, identity_of(&f, "b"), 40, "10.0.0.1"), WEIR_REASON_POLICY_DEFAULT);
	fixture_free(&f);
}

#define SERVICE                                                                                                      \
	"{kind: Service, apiVersion: v1, metadata: {namespace: shop, name: s}, spec: {clusterIP: 10.96.0.1, ports: " \
	"[{port: 80}]}}\n---\n{kind: EndpointSlice, apiVersion: discovery.k8s.io/v1, metadata: {namespace: shop, "   \
	"name: "                                                                                                     \
	"e, labels: {kubernetes.io/service-name: s}}, addressType: IPv4, ports: [{port: 80}], endpoints: "           \
	"[{addresses: "                                                                                              \
	"[10.0.0.2]}]}\n---\n"

/* As the world's the address would be open, and as the service's it was not. */
static void the_address_of_a_service_that_went_opens_nothing(void **state)
{
	static const char after[] = POD("a", "app: a", "10.0.0.1") POD("b", "app: b", "10.0.0.2")
		NETWORK_POLICY("p", "podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: "
				    "10.96.0.0/12}}]}]");
	_cleanup_free_ char *with = NULL;
	uint32_t service, a;
	struct fixture f;

	assert_true(asprintf(&with, SERVICE "%s", after) > 0);
	fixture_load(&f, with);
	a = identity_of(&f, "a");
	assert_int_equal(f.world.services.n, 1);
	service = compiled_owner(f.compiled, &f.world.services.items[0].addr)->identity;
	assert_int_equal(judge_at(&f, WEIR_EGRESS, a, service, "10.96.0.1"), WEIR_REASON_POLICY_DEFAULT);
	become(&f, after, true);
	assert_true(compiled_knows(f.compiled, service));
	assert_int_equal(judge_at(&f, WEIR_EGRESS, a, service, "10.96.0.1"), WEIR_REASON_POLICY_DEFAULT);
	assert_int_equal(judge_at(&f, WEIR_EGRESS, a, WEIR_IDENTITY_WORLD, "10.96.0.1"), WEIR_REASON_POLICY_ALLOW);
	become(&f, after, true);
	assert_false(compiled_knows(f.compiled, service));
	fixture_free(&f);
}

static void assert_key_survives(const struct object *pod)
{
	char *keys[2] = {};
	size_t size;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct object *copy = i ? identity_key_parse(keys[0]) : NULL;
		FILE *out = open_memstream(&keys[i], &size);

		if (i)
			assert_non_null(copy);
		identity_key_write(out, copy ?: pod);
		fclose(out);
		object_free(copy);
	}
	assert_string_equal(keys[0], keys[1]);
	free(keys[0]);
	free(keys[1]);
}

static void a_key_says_all_that_policy_can_ask(void **state)
{
	static const char yaml[] =
		"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: a, labels: {example.com/x: '', b: "
		"c.d}}, "
		"spec: {serviceAccountName: sa, containers: [{name: c, ports: [{name: web, containerPort: 80}, {name: "
		"dns, protocol: UDP, containerPort: 53}]}]}}\n---\n{kind: Pod, apiVersion: v1, metadata: {name: b}}";
	struct object service = { .kind = KIND_SERVICE, .namespace = (char *)"shop", .name = (char *)"s" };
	struct fixture f;

	fixture_read(&f, yaml, NULL);
	for (size_t i = 0; i < f.world.pods.n; i++)
		assert_key_survives(f.world.pods.items[i]);
	assert_key_survives(&service);
	fixture_free(&f);
}

static void a_text_that_is_no_key_is_refused(void **state)
{
	static const char *const texts[] = { "",	   "lost/7",	"a",	     "a;",	   "a;b;",
					     "a;b=c;;",	   "a;b=c,;sa", "a;%4;;",    "a;%zz=1,;;", "a;;;web=",
					     "a;;;web=x,", "%4;;;",	"%service;a" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_null(identity_key_parse(texts[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_relabelled_peer_is_who_it_was_until_its_address_follows),
		cmocka_unit_test(a_relabelled_subject_stays_isolated_until_its_endpoint_follows),
		cmocka_unit_test(the_old_identity_is_judged_by_the_new_policy),
		cmocka_unit_test(an_address_keeps_its_region_while_its_identity_is_others),
		cmocka_unit_test(what_the_kernel_no_longer_refers_to_is_dropped),
		cmocka_unit_test(a_number_whose_meaning_is_lost_is_the_worlds),
		cmocka_unit_test(the_address_of_a_service_that_went_opens_nothing),
		cmocka_unit_test(a_key_says_all_that_policy_can_ask),
		cmocka_unit_test(a_text_that_is_no_key_is_refused),
	};

	return cmocka_run_group_tests_name("policy/retain", tests, NULL, NULL);
}
