// SPDX-License-Identifier: BSD-2-Clause
#include "unit/policy/fixture.h"

static const char pods[] = "{kind: Namespace, apiVersion: v1, metadata: {name: shop, labels: {team: red}}}\n"
			   "---\n"
			   "{kind: Pod, apiVersion: v1, metadata: {name: b, namespace: shop},"
			   " status: {podIPs: [{ip: 10.0.0.2}, {ip: 'fd00::2'}]}}\n"
			   "---\n"
			   "{kind: Pod, apiVersion: v1, metadata: {name: a, namespace: shop},"
			   " status: {podIP: 10.0.0.1}}\n"
			   "---\n"
			   "{kind: Pod, apiVersion: v1, metadata: {name: done, namespace: shop},"
			   " status: {phase: Succeeded, podIP: 10.0.0.3}}\n"
			   "---\n"
			   "{kind: Pod, apiVersion: v1, metadata: {name: broke, namespace: shop},"
			   " status: {phase: Failed, podIP: 10.0.0.3}}\n"
			   "---\n"
			   "{kind: Pod, apiVersion: v1, metadata: {name: host, namespace: shop},"
			   " spec: {hostNetwork: true}, status: {podIP: 192.0.2.1}}\n";

static const struct object *owner(const struct world *world, const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return world_pod_by_addr(world, &addr);
}

static void pods_are_found_by_name_and_by_each_address(void **state)
{
	struct fixture f;

	fixture_read(&f, pods, NULL);
	assert_string_equal(world_pod(&f.world, "shop", "a")->name, "a");
	assert_null(world_pod(&f.world, "shop", "c"));
	assert_null(world_pod(&f.world, "other", "a"));
	assert_string_equal(owner(&f.world, "10.0.0.1")->name, "a");
	assert_string_equal(owner(&f.world, "10.0.0.2")->name, "b");
	assert_string_equal(owner(&f.world, "fd00::2")->name, "b");
	assert_null(owner(&f.world, "10.0.0.9"));
	fixture_free(&f);
}

static void finished_pods_are_left_out(void **state)
{
	struct fixture f;

	fixture_read(&f, pods, NULL);
	assert_null(world_pod(&f.world, "shop", "done"));
	assert_null(world_pod(&f.world, "shop", "broke"));
	assert_null(owner(&f.world, "10.0.0.3"));
	assert_int_equal(f.diags.list.n, 0);
	fixture_free(&f);
}

static void pods_on_the_hosts_network_own_no_address(void **state)
{
	struct fixture f;

	fixture_read(&f, pods, NULL);
	assert_non_null(world_pod(&f.world, "shop", "host"));
	assert_null(owner(&f.world, "192.0.2.1"));
	fixture_free(&f);
}

static void of_two_pods_with_one_address_the_first_by_name_keeps_it(void **state)
{
	static const char yaml[] = "{kind: Pod, apiVersion: v1, metadata: {name: z}, status: {podIP: 10.0.0.1}}\n"
				   "---\n"
				   "{kind: Pod, apiVersion: v1, metadata: {name: y}, status: {podIP: 10.0.0.1}}\n";
	struct fixture f;

	fixture_read(&f, yaml, NULL);
	assert_string_equal(owner(&f.world, "10.0.0.1")->name, "y");
	assert_int_equal(f.diags.list.n, 1);
	assert_int_equal(f.diags.n_errors, 0);
	assert_string_equal(f.diags.list.items[0].text, "10.0.0.1 belongs to Pod default/y already");
	fixture_free(&f);
}

static void the_nodes_address_is_no_pods(void **state)
{
	struct fixture f;

	fixture_read(&f, pods, "10.0.0.1");
	assert_null(owner(&f.world, "10.0.0.1"));
	assert_int_equal(f.diags.list.n, 1);
	fixture_free(&f);
}

static void an_earlier_sources_object_wins(void **state)
{
	static const char later[] =
		"{kind: Pod, apiVersion: v1, metadata: {name: a, namespace: shop}, status: {podIP: 10.9.9.9}}\n"
		"---\n"
		"{kind: Pod, apiVersion: v1, metadata: {name: c, namespace: shop}, status: {podIP: 10.0.0.4}}\n";
	struct objects objects = {};
	struct fixture f;
	struct world world = {};

	fixture_read(&f, pods, NULL);
	assert_int_equal(manifest_parse("later.yaml", later, strlen(later), 0, &objects, &f.diags), 0);
	world_add(&world, &f.objects, &f.diags);
	world_add(&world, &objects, &f.diags);
	world_finish(&world, &f.diags);
	assert_string_equal(owner(&world, "10.0.0.1")->name, "a");
	assert_null(owner(&world, "10.9.9.9"));
	assert_string_equal(owner(&world, "10.0.0.4")->name, "c");
	assert_int_equal(f.diags.list.n, 1);
	assert_string_equal(f.diags.list.items[0].file, "later.yaml");
	world_free(&world);
	objects_free(&objects);
	fixture_free(&f);
}

static void namespaces_without_an_object_have_their_name_as_label(void **state)
{
	struct labels scratch = {};
	struct fixture f;

	fixture_read(&f, pods, NULL);
	assert_string_equal(labels_get(world_namespace_labels(&f.world, "shop", &scratch), "team"), "red");
	assert_int_equal(scratch.list.n, 0);
	assert_string_equal(
		labels_get(world_namespace_labels(&f.world, "lost", &scratch), "kubernetes.io/metadata.name"), "lost");
	labels_free(&scratch);
	fixture_free(&f);
}

static void an_empty_world_answers_too(void **state)
{
	struct world world = {};
	struct diags diags = {};

	world_finish(&world, &diags);
	assert_null(owner(&world, "10.0.0.1"));
	assert_null(world_pod(&world, "a", "b"));
	world_free(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pods_are_found_by_name_and_by_each_address),
		cmocka_unit_test(finished_pods_are_left_out),
		cmocka_unit_test(pods_on_the_hosts_network_own_no_address),
		cmocka_unit_test(of_two_pods_with_one_address_the_first_by_name_keeps_it),
		cmocka_unit_test(the_nodes_address_is_no_pods),
		cmocka_unit_test(an_earlier_sources_object_wins),
		cmocka_unit_test(namespaces_without_an_object_have_their_name_as_label),
		cmocka_unit_test(an_empty_world_answers_too),
	};

	return cmocka_run_group_tests_name("policy/world", tests, NULL, NULL);
}
