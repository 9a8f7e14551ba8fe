// SPDX-License-Identifier: BSD-2-Clause
/* What people call a pod: by its labels, by what made it, by its own name. */
#include "unit/policy/fixture.h"

#include "base/mem.h"
#include "object/manifest.h"
#include "policy/workload.h"

static const struct {
	const char *name;
	const char *metadata; /* beside name and namespace */
	const char *expected;
} rows[] = {
	{ "the label app", "labels: {app: web}", "shop/web" },
	{ "app.kubernetes.io/name goes before app", "labels: {app: web, app.kubernetes.io/name: site}", "shop/site" },
	{ "app goes before k8s-app", "labels: {k8s-app: dns, app: web}", "shop/web" },
	{ "k8s-app alone", "labels: {k8s-app: dns}", "shop/dns" },
	{ "an empty label is none", "labels: {app: ''}", "shop/web-7c9f-x2" },
	{ "no label", "labels: {tier: back}", "shop/web-7c9f-x2" },
	{ "a label goes before the owner",
	  "labels: {app: site}, ownerReferences: [{kind: StatefulSet, name: db, controller: true}]", "shop/site" },
	{ "a StatefulSet", "ownerReferences: [{kind: StatefulSet, name: db, controller: true}]", "shop/db" },
	{ "a ReplicaSet without its template's hash",
	  "labels: {pod-template-hash: 7c9f}, ownerReferences: [{kind: ReplicaSet, name: web-7c9f, controller: true}]",
	  "shop/web" },
	{ "a ReplicaSet of nobody's", "ownerReferences: [{kind: ReplicaSet, name: web-7c9f, controller: true}]",
	  "shop/web-7c9f" },
	{ "a CronJob's Job", "ownerReferences: [{kind: Job, name: backup-28465920, controller: true}]", "shop/backup" },
	{ "a Job that ends in a small number", "ownerReferences: [{kind: Job, name: load-2, controller: true}]",
	  "shop/load-2" },
	{ "an owner that controls nothing", "ownerReferences: [{kind: StatefulSet, name: db}]", "shop/web-7c9f-x2" },
	{ "the one of two that controls",
	  "ownerReferences: [{kind: Thing, name: a}, {kind: DaemonSet, name: agent, controller: true}]", "shop/agent" },
	{ "owners that are no list", "ownerReferences: {kind: Job}", "shop/web-7c9f-x2" },
	{ "an owner whose name is no text", "ownerReferences: [{kind: Job, name: [a], controller: true}, 7]",
	  "shop/web-7c9f-x2" },
};

static void pods_are_called_after_what_they_are_pods_of(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *yaml =
			xasprintf("{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: web-7c9f-x2, %s}}",
				  rows[i].metadata);
		_cleanup_free_ char *name = NULL;
		struct objects objects = {};
		struct diags diags = {};

		print_message("# %s\n", rows[i].name);
		assert_int_equal(manifest_parse("t", yaml, strlen(yaml), 0, &objects, &diags), 0);
		assert_int_equal(objects.list.n, 1);
		name = workload_name(objects.list.items[0]);
		assert_string_equal(name, rows[i].expected);
		objects_free(&objects);
		diags_free(&diags);
	}
}

static void nodes_and_services_are_told_apart_from_pods(void **state)
{
	struct object node = { .kind = KIND_NODE, .name = (char *)"a" };
	struct object service = { .kind = KIND_SERVICE, .namespace = (char *)"shop", .name = (char *)"web" };
	_cleanup_free_ char *of_node = workload_name(&node), *of_service = workload_name(&service);

	assert_string_equal(of_node, "node");
	assert_string_equal(of_service, "shop/service:web");
}

static void numbers_have_names_too(void **state)
{
	_cleanup_(numbering_freep) struct numbering *n = numbering_new(WEIR_IDENTITY_FIRST, 100);
	uint32_t number = numbering_get(n, "key", 0);

	assert_string_equal(workload_of(n, WEIR_IDENTITY_WORLD), "world");
	assert_string_equal(workload_of(n, WEIR_IDENTITY_NODE), "node");
	assert_string_equal(workload_of(n, number), "unknown");
	numbering_set_title(n, number, "shop/web");
	assert_string_equal(workload_of(n, number), "shop/web");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pods_are_called_after_what_they_are_pods_of),
		cmocka_unit_test(nodes_and_services_are_told_apart_from_pods),
		cmocka_unit_test(numbers_have_names_too),
	};

	return cmocka_run_group_tests_name("policy/workload", tests, NULL, NULL);
}
