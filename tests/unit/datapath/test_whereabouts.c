// SPDX-License-Identifier: BSD-2-Clause
/* What the kernel's tables say of an address, and which changes of them are news. */
#include "fixture.h"

#include <poll.h>

#include "datapath/whereabouts.h"
#include "observe/names.h"

#define V4     "10.0.0.2"
#define V6     "fd00::2"
#define MAC    "02:00:5e:00:53:01"
#define OTHER  "02:00:5e:00:53:02" /* that sends nothing by itself */
#define NETNS  "weirt"
#define IN_POD "ip -n " NETNS "-%d "
#define BRIDGE "weirtb"

static int setup(void **state)
{
	struct whereabouts *whereabouts = NULL;
	struct error error = {};

	run("ip netns add " NETNS "-%d", getpid());
	run("ip link add " POD " type veth peer name " PEER " address " MAC " netns " NETNS "-%d", getpid());
	run("ip link set lo up && ip link set " POD " up");
	run(IN_POD "link set " PEER " up", getpid());
	if (whereabouts_open(&whereabouts, &error) < 0)
		fail_msg("%s", error.text);
	*state = whereabouts;
	return 0;
}

static int teardown(void **state)
{
	whereabouts_close(*state);
	run("ip link del " POD " 2>/dev/null; ip link del " BRIDGE
	    " 2>/dev/null; ip rule del priority 512 2>/dev/null; "
	    "ip route flush table 77 2>/dev/null; ip netns del " NETNS "-%d",
	    getpid());
	return 0;
}

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

/* expected: the one sighting, as "route INTERFACE", or NULL. */
static void assert_seen(struct whereabouts *whereabouts, const char *text, const char *expected)
{
	const struct addr addr = address(text);
	_cleanup_free_ char *found = NULL;
	sightings seen = {};
	char name[IF_NAMESIZE];

	whereabouts_of(whereabouts, &addr, &seen);
	assert_in_range(seen.n, 0, 1);
	vec_for_each (sighting, &seen) {
		assert_int_equal(addr_compare(&sighting->addr, &addr), 0);
		found = xasprintf("%s %s", interface_found_name(sighting->how),
				  if_indextoname(sighting->ifindex, name));
	}
	vec_free(&seen);
	assert_string_equal(found ?: "nothing", expected ?: "nothing");
}

/* How a host is made to know of an address, and what is then seen. Interfaces are new for each. */
static const struct layout {
	const char *name, *commands, *addr, *expected;
} layouts[] = {
	{ "no route", "true", V4, NULL },
	{ "a route of link scope", "ip route add " V4 " dev " POD, V4, "route " POD },
	{ "a route of host scope", "ip addr add 10.0.9.1/32 dev " POD " && ip route add " V4 " dev " POD " scope host",
	  V4, "route " POD },
	{ "an IPv6 route", "ip route add " V6 " dev " POD, V6, "route " POD },
	{ "a route that a rule leads to",
	  "ip route add " V4 " dev " POD " table 77 && ip rule add to " V4 " table 77 priority 512", V4, "route " POD },
	{ "a route in a table that no rule leads to", "ip route add " V4 " dev " POD " table 77", V4, NULL },
	{ "a route by a gateway", "ip addr add 10.0.1.1/24 dev " POD " && ip route add " V4 " via 10.0.1.2", V4, NULL },
	{ "a route for a whole net", "ip route add 10.0.0.0/24 dev " POD, V4, NULL },
	{ "a route for a whole net and a neighbour",
	  "ip route add 10.0.0.0/24 dev " POD " && ip neigh add " V4 " lladdr " MAC " dev " POD, V4, "neighbour " POD },
	{ "a neighbour that doesn't answer",
	  "ip route add 10.0.0.0/24 dev " POD " && ip neigh add " V4 " dev " POD " nud failed", V4, NULL },
	{ "a blackhole", "ip route add blackhole " V4, V4, NULL },
	{ "an address of the node's own", "ip addr add " V4 "/24 dev " POD, V4, NULL },
};

static const char bridge_commands[] = "ip link add " BRIDGE " type bridge && ip link set " POD " master " BRIDGE
				      " && ip link set " BRIDGE " up && ip addr add 10.0.0.1/24 dev " BRIDGE;

static const struct layout bridges[] = {
	{ "a bridge that has heard nothing", "true", V4, NULL },
	{ "a neighbour that no port has", "ip neigh add " V4 " lladdr " OTHER " dev " BRIDGE, V4, NULL },
	{ "a neighbour behind a port",
	  "ip neigh add " V4 " lladdr " OTHER " dev " BRIDGE " && bridge fdb add " OTHER " dev " POD " master static",
	  V4, "bridge " POD },
	{ "a neighbour with the port's own address",
	  "ip neigh add " V4 " lladdr " OTHER " dev " BRIDGE " && ip link set " POD " address " OTHER, V4, NULL },
	{ "a port that only the interface itself knows of",
	  "ip neigh add " V4 " lladdr " OTHER " dev " BRIDGE " && bridge fdb add " OTHER " dev " POD
	  " self 2>/dev/null || true",
	  V4, NULL },
};

static void each_layout_shows_what_it_is(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts) + ARRAY_SIZE(bridges); i++) {
		const bool bridged = i >= ARRAY_SIZE(layouts);
		const struct layout *layout = bridged ? &bridges[i - ARRAY_SIZE(layouts)] : &layouts[i];

		teardown(state);
		setup(state);
		print_message("# %s\n", layout->name);
		run("%s && %s", bridged ? bridge_commands : "true", layout->commands);
		assert_seen(*state, layout->addr, layout->expected);
		run("ip route flush type blackhole");
	}
}

static void the_other_ends_addresses_are_seen_but_not_this_namespaces(void **state)
{
	_cleanup_free_ char *index = command_output(IN_POD "-o link show " PEER, getpid());
	const uint32_t ifindex = if_nametoindex(POD);
	sightings seen = {};
	char name[IF_NAMESIZE];

	/* An interface of the other end's number here, with an address. */
	if (!if_indextoname((unsigned)strtoul(index, NULL, 10), name))
		run("ip link add weirtd index %lu type bridge && ip addr add 10.0.9.9/24 dev weirtd",
		    strtoul(index, NULL, 10));
	whereabouts_behind(*state, ifindex, &seen);
	assert_int_equal(seen.n, 0);
	run(IN_POD "addr add " V4 "/24 dev " PEER, getpid());
	run(IN_POD "addr add " V6 "/64 dev " PEER " nodad", getpid());
	run(IN_POD "link add other type bridge", getpid());
	run(IN_POD "addr add 10.0.0.77/24 dev other", getpid());
	whereabouts_behind(*state, ifindex, &seen);
	assert_int_equal(seen.n, 2);
	vec_for_each (sighting, &seen) {
		const struct addr v4 = address(V4), v6 = address(V6);

		assert_true(addr_compare(&sighting->addr, &v4) == 0 || addr_compare(&sighting->addr, &v6) == 0);
		assert_int_equal(sighting->ifindex, ifindex);
		assert_int_equal(sighting->how, FOUND_PEER);
	}
	vec_free(&seen);
	whereabouts_behind(*state, if_nametoindex("lo"), &seen);
	whereabouts_behind(*state, 0x7ffffff0, &seen);
	assert_int_equal(seen.n, 0);
	run("ip link del weirtd 2>/dev/null || true");
}

static bool is_v4(void *data, const struct addr *addr)
{
	const struct addr v4 = address(V4);

	return addr_compare(addr, &v4) == 0;
}

/* True when there was news after the command; it is waited for only where it must come. */
static bool is_news(struct whereabouts *whereabouts, const char *command, bool must)
{
	struct pollfd ready = { .fd = whereabouts_fd(whereabouts), .events = POLLIN };
	bool news = false;

	run("%s", command);
	/* What a command changes is announced before it returns. */
	while (poll(&ready, 1, must && !news ? 2000 : 0) > 0)
		news |= whereabouts_dispatch(whereabouts, is_v4, NULL);
	return news;
}

static void only_what_is_about_a_sought_address_is_news_and_only_while_watching(void **state)
{
	static const struct {
		const char *command;
		bool is_news;
	} rows[] = {
		{ "ip neigh add " V4 " lladdr " MAC " dev " POD, true },
		{ "ip neigh add 10.0.0.3 lladdr " MAC " dev " POD, false },
		{ "ip route add " V4 " dev " POD, true },
		{ "ip route add 10.0.0.3 dev " POD, false },
		{ "ip route add 10.0.0.0/24 dev " POD, true },
		{ "ip route add 10.7.0.0/24 via 10.0.0.3", false },
	};

	assert_false(is_news(*state, "ip route add " V4 " dev " POD " && ip route del " V4, false));
	whereabouts_watch(*state, true);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (is_news(*state, rows[i].command, rows[i].is_news) != rows[i].is_news)
			fail_msg("%s: %s", rows[i].command, rows[i].is_news ? "no news" : "news");
	}
	whereabouts_watch(*state, false);
	assert_false(is_news(*state, "ip route del " V4, false));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_layout_shows_what_it_is),
		TEST(the_other_ends_addresses_are_seen_but_not_this_namespaces),
		TEST(only_what_is_about_a_sought_address_is_news_and_only_while_watching),
	};

	need_netns();
	return cmocka_run_group_tests_name("whereabouts", tests, NULL, NULL);
}
