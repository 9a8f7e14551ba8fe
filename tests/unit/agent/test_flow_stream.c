// SPDX-License-Identifier: BSD-2-Clause
/* The list of flows as it is sent: all of it, in order of size, in pieces of any size. */
#include "unit/datapath/fixture.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>

#include "agent/flow_stream.h"
#include "datapath/datapath_private.h"

struct node {
	struct fixture *fixture;
	struct agent agent;
};

static int setup(void **state)
{
	struct node *node = new0(struct node);

	if (fixture_setup((void **)&node->fixture) < 0)
		return -1;
	node->agent.datapath = open_datapath(&node->fixture->config);
	*state = node;
	return 0;
}

static int teardown(void **state)
{
	struct node *node = *state;
	void *fixture = node->fixture;

	datapath_close(node->agent.datapath);
	free(node);
	return fixture_teardown(&fixture);
}

/* One with that number as its port, and as its size. */
static void put_flow(const struct node *node, uint16_t number)
{
	uint32_t now;
	const struct bpf_map *map = node->agent.datapath->skeleton->maps.connections4;
	const struct weir_flow4_key key = { .local_port = htons(number), .ifindex = 5, .protocol = IPPROTO_TCP };

	assert_int_equal(clock_read(node->agent.datapath, &now), 0);
	const struct weir_flow flow = { .seen = now,
					.state = WEIR_FLOW_ESTABLISHED,
					.low = { { 1, number / 2 }, { 1, number - number / 2 } } };
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(map), &key, &flow, BPF_ANY), 0);
}

/* The whole answer, asked for so many bytes at a time. */
static json_t *list(struct node *node, struct flow_filter filter, uint32_t limit, size_t at_a_time)
{
	struct http_stream stream;
	_cleanup_free_ char *text = xcalloc(1, 1 << 22);
	size_t length = 0;
	ssize_t n;

	assert_int_equal(flow_stream_open(&node->agent, &filter, limit, &stream), 0);
	while ((n = stream.read(stream.data, text + length, at_a_time)) > 0) {
		assert_true((size_t)n <= at_a_time);
		length += (size_t)n;
		assert_true(length < (1 << 22) - at_a_time);
	}
	assert_int_equal(n, 0);
	stream.free(stream.data);
	json_error_t error;
	json_t *json = json_loadb(text, length, 0, &error);
	if (!json)
		fail_msg("%s: %s", error.text, text);
	return json;
}

static size_t count(const json_t *json)
{
	return json_array_size(json_object_get(json, "items"));
}

static json_int_t bytes_at(const json_t *json, size_t index)
{
	return json_integer_value(json_object_get(json_array_get(json_object_get(json, "items"), index), "bytes"));
}

static void no_flows_are_a_list_without_items(void **state)
{
	static const uint32_t limits[] = { 0, 1, 100 };

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		json_auto_t *json = list(*state, (struct flow_filter){}, limits[i], 4096);

		assert_int_equal(count(json), 0);
		assert_int_equal(json_integer_value(json_object_get(json, "more")), 0);
	}
}

static void a_list_is_the_same_in_pieces_of_any_size(void **state)
{
	static const size_t sizes[] = { 1, 7, 512, 16384 };

	for (uint16_t i = 1; i <= 10; i++)
		put_flow(*state, i);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		json_auto_t *json = list(*state, (struct flow_filter){}, 0, sizes[i]);

		assert_int_equal(count(json), 10);
	}
}

static void a_limit_leaves_the_flows_with_the_most_bytes_and_counts_the_others(void **state)
{
	static const uint32_t limits[] = { 1, 2, 3, 10, 99, 100, 101 };

	for (uint16_t i = 1; i <= 100; i++)
		put_flow(*state, (uint16_t)(i * 37 % 101));
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		json_auto_t *json = list(*state, (struct flow_filter){}, limits[i], 4096);
		const size_t expected = limits[i] < 100 ? limits[i] : 100;

		assert_int_equal(count(json), expected);
		assert_int_equal(json_integer_value(json_object_get(json, "more")), 100 - expected);
		for (size_t k = 0; k < expected; k++)
			assert_int_equal(bytes_at(json, k), 100 - k);
	}
}

static void what_is_not_asked_for_is_not_counted_either(void **state)
{
	const struct flow_filter filter = { .by_state = true, .state = WEIR_FLOW_CLOSED };

	put_flow(*state, 1);
	json_auto_t *json = list(*state, filter, 10, 4096);
	assert_int_equal(count(json), 0);
	assert_int_equal(json_integer_value(json_object_get(json, "more")), 0);
}

static void a_flow_is_told_as_it_is(void **state)
{
	put_flow(*state, 500);
	json_auto_t *json = list(*state, (struct flow_filter){}, 0, 4096);
	const json_t *flow = json_array_get(json_object_get(json, "items"), 0);
	const char *state_name, *protocol, *direction, *verdict, *table;
	json_int_t sent, answered, port;

	assert_int_equal(json_unpack((json_t *)flow, "{s:s, s:s, s:s, s:s, s:s, s:{s:I}, s:{s:I}, s:{s:I}}", "state",
				     &state_name, "protocol", &protocol, "direction", &direction, "verdict", &verdict,
				     "table", &table, "sent", "bytes", &sent, "answered", "bytes", &answered, "to",
				     "port", &port),
			 0);
	assert_string_equal(state_name, "ESTABLISHED");
	assert_string_equal(protocol, "TCP");
	assert_string_equal(direction, "ingress");
	assert_string_equal(verdict, "allow");
	assert_string_equal(table, "connections");
	assert_int_equal(sent + answered, 500);
	assert_int_equal(port, 500);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_flows_are_a_list_without_items),
		TEST(a_list_is_the_same_in_pieces_of_any_size),
		TEST(a_limit_leaves_the_flows_with_the_most_bytes_and_counts_the_others),
		TEST(what_is_not_asked_for_is_not_counted_either),
		TEST(a_flow_is_told_as_it_is),
	};

	need_bpf();
	return cmocka_run_group_tests_name("flow stream", tests, NULL, NULL);
}
