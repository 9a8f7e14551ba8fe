// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pods that come and go under an image: wherever that is called possible, a
 * compilation of the changed objects must give the very same image, and the
 * same owner for every address.
 */
#include "base/interned.h"
#include "base/mem.h"
#include "policy/increment.h"
#include "unit/policy/fixture.h"

#define POD(name, labels, rest) \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: " name ", namespace: shop, labels: {" labels "}}\n" rest "\n"
#define AT(addrs) "status: {podIPs: [" addrs "]}"

static const char base[] = POD("backend", "app: backend", AT("{ip: 10.0.0.1}, {ip: fd00::1}"))
	POD("frontend", "app: frontend", AT("{ip: 10.0.0.2}")) POD("other", "app: frontend", AT("{ip: 10.1.0.2}"))
		POD("served", "app: frontend",
		    AT("{ip: 10.0.0.30}")) "---\n"
					   "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "
					   "backend, namespace: shop}\n"
					   "spec:\n  podSelector: {matchLabels: {app: backend}}\n"
					   "  ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}, "
					   "{ipBlock: {cidr: 10.1.0.0/16}}]}]\n"
					   "---\n"
					   "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
					   "spec: {clusterIPs: [10.96.0.1], ports: [{port: 80}]}\n"
					   "---\n"
					   "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
					   "metadata: {name: web-1, namespace: shop, labels: "
					   "{kubernetes.io/service-name: web}}\n"
					   "addressType: IPv4\nports: [{port: 80}]\n"
					   "endpoints: [{addresses: [10.0.0.30]}, {addresses: [10.0.0.31]}]\n";

struct change {
	const char *name;
	const char *gone; /* the name of a pod of the base, or NULL */
	const char *come; /* manifests, or NULL */
	bool possible;
};

static const struct change changes[] = {
	{ "a pod with known labels comes", NULL, POD("new", "app: frontend", AT("{ip: 10.0.0.9}")), true },
	{ "it comes to another region that its kind is known in", NULL,
	  POD("new", "app: frontend", AT("{ip: 10.1.0.9}")), true },
	{ "a pod goes", "other", NULL, true },
	{ "a pod changes its address", "frontend", POD("frontend", "app: frontend", AT("{ip: 10.0.0.7}")), true },
	{ "an address passes to another pod", "frontend", POD("new", "app: frontend", AT("{ip: 10.0.0.2}")), true },
	{ "a pod becomes one of another known kind", "frontend", POD("frontend", "app: backend", AT("{ip: 10.0.0.2}")),
	  true },
	{ "two pods come", NULL,
	  POD("new-1", "app: frontend", AT("{ip: 10.0.0.8}")) POD("new-2", "app: backend", AT("{ip: 10.0.0.9}")),
	  true },
	{ "a pod without an address comes", NULL, POD("new", "app: frontend", ""), true },
	{ "a finished pod comes", NULL,
	  POD("new", "app: frontend", "status: {phase: Failed, podIPs: [{ip: 10.0.0.2}]}"), true },
	{ "a pod finishes", "frontend",
	  POD("frontend", "app: frontend", "status: {phase: Succeeded, podIPs: [{ip: 10.0.0.2}]}"), true },

	{ "a pod with new labels comes", NULL, POD("new", "app: stranger", AT("{ip: 10.0.0.9}")), false },
	{ "it comes to a region that its kind is not known in", NULL, POD("new", "app: backend", AT("{ip: 10.1.0.9}")),
	  false },
	{ "it comes with a family that its kind is not known in", NULL,
	  POD("new", "app: frontend", AT("{ip: fd00::9}")), false },
	{ "its address is another pod's", NULL, POD("new", "app: frontend", AT("{ip: 10.0.0.2}")), false },
	{ "its name is another pod's", NULL, POD("frontend", "app: frontend", AT("{ip: 10.0.0.9}")), false },
	{ "two pods come with one address", NULL,
	  POD("new-1", "app: frontend", AT("{ip: 10.0.0.9}")) POD("new-2", "app: frontend", AT("{ip: 10.0.0.9}")),
	  false },
	{ "a pod on the host's network comes", NULL,
	  POD("new", "app: frontend", "spec: {hostNetwork: true}\nstatus: {podIP: 192.0.2.1}"), false },
	{ "it is a service's backend", NULL, POD("new", "app: frontend", AT("{ip: 10.0.0.31}")), false },
	{ "a service's backend goes", "served", NULL, false },
	{ "a namespace comes", NULL, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n", false },
};

/* The base's objects with the change made to them, compiled afresh: what the increment must be equal to. */
static void compile_changed(const struct fixture *f, const struct objects_delta *delta, struct compiled **ret)
{
	struct world world = {};
	struct objects now = {};
	struct diags diags = {};
	struct error error = {};

	vec_for_each (object, &f->objects.list) {
		if (delta->gone.n == 0 || *object != delta->gone.items[0])
			vec_push(&now.list, *object);
	}
	vec_for_each (object, &delta->come)
		vec_push(&now.list, (struct object *)*object);
	/* As the agent does: what the kernel has now keeps its meaning. */
	vec_for_each (owner, &f->compiled->addresses)
		vec_push(&world.in_kernel, (struct kernel_identity){ owner->identity, true, owner->addr });
	world_add(&world, &now, &diags);
	world_finish(&world, &diags);
	assert_int_equal(diags.list.n, 0);
	assert_int_equal(compile(&world, (struct numberings *)&f->numberings, 1, IMAGE_WORDS, ret, &error), 0);
	world_free(&world);
	vec_free(&now.list);
	diags_free(&diags);
}

static void assert_same(const struct compiled *a, const struct compiled *b)
{
	assert_int_equal(a->n_words, b->n_words);
	assert_memory_equal(a->words, b->words, a->n_words * sizeof(*a->words));
	assert_int_equal(a->addresses.n, b->addresses.n);
	for (size_t i = 0; i < a->addresses.n; i++) {
		assert_int_equal(addr_compare(&a->addresses.items[i].addr, &b->addresses.items[i].addr), 0);
		assert_int_equal(a->addresses.items[i].identity, b->addresses.items[i].identity);
		assert_ptr_equal(a->addresses.items[i].pod, b->addresses.items[i].pod);
	}
	assert_int_equal(a->pods.n, b->pods.n);
	assert_int_equal(a->by_name.n, b->by_name.n);
	for (size_t i = 0; i < a->pods.n; i++) {
		assert_ptr_equal(a->pods.items[i].pod, b->pods.items[i].pod);
		assert_int_equal(a->pods.items[i].identity, b->pods.items[i].identity);
		assert_ptr_equal(a->by_name.items[i], b->by_name.items[i]);
	}
}

static void play(const struct change *change)
{
	struct compiled *afresh = NULL;
	struct objects_delta delta = {};
	struct objects come = {};
	struct diags diags = {};
	struct fixture f;

	print_message("# %s\n", change->name);
	fixture_load(&f, base);
	if (change->gone)
		vec_push(&delta.gone, world_pod(&f.world, "shop", change->gone));
	if (change->come)
		assert_int_equal(manifest_parse("come.yaml", change->come, strlen(change->come), 0, &come, &diags), 0);
	vec_for_each (object, &come.list)
		vec_push(&delta.come, *object);
	assert_int_equal(increment_possible(f.compiled, &f.numberings, &delta), change->possible);
	if (change->possible) {
		compile_changed(&f, &delta, &afresh);
		increment_apply(f.compiled, &f.numberings, &delta);
		assert_same(f.compiled, afresh);
		compiled_free(afresh);
	}
	vec_free(&delta.gone);
	vec_free(&delta.come);
	fixture_free(&f);
	objects_free(&come);
	diags_free(&diags);
}

static void an_increment_is_what_a_compilation_would_give(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		play(&changes[i]);
}

static bool is_possible(const struct fixture *f, const char *gone, const char *come)
{
	struct objects_delta delta = {};
	struct objects objects = {};
	struct diags diags = {};
	bool possible;

	vec_for_each (object, &f->objects.list) {
		if (gone && !strcmp((*object)->name, gone))
			vec_push(&delta.gone, *object);
	}
	if (come)
		assert_int_equal(manifest_parse("come", come, strlen(come), 0, &objects, &diags), 0);
	vec_for_each (object, &objects.list)
		vec_push(&delta.come, *object);
	possible = increment_possible(f->compiled, &f->numberings, &delta);
	vec_free(&delta.gone);
	vec_free(&delta.come);
	objects_free(&objects);
	diags_free(&diags);
	return possible;
}

/* Two pods claim 10.0.0.50, and two are called twin. */
static void a_dispute_is_for_the_compiler_and_concerns_nobody_else(void **state)
{
	static const char more[] = POD("keeper", "app: frontend", AT("{ip: 10.0.0.50}"))
		POD("loser", "app: frontend", AT("{ip: 10.0.0.50}, {ip: 10.0.0.51}"))
			POD("twin", "app: frontend", AT("{ip: 10.0.0.52}"))
				POD("twin", "app: backend", AT("{ip: 10.0.0.53}"));
	_cleanup_free_ char *yaml = xasprintf("%s%s", base, more);
	struct fixture f;

	fixture_load(&f, yaml);
	assert_int_equal(f.world.disputed.n, 2);
	assert_true(is_possible(&f, NULL, POD("new", "app: frontend", AT("{ip: 10.0.0.9}"))));
	assert_true(is_possible(&f, "other", NULL));
	assert_false(is_possible(&f, "keeper", NULL));
	assert_false(is_possible(&f, "loser", NULL));
	assert_false(is_possible(&f, "twin", NULL));
	assert_false(is_possible(&f, NULL, POD("new", "app: frontend", AT("{ip: 10.0.0.51}"))));
	assert_false(is_possible(&f, NULL, POD("new", "app: frontend", AT("{ip: 10.0.0.53}"))));
	fixture_free(&f);
}

static void what_is_too_much_is_compiled(void **state)
{
	struct object *pods[INCREMENT_MAX + 1];
	struct objects_delta delta = {};
	struct fixture f;

	fixture_load(&f, base);
	for (size_t i = 0; i < ARRAY_SIZE(pods); i++) {
		pods[i] = new0(struct object);
		pods[i]->kind = KIND_POD;
		pods[i]->namespace = interned("shop");
		pods[i]->name = xasprintf("new-%zu", i);
		labels_set(&pods[i]->labels, "app", "frontend");
		vec_push(&delta.come, pods[i]);
		assert_int_equal(increment_possible(f.compiled, &f.numberings, &delta), i < INCREMENT_MAX);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pods); i++)
		object_free(pods[i]);
	vec_free(&delta.come);
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_increment_is_what_a_compilation_would_give),
		cmocka_unit_test(a_dispute_is_for_the_compiler_and_concerns_nobody_else),
		cmocka_unit_test(what_is_too_much_is_compiled),
	};

	return cmocka_run_group_tests_name("policy/increment", tests, NULL, NULL);
}
