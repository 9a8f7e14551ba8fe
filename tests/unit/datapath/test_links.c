// SPDX-License-Identifier: BSD-2-Clause
/* Interfaces and addresses, followed through rtnetlink. */
#include "fixture.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "datapath/links.h"

struct seen {
	struct links *links;
	unsigned changed, gone, addresses, filters;
	uint32_t filtered; /* whose they were */
	struct link_info last;
	char gone_name[IF_NAMESIZE];
};

static void on_changed(void *data, const struct link_info *link)
{
	struct seen *seen = data;

	seen->changed++;
	if (strcmp(link->name, POD) == 0)
		seen->last = *link;
}

static void on_gone(void *data, uint32_t ifindex, const char *name)
{
	struct seen *seen = data;

	seen->gone++;
	snprintf(seen->gone_name, sizeof(seen->gone_name), "%s", name);
}

static void on_addresses(void *data)
{
	((struct seen *)data)->addresses++;
}

static void on_filters(void *data, uint32_t ifindex)
{
	((struct seen *)data)->filters++;
	((struct seen *)data)->filtered = ifindex;
}

static int open_links(void **state)
{
	struct seen *seen = new0(struct seen);
	struct links_events events = { on_changed, on_gone, on_addresses, on_filters, seen };
	struct error error = {};

	if (links_open(&events, &seen->links, &error) < 0)
		fail_msg("%s", error.text);
	*state = seen;
	return 0;
}

static int close_links(void **state)
{
	struct seen *seen = *state;

	links_close(seen->links);
	free(seen);
	run("ip link del " POD " 2>/dev/null; ip addr flush dev lo; ip link set lo down");
	return 0;
}

/* Takes everything that has been announced up to now; notifications are queued before a command returns. */
static void dispatch(struct seen *seen)
{
	struct pollfd poll_fd = { .fd = links_fd(seen->links), .events = POLLIN };

	for (int i = 0; i < 100 && poll(&poll_fd, 1, 50) > 0; i++)
		assert_int_equal(links_dispatch(seen->links), 0);
}

static void make_pair(void)
{
	run("ip link add " POD " type veth peer name " PEER);
}

static void dispatching_without_news_says_nothing(void **state)
{
	struct seen *seen = *state;

	assert_int_equal(links_dispatch(seen->links), 0);
	assert_int_equal(seen->changed + seen->gone + seen->addresses, 0);
}

static void an_interface_that_was_there_is_listed_without_an_event(void **state)
{
	struct seen *seen = *state;
	struct links *second = NULL;
	struct link_info info;
	link_infos all = {};

	make_pair();
	dispatch(seen);
	struct seen other = {};
	assert_int_equal(
		links_open(&(struct links_events){ on_changed, on_gone, on_addresses, NULL, &other }, &second, NULL),
		0);
	assert_int_equal(links_dispatch(second), 0);
	assert_int_equal(other.changed, 0);
	assert_true(links_by_name(second, POD, &info));
	assert_int_equal(info.ifindex, if_nametoindex(POD));
	assert_false(links_by_name(second, "nowhere0", &info));
	links_list(second, &all);
	assert_int_equal(all.n, 3); /* lo and the pair */
	vec_free(&all);
	links_close(second);
}

static void a_pair_appears_and_goes(void **state)
{
	struct seen *seen = *state;
	struct link_info info;

	make_pair();
	dispatch(seen);
	assert_true(seen->changed >= 2);
	assert_true(seen->last.is_veth);
	assert_false(seen->last.peer_elsewhere);
	assert_false(seen->last.up);
	run("ip link set " POD " up");
	dispatch(seen);
	assert_true(seen->last.up);
	assert_true(links_by_name(seen->links, "lo", &info));
	assert_false(info.is_veth);

	run("ip link del " POD);
	dispatch(seen);
	assert_int_equal(seen->gone, 2);
	assert_false(links_by_name(seen->links, POD, &info));
}

static void a_rename_is_a_change(void **state)
{
	struct seen *seen = *state;
	struct link_info info;

	make_pair();
	dispatch(seen);
	uint32_t ifindex = seen->last.ifindex;
	run("ip link set " POD " name weirt2");
	dispatch(seen);
	assert_false(links_by_name(seen->links, POD, &info));
	assert_true(links_by_name(seen->links, "weirt2", &info));
	assert_int_equal(info.ifindex, ifindex);
	assert_int_equal(seen->gone, 0);
	run("ip link del weirt2");
	dispatch(seen);
}

/* A process that does nothing in a network namespace of its own. */
static pid_t other_namespace(void)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void a_peer_that_leaves_for_another_namespace_is_noticed_though_both_are_down(void **state)
{
	struct seen *seen = *state;
	pid_t pid = other_namespace();

	make_pair();
	dispatch(seen);
	assert_false(seen->last.peer_elsewhere);
	run("ip link set " PEER " netns %d", pid);
	dispatch(seen);
	assert_string_equal(seen->gone_name, PEER);
	assert_true(seen->last.peer_elsewhere);

	/* And back, from there. */
	run("nsenter --net=/proc/%d/ns/net ip link set " PEER " netns %d", pid, getpid());
	dispatch(seen);
	assert_false(seen->last.peer_elsewhere);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void a_port_that_leaves_its_bridge_is_not_gone(void **state)
{
	struct seen *seen = *state;
	struct link_info info;

	make_pair();
	run("ip link add weirtb type bridge");
	run("ip link set " POD " master weirtb && ip link set " POD " up && ip link set weirtb up");
	dispatch(seen);
	run("ip link set " POD " nomaster");
	dispatch(seen);
	assert_int_equal(seen->gone, 0);
	assert_true(links_by_name(seen->links, POD, &info));
	assert_true(info.is_veth);
	run("ip link del weirtb");
	dispatch(seen);
	assert_int_equal(seen->gone, 1);
}

static bool has_address(struct seen *seen, const char *text, size_t *ret_n)
{
	struct addr wanted;
	bool found = false;
	addr_list all = {};

	assert_int_equal(addr_parse(text, &wanted), 0);
	links_addresses(seen->links, &all);
	vec_for_each (addr, &all)
		found |= addr_compare(addr, &wanted) == 0;
	*ret_n = all.n;
	vec_free(&all);
	return found;
}

static void addresses_are_followed_and_local_ones_left_out(void **state)
{
	struct seen *seen = *state;
	size_t n;

	run("ip link set lo up");
	make_pair();
	run("ip link set " POD " up && ip link set " PEER " up");
	dispatch(seen);
	assert_false(has_address(seen, "127.0.0.1", &n));
	assert_int_equal(n, 0); /* also no fe80:: */

	seen->addresses = 0;
	run("ip addr add 192.0.2.1/24 dev " POD " && ip addr add 2001:db8::1/64 dev " POD
	    " nodad && ip addr add 198.51.100.7/32 dev lo");
	dispatch(seen);
	assert_true(seen->addresses > 0);
	assert_true(has_address(seen, "192.0.2.1", &n));
	assert_true(has_address(seen, "2001:db8::1", &n));
	assert_true(has_address(seen, "198.51.100.7", &n));
	assert_int_equal(n, 3);

	seen->addresses = 0;
	run("ip addr del 192.0.2.1/24 dev " POD);
	dispatch(seen);
	assert_int_equal(seen->addresses, 1);
	assert_false(has_address(seen, "192.0.2.1", &n));
}

static void a_qdisc_that_goes_is_told_of_when_asked_for(void **state)
{
	struct seen *seen = *state;
	struct error error = {};

	make_pair();
	run("tc qdisc add dev " POD " clsact && tc qdisc del dev " POD " clsact");
	dispatch(seen);
	assert_int_equal(seen->filters, 0);
	assert_int_equal(links_watch_filters(seen->links, &error), 0);
	run("tc qdisc add dev " POD " clsact && tc qdisc del dev " POD " clsact");
	dispatch(seen);
	assert_int_equal(seen->filters, 1);
	assert_int_equal(seen->filtered, if_nametoindex(POD));
}

static void lost_events_are_made_good(void **state)
{
	enum { PAIRS = 60 };
	struct seen *seen = *state;
	_cleanup_free_ char *batch = xcalloc(PAIRS + 4, 80);
	const int small = 2048;
	struct link_info info;
	size_t length = 0, n;

	make_pair();
	dispatch(seen);
	unsigned before = seen->changed;
	assert_int_equal(setsockopt(links_fd(seen->links), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (int i = 0; i < PAIRS; i++)
		length += sprintf(batch + length, "link add weirta%d type veth peer name weirtb%d\n", i, i);
	length += sprintf(batch + length, "link del " POD "\nlink set lo up\naddr add 192.0.2.9/32 dev lo\n");
	FILE *ip = popen("ip -batch -", "we");
	assert_non_null(ip);
	assert_true(fputs(batch, ip) >= 0);
	assert_int_equal(pclose(ip), 0);

	struct pollfd poll_fd = { .fd = links_fd(seen->links), .events = POLLIN };
	assert_int_equal(poll(&poll_fd, 1, 1000), 1);
	assert_true(poll_fd.revents & POLLERR); /* ENOBUFS is pending */
	dispatch(seen);
	assert_int_equal(seen->gone, 2);
	assert_true(seen->changed - before >= 2 * PAIRS);
	assert_true(links_by_name(seen->links, "weirta59", &info));
	assert_false(links_by_name(seen->links, POD, &info));
	assert_true(seen->addresses > 0);
	assert_int_equal(seen->filtered, 0);
	assert_true(seen->filters > 0);
	assert_true(has_address(seen, "192.0.2.9", &n));

	run("for i in $(seq 0 %d); do echo link del weirta$i; done | ip -batch -", PAIRS - 1);
	dispatch(seen);
	assert_int_equal(seen->gone, 2 + 2 * PAIRS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_links, close_links)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dispatching_without_news_says_nothing),
		TEST(an_interface_that_was_there_is_listed_without_an_event),
		TEST(a_pair_appears_and_goes),
		TEST(a_rename_is_a_change),
		TEST(a_peer_that_leaves_for_another_namespace_is_noticed_though_both_are_down),
		TEST(a_port_that_leaves_its_bridge_is_not_gone),
		TEST(addresses_are_followed_and_local_ones_left_out),
		TEST(a_qdisc_that_goes_is_told_of_when_asked_for),
		TEST(lost_events_are_made_good),
	};

	need_netns();
	return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
