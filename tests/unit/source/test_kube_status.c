// SPDX-License-Identifier: BSD-2-Clause
/* What a node adds to the status of a policy, by what it says and how it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/vec.h"
#include "source/kube_status.h"

#define NOW  1767323045000000000ull
#define WHEN "2026-01-02T03:04:05Z"
#define CONDITION(status, generation)                                                                          \
	"\"conditions\":[{\"type\":\"Enforced\",\"status\":\"" status "\",\"observedGeneration\":" #generation \
	",\"lastTransitionTime\":\"2020-01-01T00:00:00Z\"}]"
#define ENTRY(node, generation, why) \
	"{\"name\":\"" node "\",\"observedGeneration\":" #generation ",\"state\":\"Refused\",\"message\":\"" why "\"}"
#define NODES(entries) "\"nodes\":[" entries "]"

static const char *const cluster[] = { "n1", "n2", "n3" };

static const struct {
	const char *name;
	const char *status; /* that is there; generation 2 is the one */
	enum kube_state state;
	bool cleans_up;
	const char *manager; /* NULL: nothing is written */
	const char *has;     /* part of what is */
} rows[] = {
	{ "nothing is said of what is not known yet", "{}", KUBE_PENDING, false, NULL, NULL },
	{ "the first to enforce it says so", "{}", KUBE_ENFORCED, false, "weir",
	  "\"status\":\"True\",\"reason\":\"Enforced\",\"message\":\"in force in policy revision 7 of node n1\"" },
	{ "with its generation", "{}", KUBE_ENFORCED, false, "weir", "\"observedGeneration\":2" },
	{ "and its revision", "{}", KUBE_ENFORCED, false, "weir", "\"revision\":7,\"node\":\"n1\"" },
	{ "the next has nothing to add", "{" CONDITION("True", 2) "}", KUBE_ENFORCED, false, NULL, NULL },
	{ "another generation is said anew, true since it was", "{" CONDITION("True", 1) "}", KUBE_ENFORCED, false,
	  "weir", "\"lastTransitionTime\":\"2020-01-01T00:00:00Z\"" },
	{ "what was false is true from now on", "{" CONDITION("False", 1) "}", KUBE_ENFORCED, false, "weir",
	  "\"lastTransitionTime\":\"" WHEN "\"" },
	{ "a node where it is refused makes its entry first", "{" CONDITION("True", 2) "}", KUBE_BROKEN, false,
	  "weir-n1", "\"nodes\":[{\"name\":\"n1\",\"observedGeneration\":2,\"revision\":7,\"state\":\"Refused\"" },
	{ "and then the condition", "{" CONDITION("True", 2) "," NODES(ENTRY("n1", 2, "why")) "}", KUBE_BROKEN, false,
	  "weir", "\"status\":\"False\",\"reason\":\"Refused\",\"message\":\"node n1: why\"" },
	{ "and then nothing", "{" CONDITION("False", 2) "," NODES(ENTRY("n1", 2, "why")) "}", KUBE_BROKEN, false, NULL,
	  NULL },
	{ "an entry of another generation is made anew", "{" CONDITION("False", 2) "," NODES(ENTRY("n1", 1, "why")) "}",
	  KUBE_BROKEN, false, "weir-n1", "\"observedGeneration\":2" },
	{ "as is one that gives another reason", "{" CONDITION("False", 2) "," NODES(ENTRY("n1", 2, "else")) "}",
	  KUBE_BROKEN, false, "weir-n1", "\"message\":\"why\"" },
	{ "a condition that another node made false stays",
	  "{" CONDITION("False", 2) "," NODES(ENTRY("n2", 2, "why")) "}", KUBE_ENFORCED, false, NULL, NULL },
	{ "and is not made true by one where it is enforced",
	  "{" CONDITION("False", 1) "," NODES(ENTRY("n2", 2, "why")) "}", KUBE_ENFORCED, false, NULL, NULL },
	{ "what another node said of another generation counts no more",
	  "{" CONDITION("False", 1) "," NODES(ENTRY("n2", 1, "why")) "}", KUBE_ENFORCED, false, "weir",
	  "\"status\":\"True\"" },
	{ "one where it is good again takes its entry out",
	  "{" CONDITION("False", 2) "," NODES(ENTRY("n1", 2, "why")) "}", KUBE_ENFORCED, false, "weir-n1",
	  "\"status\":{}" },
	{ "and the condition follows", "{" CONDITION("False", 2) ",\"nodes\":null}", KUBE_ENFORCED, false, "weir",
	  "\"status\":\"True\"" },
	{ "a node that is no more doesn't count", "{" CONDITION("False", 2) "," NODES(ENTRY("gone", 2, "why")) "}",
	  KUBE_ENFORCED, false, "weir", "\"status\":\"True\"" },
	{ "and its entry is taken out by one of those that are",
	  "{" CONDITION("True", 2) "," NODES(ENTRY("gone", 2, "why")) "}", KUBE_ENFORCED, true, "weir-gone",
	  "\"status\":{}" },
	{ "but by no other", "{" CONDITION("True", 2) "," NODES(ENTRY("gone", 2, "why")) "}", KUBE_ENFORCED, false,
	  NULL, NULL },
	{ "a status that is none is none", "[7]", KUBE_ENFORCED, false, "weir", "\"status\":\"True\"" },
};

static struct kube_subject guard = {
	.kind = KIND_TRAFFIC_POLICY, .namespace = "shop", .name = "guard", .uid = "u1", .generation = 2
};

static struct kube_opinion opinion_of(enum kube_state state)
{
	return (struct kube_opinion){ .state = state,
				      .message = "why",
				      .revision = 7,
				      .node = "n1",
				      .nodes = cluster,
				      .n_nodes = ARRAY_SIZE(cluster),
				      .now = NOW };
}

static void statuses_are_as_the_table_says(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *status = json_loads(rows[i].status, 0, NULL);
		struct kube_opinion opinion = opinion_of(rows[i].state);
		_cleanup_free_ char *path = xasprintf("/apis/weir.dev/v1alpha1/namespaces/shop/trafficpolicies/guard/"
						      "status?fieldManager=%s&force=true",
						      rows[i].manager);
		_cleanup_free_ char *body = NULL;
		struct kube_write write = {};

		print_message("%s\n", rows[i].name);
		assert_non_null(status);
		opinion.cleans_up = rows[i].cleans_up;
		assert_int_equal(kube_status_write(&guard, status, &opinion, &write), rows[i].manager != NULL);
		if (!rows[i].manager)
			continue;
		body = json_dumps(write.body, JSON_COMPACT);
		assert_string_equal(write.path, path);
		assert_string_equal(write.method, "PATCH");
		assert_non_null(
			strstr(body, "\"metadata\":{\"name\":\"guard\",\"uid\":\"u1\",\"namespace\":\"shop\"}"));
		assert_non_null(strstr(body, rows[i].has));
		kube_write_free(&write);
	}
}

static json_t *many_entries(unsigned n)
{
	json_t *entries = json_array();

	for (unsigned i = 0; i < n; i++) {
		_cleanup_free_ char *name = xasprintf("m%u", i);

		json_array_append_new(entries, json_pack("{s:s, s:i}", "name", name, "observedGeneration", 2));
	}
	return json_pack("{s:o}", "nodes", entries);
}

static void only_some_of_many_nodes_make_an_entry(void **state)
{
	struct kube_opinion opinion = opinion_of(KUBE_BROKEN);
	const unsigned n[] = { KUBE_STATUS_NODES_MAX - 1, KUBE_STATUS_NODES_MAX };

	opinion.n_nodes = 0; /* not known */
	for (size_t i = 0; i < ARRAY_SIZE(n); i++) {
		json_auto_t *status = many_entries(n[i]);
		struct kube_write write;

		assert_true(kube_status_write(&guard, status, &opinion, &write));
		assert_int_equal(strstr(write.path, "weir-n1") != NULL, n[i] < KUBE_STATUS_NODES_MAX);
		kube_write_free(&write);
	}
}

static void a_node_that_the_cluster_does_not_know_makes_no_entry(void **state)
{
	struct kube_opinion opinion = opinion_of(KUBE_BROKEN);
	struct kube_write write;

	opinion.node = "n9";
	assert_true(kube_status_write(&guard, NULL, &opinion, &write));
	assert_non_null(strstr(write.path, "fieldManager=weir&"));
	kube_write_free(&write);
}

static void the_name_of_a_node_may_be_longer_than_that_of_a_manager(void **state)
{
	struct kube_opinion opinion = opinion_of(KUBE_BROKEN);
	char node[254];
	const char *manager;
	struct kube_write write;

	memset(node, 'n', sizeof(node) - 1);
	node[sizeof(node) - 1] = '\0';
	opinion.node = node;
	opinion.n_nodes = 0;
	assert_true(kube_status_write(&guard, NULL, &opinion, &write));
	manager = strstr(write.path, "fieldManager=") + strlen("fieldManager=");
	assert_in_range(strcspn(manager, "&"), 1, 128);
	kube_write_free(&write);
}

/* Each object has an order of its own, in which every node has a place of its own. */
static void all_nodes_agree_on_who_goes_first(void **state)
{
	unsigned first[ARRAY_SIZE(cluster)] = {};

	for (unsigned i = 0; i < 300; i++) {
		_cleanup_free_ char *uid = xasprintf("uid-%u", i);
		const struct kube_subject subject = { .uid = uid };
		unsigned seen = 0;

		for (size_t node = 0; node < ARRAY_SIZE(cluster); node++) {
			const size_t rank = kube_subject_rank(&subject, cluster[node], cluster, ARRAY_SIZE(cluster));

			seen |= 1u << rank;
			first[node] += rank == 0;
		}
		assert_int_equal(seen, (1u << ARRAY_SIZE(cluster)) - 1);
	}
	for (size_t node = 0; node < ARRAY_SIZE(cluster); node++)
		assert_in_range(first[node], 50, 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_are_as_the_table_says),
		cmocka_unit_test(only_some_of_many_nodes_make_an_entry),
		cmocka_unit_test(a_node_that_the_cluster_does_not_know_makes_no_entry),
		cmocka_unit_test(the_name_of_a_node_may_be_longer_than_that_of_a_manager),
		cmocka_unit_test(all_nodes_agree_on_who_goes_first),
	};

	return cmocka_run_group_tests_name("kube_status", tests, NULL, NULL);
}
