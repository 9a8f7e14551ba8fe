// SPDX-License-Identifier: BSD-2-Clause
/* Which flows a question is about. */
#include "unit/policy/fixture.h"

#include <netinet/in.h>

#include "agent/flow_filter.h"
#include "agent/ports.h"
#include "base/mem.h"

#define BACKEND_IFINDEX 7

static const char manifests[] = "{apiVersion: v1, kind: Pod, metadata: {name: backend, namespace: shop},"
				" status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}}\n---\n"
				"{apiVersion: v1, kind: Pod, metadata: {name: far, namespace: shop},"
				" status: {podIPs: [{ip: 10.0.0.9}]}}\n";

/* The backend is behind an interface of this node; far is not. */
struct node {
	struct fixture fixture;
	struct endpoints endpoints;
	struct port port;
};

static int setup(void **state)
{
	struct node *node = new0(struct node);

	fixture_read(&node->fixture, manifests, NULL);
	vec_push(
		&node->endpoints.list,
		(struct endpoint){ .namespace = (char *)"shop", .pod = (char *)"backend", .ifindex = BACKEND_IFINDEX });
	node->port.ifindex = BACKEND_IFINDEX;
	node->port.endpoint = &node->endpoints.list.items[0];
	HASH_ADD(hh, node->endpoints.ports, ifindex, sizeof(node->port.ifindex), &node->port);
	*state = node;
	return 0;
}

static int teardown(void **state)
{
	struct node *node = *state;

	HASH_CLEAR(hh, node->endpoints.ports);
	vec_free(&node->endpoints.list);
	fixture_free(&node->fixture);
	free(node);
	return 0;
}

/* far opened it to the backend's port 443. */
static struct datapath_flow connection(void)
{
	return (struct datapath_flow){
		.table = WEIR_CONNECTIONS,
		.ifindex = BACKEND_IFINDEX,
		.local = { WEIR_IPV4, { 10, 0, 0, 1 } },
		.remote = { WEIR_IPV4, { 10, 0, 0, 9 } },
		.local_port = 443,
		.remote_port = 40000,
		.protocol = IPPROTO_TCP,
		.is = { .opener = WEIR_INGRESS, .state = WEIR_FLOW_ESTABLISHED },
	};
}

static void the_ends_are_as_the_opener_sees_them(void **state)
{
	struct datapath_flow flow = connection();
	struct flow_ends ends = flow_ends(&flow);

	assert_ptr_equal(ends.from, &flow.remote);
	assert_ptr_equal(ends.to, &flow.local);
	assert_int_equal(ends.from_port, 40000);
	assert_int_equal(ends.to_port, 443);
	assert_false(ends.from_is_local);
	flow.is.opener = WEIR_EGRESS;
	ends = flow_ends(&flow);
	assert_ptr_equal(ends.from, &flow.local);
	assert_int_equal(ends.to_port, 40000);
	assert_true(ends.from_is_local);
	flow.protocol = IPPROTO_ICMP;
	ends = flow_ends(&flow);
	assert_int_equal(ends.from_port + ends.to_port, 0);
}

static void what_is_said_of_a_flow_must_be_true_of_it(void **state)
{
	static const struct {
		struct flow_filter_words words;
		bool matches;
	} cases[] = {
		{ {}, true },
		{ { .pod = "shop/backend" }, true },
		{ { .pod = "shop/far" }, true },
		{ { .namespace = "shop" }, true },
		{ { .namespace = "ops" }, false },
		{ { .from = "10.0.0.9" }, true },
		{ { .from = "10.0.0.1" }, false },
		{ { .from = "10.0.0.0/29" }, false },
		{ { .from = "10.0.0.8/29" }, true },
		{ { .from = "shop/far" }, true },
		{ { .from = "shop/backend" }, false },
		{ { .to = "shop/backend" }, true },
		{ { .to = "fd00::1" }, false },
		{ { .to = "::/0" }, false },
		{ { .port = "443" }, true },
		{ { .port = "40000" }, false },
		{ { .protocol = "tcp" }, true },
		{ { .protocol = "6" }, true },
		{ { .protocol = "UDP" }, false },
		{ { .state = "established" }, true },
		{ { .state = "SYN_SENT" }, false },
		{ { .from = "shop/far", .to = "shop/backend", .port = "443", .protocol = "TCP" }, true },
		{ { .from = "shop/far", .to = "shop/backend", .port = "443", .protocol = "SCTP" }, false },
	};
	const struct datapath_flow flow = connection();
	struct node *node = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct flow_filter filter = {};
		struct error error = {};

		if (flow_filter_parse(&cases[i].words, &node->fixture.world, &node->endpoints, &filter, &error) < 0)
			fail_msg("case %zu: %s", i, error.text);
		if (flow_filter_matches(&filter, &node->endpoints, &flow) != cases[i].matches)
			fail_msg("case %zu", i);
		flow_filter_free(&filter);
	}
}

/* A flow of two pods of this node has an entry at each: one of a pod is not the other's. */
static void a_pod_of_this_node_has_the_flows_of_its_own_interface(void **state)
{
	const struct flow_filter_words words = { .pod = "shop/backend" };
	struct datapath_flow flow = connection();
	struct node *node = *state;
	struct flow_filter filter;

	flow.ifindex = 8;
	flow.remote = (struct addr){ WEIR_IPV4, { 10, 0, 0, 1 } };
	assert_int_equal(flow_filter_parse(&words, &node->fixture.world, &node->endpoints, &filter, NULL), 0);
	assert_false(flow_filter_matches(&filter, &node->endpoints, &flow));
	flow_filter_free(&filter);
}

static void icmp_is_one_word_for_both_families(void **state)
{
	const struct flow_filter_words words = { .protocol = "ICMP" };
	struct datapath_flow flow = connection();
	struct node *node = *state;
	struct flow_filter filter;

	assert_int_equal(flow_filter_parse(&words, &node->fixture.world, &node->endpoints, &filter, NULL), 0);
	flow.protocol = IPPROTO_ICMPV6;
	assert_true(flow_filter_matches(&filter, &node->endpoints, &flow));
	flow.protocol = IPPROTO_ICMP;
	assert_true(flow_filter_matches(&filter, &node->endpoints, &flow));
	flow_filter_free(&filter);
}

static void what_can_not_be_asked_is_named(void **state)
{
	static const struct {
		struct flow_filter_words words;
		int result;
		const char *text;
	} cases[] = {
		{ { .pod = "backend" }, -EINVAL, "pod: \"backend\" is not NAMESPACE/POD" },
		{ { .pod = "shop/nobody" }, -ENOENT, "pod: shop/nobody: no such pod" },
		{ { .from = "nobody" }, -EINVAL, "from: \"nobody\" is neither" },
		{ { .to = "shop/nobody" }, -ENOENT, "to: shop/nobody: no such pod" },
		{ { .to = "10.0.0.1/33" }, -ENOENT, "to: 10.0.0.1/33" },
		{ { .port = "0" }, -EINVAL, "port: \"0\"" },
		{ { .port = "65536" }, -EINVAL, "port: \"65536\"" },
		{ { .port = "http" }, -EINVAL, "port: \"http\"" },
		{ { .port = "80x" }, -EINVAL, "port: \"80x\"" },
		{ { .port = "" }, -EINVAL, "port: \"\"" },
		{ { .protocol = "tcpp" }, -EINVAL, "protocol: \"tcpp\"" },
		{ { .protocol = "256" }, -EINVAL, "protocol: \"256\"" },
		{ { .state = "open" }, -EINVAL, "state: \"open\"" },
	};
	struct node *node = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct flow_filter filter = { .port = 99 };
		struct error error = {};

		assert_int_equal(
			flow_filter_parse(&cases[i].words, &node->fixture.world, &node->endpoints, &filter, &error),
			cases[i].result);
		if (strncmp(error.text, cases[i].text, strlen(cases[i].text)) != 0)
			fail_msg("\"%s\" does not begin with \"%s\"", error.text, cases[i].text);
		assert_int_equal(filter.port, 99);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_ends_are_as_the_opener_sees_them),
		TEST(what_is_said_of_a_flow_must_be_true_of_it),
		TEST(a_pod_of_this_node_has_the_flows_of_its_own_interface),
		TEST(icmp_is_one_word_for_both_families),
		TEST(what_can_not_be_asked_is_named),
	};

	return cmocka_run_group_tests_name("flow filter", tests, NULL, NULL);
}
