// SPDX-License-Identifier: BSD-2-Clause
/* The other end's MAC address, from where this end is. */
#include "fixture.h"

#include "datapath/links.h"

#define MAC    "02:00:5e:00:53:01"
#define OTHER  "02:00:5e:00:53:02"
#define NETNS  "weirt"
#define IN_POD "nsenter --net=/run/netns/" NETNS "-%d "

static void ignore_link(void *data, const struct link_info *link)
{
}

static void ignore_gone(void *data, uint32_t ifindex, const char *name)
{
}

static void ignore_addresses(void *data)
{
}

static int setup(void **state)
{
	const struct links_events events = { ignore_link, ignore_gone, ignore_addresses, NULL, NULL };
	struct links *links = NULL;
	struct error error = {};

	run("ip netns add " NETNS "-%d", getpid());
	if (links_open(&events, &links, &error) < 0)
		fail_msg("%s", error.text);
	*state = links;
	return 0;
}

static int teardown(void **state)
{
	links_close(*state);
	run("ip link del " POD " 2>/dev/null; ip netns del " NETNS "-%d", getpid());
	return 0;
}

static void assert_mac(const struct links *links, const char *expected)
{
	uint8_t mac[6];
	char text[18];

	assert_int_equal(links_peer_mac(links, if_nametoindex(POD), mac), 0);
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	assert_string_equal(text, expected);
}

static void an_end_in_the_same_namespace_is_read(void **state)
{
	run("ip link add " POD " type veth peer name " PEER " address " MAC);
	assert_mac(*state, MAC);
}

static void an_end_in_another_namespace_is_read_and_read_again(void **state)
{
	run("ip link add " POD " type veth peer name " PEER " address " MAC " netns " NETNS "-%d", getpid());
	assert_mac(*state, MAC);
	run(IN_POD "ip link set " PEER " address " OTHER, getpid());
	assert_mac(*state, OTHER);
}

static void an_end_that_moves_is_found_where_it_is(void **state)
{
	run("ip link add " POD " type veth peer name " PEER " address " MAC);
	assert_mac(*state, MAC);
	run("ip link set " PEER " netns " NETNS "-%d", getpid());
	assert_mac(*state, MAC);
}

/* An interface of the same number in this namespace must not be mistaken for it. */
static void the_index_of_the_other_end_is_one_of_its_own_namespace(void **state)
{
	run("ip link add " POD " type veth peer name " PEER " address " MAC " netns " NETNS "-%d", getpid());
	_cleanup_free_ char *index = command_output(IN_POD "ip -o link show " PEER, getpid());
	char name[IF_NAMESIZE];

	if (!if_indextoname((unsigned)strtoul(index, NULL, 10), name))
		run("ip link add weirtd index %lu address " OTHER " type bridge", strtoul(index, NULL, 10));
	assert_mac(*state, MAC);
	run("ip link del weirtd 2>/dev/null || true");
}

static void what_has_no_other_end_has_no_mac_and_the_next_question_is_answered(void **state)
{
	uint8_t mac[6] = { 1, 2, 3, 4, 5, 6 };

	/* A macvlan says of another interface that it belongs to it, too. */
	run("ip link add weirtb type bridge && ip link add weirtv link weirtb type macvlan");
	assert_int_equal(links_peer_mac(*state, if_nametoindex("lo"), mac), -ENOENT);
	assert_int_equal(links_peer_mac(*state, if_nametoindex("weirtv"), mac), -ENOENT);
	assert_int_equal(links_peer_mac(*state, if_nametoindex("weirtb"), mac), -ENOENT);
	assert_int_equal(links_peer_mac(*state, 0x7ffffff0, mac), -ENOENT);
	assert_int_equal(mac[0], 1);
	run("ip link del weirtv && ip link del weirtb");
	run("ip link add " POD " type veth peer name " PEER " address " MAC);
	assert_mac(*state, MAC);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_end_in_the_same_namespace_is_read),
		TEST(an_end_in_another_namespace_is_read_and_read_again),
		TEST(an_end_that_moves_is_found_where_it_is),
		TEST(the_index_of_the_other_end_is_one_of_its_own_namespace),
		TEST(what_has_no_other_end_has_no_mac_and_the_next_question_is_answered),
	};

	need_netns();
	return cmocka_run_group_tests_name("peer MAC", tests, NULL, NULL);
}
