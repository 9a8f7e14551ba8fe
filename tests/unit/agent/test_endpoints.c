// SPDX-License-Identifier: BSD-2-Clause
/* What the kernel is told of who is behind an interface. */
#include "unit/datapath/fixture.h"

#include "agent/endpoints.h"
#include "base/log.h"

#define MAC   "02:00:5e:00:53:01"
#define OTHER "02:00:5e:00:53:02"

struct node {
	struct fixture *fixture;
	struct agent_config config;
	struct links *links;
	struct endpoints endpoints;
};

static void ignore_addresses(void *data)
{
}

static int setup(void **state)
{
	struct node *node = new0(struct node);
	const struct links_events events = { endpoints_link_changed, endpoints_link_gone, ignore_addresses, NULL,
					     &node->endpoints };
	struct error error = {};

	if (fixture_setup((void **)&node->fixture) < 0)
		return -1;
	run("ip link set " PEER " address " MAC);
	agent_config_init(&node->config);
	if (links_open(&events, &node->links, &error) < 0)
		fail_msg("%s", error.text);
	node->endpoints.config = &node->config;
	node->endpoints.links = node->links;
	node->endpoints.datapath = open_datapath(&node->fixture->config);
	*state = node;
	return 0;
}

static int teardown(void **state)
{
	struct node *node = *state;
	void *fixture = node->fixture;

	endpoints_free(&node->endpoints);
	datapath_close(node->endpoints.datapath);
	links_close(node->links);
	agent_config_free(&node->config);
	free(node);
	return fixture_teardown(&fixture);
}

/* Makes it the only one, and what the kernel then has of it. */
static struct weir_endpoint enforce(struct node *node, struct endpoint endpoint)
{
	datapath_endpoints kernel = {};
	endpoint_list list = {};

	endpoint.namespace = xstrdup("shop");
	endpoint.pod = xstrdup("web");
	endpoint.interface = xstrdup(endpoint.interface ?: POD);
	endpoint.identity = 17;
	vec_push(&list, endpoint);
	endpoints_adopt(&node->endpoints, &list);
	endpoints_sync(&node->endpoints);
	assert_int_equal(datapath_list_endpoints(node->endpoints.datapath, &kernel), 0);
	assert_int_equal(kernel.n, 1);
	struct weir_endpoint found = kernel.items[0].is;
	vec_free(&kernel);
	assert_int_equal(found.identity, 17);
	return found;
}

static void assert_mac(const struct weir_endpoint *endpoint, const char *expected)
{
	char text[MAC_TEXT_MAX];

	assert_string_equal(mac_format(endpoint->mac, text), expected);
}

static void an_endpoint_has_the_mac_of_the_other_end_and_is_held_to_it(void **state)
{
	const struct weir_endpoint found = enforce(*state, (struct endpoint){});

	assert_mac(&found, MAC);
	assert_int_equal(found.flags, WEIR_ENDPOINT_CHECK_MAC | WEIR_ENDPOINT_CHECK_ADDRESS);
}

static void a_mac_of_the_manifest_comes_before_the_one_that_is_found(void **state)
{
	const struct weir_endpoint found = enforce(*state, (struct endpoint){ .mac = { 2, 0, 0x5e, 0, 0x53, 9 } });

	assert_mac(&found, "02:00:5e:00:53:09");
	assert_int_equal(found.flags, WEIR_ENDPOINT_CHECK_MAC | WEIR_ENDPOINT_CHECK_ADDRESS);
}

static void an_interface_without_another_end_is_held_to_addresses_alone(void **state)
{
	run("ip link add weirtb type bridge");
	struct node *node = *state;
	links_dispatch(node->links);
	const struct weir_endpoint found = enforce(node, (struct endpoint){ .interface = "weirtb" });

	assert_mac(&found, "00:00:00:00:00:00");
	assert_int_equal(found.flags, WEIR_ENDPOINT_CHECK_ADDRESS);
	run("ip link del weirtb");
}

static void a_router_is_held_to_nothing(void **state)
{
	const struct weir_endpoint found = enforce(*state, (struct endpoint){ .may_spoof = true });

	assert_int_equal(found.flags, 0);
	assert_mac(&found, MAC);
}

static struct endpoint with_addresses(const char *const *texts, size_t n)
{
	struct endpoint endpoint = {};
	struct addr addr;

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(addr_parse(texts[i], &addr), 0);
		vec_push(&endpoint.addrs, addr);
	}
	return endpoint;
}

static void the_first_address_of_each_family_is_in_the_entry(void **state)
{
	static const struct {
		const char *addresses[4];
		size_t n;
		bool v4, v6, more;
	} cases[] = {
		{ {}, 0, false, false, false },
		{ { "10.0.0.1" }, 1, true, false, false },
		{ { "fd00::1" }, 1, false, true, false },
		{ { "10.0.0.1", "fd00::1" }, 2, true, true, false },
		{ { "fd00::1", "10.0.0.1", "10.0.0.2" }, 3, true, true, true },
		{ { "10.0.0.1", "fd00::1", "fd00::2" }, 3, true, true, true },
	};
	static const uint8_t v4[] = { 10, 0, 0, 1 }, v6[16] = { 0xfd, [15] = 1 }, none[16];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct weir_endpoint found = enforce(*state, with_addresses(cases[i].addresses, cases[i].n));

		assert_memory_equal(&found.ipv4, cases[i].v4 ? v4 : none, 4);
		assert_memory_equal(found.ipv6, cases[i].v6 ? v6 : none, 16);
		assert_int_equal(!!(found.flags & WEIR_ENDPOINT_MORE_ADDRESSES), cases[i].more);
		assert_true(found.flags & WEIR_ENDPOINT_CHECK_ADDRESS);
	}
}

static void the_other_end_is_looked_at_again_when_the_interface_changes(void **state)
{
	struct node *node = *state;
	struct weir_endpoint found = enforce(node, (struct endpoint){});

	run("ip link set " PEER " down && ip link set " PEER " address " OTHER " && ip link set " PEER " up");
	assert_int_equal(links_dispatch(node->links), 0);
	assert_true(node->endpoints.stale);
	found = enforce(node, (struct endpoint){});
	assert_mac(&found, OTHER);
}

static void nothing_is_written_where_nothing_has_changed(void **state)
{
	struct node *node = *state;

	enforce(node, (struct endpoint){});
	assert_false(endpoints_sync(&node->endpoints));
	enforce(node, (struct endpoint){ .may_spoof = true });
	assert_false(endpoints_sync(&node->endpoints));
}

static void places_are_those_of_endpoints_that_are_there(void **state)
{
	static const char *const addresses[] = { "fd00::1", "10.0.0.2", "10.0.0.1" };
	struct node *node = *state;
	datapath_addresses places = {};
	struct addr first;

	assert_int_equal(addr_parse("10.0.0.1", &first), 0);
	enforce(node, with_addresses(addresses, ARRAY_SIZE(addresses)));
	endpoints_places(&node->endpoints, &places);
	assert_int_equal(places.n, 3);
	assert_int_equal(addr_compare(&places.items[0].addr, &first), 0);
	assert_int_equal(places.items[0].ifindex, node->fixture->ifindex);
	vec_free(&places);

	node->endpoints.list.items[0].ifindex = 0;
	endpoints_places(&node->endpoints, &places);
	assert_int_equal(places.n, 0);
	vec_free(&places);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_endpoint_has_the_mac_of_the_other_end_and_is_held_to_it),
		TEST(a_mac_of_the_manifest_comes_before_the_one_that_is_found),
		TEST(an_interface_without_another_end_is_held_to_addresses_alone),
		TEST(a_router_is_held_to_nothing),
		TEST(the_first_address_of_each_family_is_in_the_entry),
		TEST(the_other_end_is_looked_at_again_when_the_interface_changes),
		TEST(nothing_is_written_where_nothing_has_changed),
		TEST(places_are_those_of_endpoints_that_are_there),
	};

	need_bpf();
	log_open(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("endpoints", tests, NULL, NULL);
}
