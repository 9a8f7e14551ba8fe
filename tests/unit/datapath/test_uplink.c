// SPDX-License-Identifier: BSD-2-Clause
/* XDP by which the node is reached, and what native XDP needs besides. */
#include "fixture.h"

#include "datapath/datapath_private.h"
#include "datapath/links.h"

static struct datapath_uplink attach_uplink(struct datapath *datapath, const char *name)
{
	struct datapath_uplink uplink = {};
	struct error error = {};

	if (datapath_attach_uplink(datapath, if_nametoindex(name), name, &uplink, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(uplink.ifindex, if_nametoindex(name));
	return uplink;
}

static size_t count_uplinks(const struct datapath *datapath)
{
	datapath_uplinks all = {};

	datapath_list_uplinks(datapath, &all);
	size_t n = all.n;
	vec_free(&all);
	return n;
}

static void assert_program(uint32_t id, const char *name)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);

	assert_true(fd >= 0);
	assert_int_equal(bpf_prog_get_info_by_fd(fd, &info, &size), 0);
	assert_string_equal(info.name, name);
}

/* --- uplinks --- */

static void an_uplink_is_attached_natively_and_comes_off(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	const struct datapath_uplink uplink = attach_uplink(datapath, POD);

	assert_int_equal(uplink.xdp, XDP_NATIVE);
	assert_null(uplink.note);
	assert_program(pinned_link(f, "uplink").prog_id, "weir_uplink");
	assert_int_equal(count_uplinks(datapath), 1);
	assert_int_equal(count_attachments(datapath), 0); /* nobody is behind it */
	assert_int_equal(datapath_detach_uplink(datapath, f->ifindex), 0);
	assert_int_equal(count_uplinks(datapath), 0);
	assert_int_equal(pinned_link(f, "uplink").id, 0);
	assert_int_equal(datapath_detach_uplink(datapath, f->ifindex), 0);
}

static void a_driver_without_xdp_gets_it_generically_with_a_note(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct datapath_uplink uplink = attach_uplink(datapath, "lo");

	assert_int_equal(uplink.xdp, XDP_GENERIC);
	assert_string_equal(uplink.note, "its driver has no native XDP");
	uplink = attach_uplink(datapath, "lo");
	assert_int_equal(uplink.xdp, XDP_GENERIC);
	assert_non_null(uplink.note);
	assert_int_equal(count_uplinks(datapath), 1);
	assert_int_equal(datapath_detach_uplink(datapath, if_nametoindex("lo")), 0);
}

static void another_program_on_the_uplink_is_left_alone_and_named(void **state)
{
	struct fixture *f = *state, other = *f;
	struct datapath_uplink uplink;
	struct error error = {};
	unsigned interfaces;

	strcat(other.root, "-b");
	other.config.bpffs = other.root;
	_cleanup_(datapath_closep) struct datapath *theirs = open_datapath(&other.config);
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	attach_uplink(theirs, POD);
	assert_true(datapath_attach_uplink(datapath, f->ifindex, POD, &uplink, &error) < 0);
	assert_non_null(strstr(error.text, "uplink " POD ": attach XDP: another XDP program \"weir_uplink\" (id "));
	assert_non_null(strstr(error.text, ") is there (take that off, or leave XDP off)"));
	assert_int_equal(count_uplinks(datapath), 0);
	assert_int_equal(pinned_link(&other, "uplink").xdp.ifindex, f->ifindex);
	datapath_remove(other.root, &interfaces, NULL);
}

static void an_uplink_outlives_the_agent_and_is_updated_in_place(void **state)
{
	static const char *const pins[] = { "uplink", "uplinkgeneric" };
	struct fixture *f = *state;
	const uint32_t interfaces[] = { f->ifindex, if_nametoindex("lo") };
	const char *const names[] = { POD, "lo" };

	for (size_t i = 0; i < ARRAY_SIZE(pins); i++) {
		struct datapath *first = open_datapath(&f->config);

		f->ifindex = interfaces[i];
		attach_uplink(first, names[i]);
		datapath_close(first);
		struct bpf_link_info before = pinned_link(f, pins[i]);
		assert_int_equal(before.xdp.ifindex, interfaces[i]);

		_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
		assert_int_equal(count_uplinks(second), 1);
		assert_int_equal(pinned_link(f, pins[i]).prog_id, before.prog_id);
		attach_uplink(second, names[i]);
		assert_int_equal(pinned_link(f, pins[i]).id, before.id);
		assert_int_not_equal(pinned_link(f, pins[i]).prog_id, before.prog_id);
		assert_int_equal(datapath_detach_uplink(second, interfaces[i]), 0);
	}
}

static void an_uplink_follows_when_programs_grow(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	_cleanup_free_ uint32_t *words = xcalloc(f->config.image_words + 1, sizeof(*words));

	attach_uplink(datapath, POD);
	struct bpf_link_info before = pinned_link(f, "uplink");
	words[0] = WEIR_IMAGE_MAGIC;
	words[1] = WEIR_IMAGE_ABI;
	assert_int_equal(datapath_swap(datapath, words, f->config.image_words + 1, NULL), 0);
	assert_int_equal(pinned_link(f, "uplink").id, before.id);
	assert_int_not_equal(pinned_link(f, "uplink").prog_id, before.prog_id);
	assert_program(pinned_link(f, "uplink").prog_id, "weir_uplink");
}

static void removing_takes_uplinks_off(void **state)
{
	struct fixture *f = *state;
	unsigned interfaces = 0;
	struct datapath *datapath = open_datapath(&f->config);

	attach_uplink(datapath, POD);
	datapath_close(datapath);
	assert_int_equal(datapath_remove(f->root, &interfaces, NULL), 0);
	assert_int_equal(interfaces, 1);
	_cleanup_free_ char *link = command_output("ip link show dev " POD);
	assert_null(strstr(link, "xdp"));
}

static void an_uplink_may_vanish(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	attach_uplink(datapath, POD);
	run("ip link del " POD);
	assert_int_equal(datapath_detach_uplink(datapath, f->ifindex), 0);
	assert_int_equal(count_uplinks(datapath), 0);
}

/* --- GRO --- */

static bool has_gro(void)
{
	_cleanup_free_ char *said = command_output("ethtool -k " POD " | grep generic-receive-offload:");

	return strstr(said, ": on");
}

static void native_xdp_gets_gro_which_goes_with_it(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	_cleanup_free_ char *before = command_output("ethtool -k " POD "; ethtool -k " PEER);

	attach(datapath, f, XDP_NATIVE);
	assert_true(has_gro());
	attach(datapath, f, XDP_GENERIC);
	assert_false(has_gro());
	attach(datapath, f, XDP_NATIVE);
	attach(datapath, f, XDP_NATIVE);
	assert_true(has_gro());
	assert_int_equal(datapath_detach(datapath, f->ifindex), 0);
	_cleanup_free_ char *after = command_output("ethtool -k " POD "; ethtool -k " PEER);
	assert_string_equal(before, after);
}

static void gro_that_was_on_before_stays_on(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	run("ethtool -K " POD " gro on");
	attach(datapath, f, XDP_NATIVE);
	assert_int_equal(datapath_detach(datapath, f->ifindex), 0);
	assert_true(has_gro());
}

static void the_next_life_knows_that_gro_was_off(void **state)
{
	struct fixture *f = *state;
	struct datapath *first = open_datapath(&f->config);

	attach(first, f, XDP_NATIVE);
	datapath_close(first);
	assert_true(has_gro());
	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	attach(second, f, XDP_NATIVE);
	assert_int_equal(datapath_detach(second, f->ifindex), 0);
	assert_false(has_gro());
}

static void removing_puts_gro_back(void **state)
{
	struct fixture *f = *state;
	unsigned interfaces = 0;
	struct datapath *datapath = open_datapath(&f->config);

	attach(datapath, f, XDP_NATIVE);
	datapath_close(datapath);
	assert_int_equal(datapath_remove(f->root, &interfaces, NULL), 0);
	assert_false(has_gro());
	assert_int_not_equal(access(f->root, F_OK), 0);
}

static void what_a_crash_has_left_on_is_put_back_at_the_next_start(void **state)
{
	struct fixture *f = *state;

	datapath_close(open_datapath(&f->config));
	assert_int_equal(gro_switch_on(f->root, f->ifindex), 0);
	assert_true(has_gro());
	datapath_close(open_datapath(&f->config));
	assert_false(has_gro());
}

static void xdp_that_can_not_be_leaves_gro_as_it_was(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct error error = {};

	attach_uplink(datapath, POD);
	assert_true(datapath_attach(datapath, f->ifindex, POD, XDP_NATIVE, &error) < 0);
	assert_non_null(strstr(error.text, "another XDP program \"weir_uplink\" (id "));
	assert_false(has_gro());
}

static void frames_of_any_size_may_come_where_xdp_is(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	run("ip link set " POD " mtu 65535 && ip link set " PEER " mtu 65535");
	attach(datapath, f, XDP_NATIVE);
	assert_int_equal(only_attachment(datapath).xdp, XDP_NATIVE);
}

/* --- default routes --- */

static void ignore_link(void *data, const struct link_info *link)
{
}

static void ignore_gone(void *data, uint32_t ifindex, const char *name)
{
}

static void ignore_addresses(void *data)
{
}

static void uplinks_are_found_by_the_default_routes_of_both_families(void **state)
{
	const struct links_events events = { ignore_link, ignore_gone, ignore_addresses, NULL, NULL };
	struct fixture *f = *state;
	struct links *links = NULL;
	ifindexes found = {};

	assert_int_equal(links_open(&events, &links, NULL), 0);
	run("ip addr add 192.0.2.1/24 dev " POD " && ip -6 addr add 2001:db8::1/64 dev " POD " nodad");
	assert_int_equal(links_default_route(links, &found), 0);
	assert_int_equal(found.n, 0);
	run("ip route add default via 192.0.2.2 table 7 && ip route add 198.51.100.0/24 via 192.0.2.2");
	assert_int_equal(links_default_route(links, &found), 0);
	assert_int_equal(found.n, 0);
	run("ip -6 route add default via 2001:db8::2 dev " POD);
	assert_int_equal(links_default_route(links, &found), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.items[0], f->ifindex);
	run("ip route add default nexthop via 192.0.2.2 dev " POD " nexthop dev " PEER);
	vec_free(&found);
	assert_int_equal(links_default_route(links, &found), 0);
	assert_int_equal(found.n, 2);
	vec_free(&found);
	links_close(links);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_uplink_is_attached_natively_and_comes_off),
		TEST(a_driver_without_xdp_gets_it_generically_with_a_note),
		TEST(another_program_on_the_uplink_is_left_alone_and_named),
		TEST(an_uplink_outlives_the_agent_and_is_updated_in_place),
		TEST(an_uplink_follows_when_programs_grow),
		TEST(removing_takes_uplinks_off),
		TEST(an_uplink_may_vanish),
		TEST(native_xdp_gets_gro_which_goes_with_it),
		TEST(gro_that_was_on_before_stays_on),
		TEST(the_next_life_knows_that_gro_was_off),
		TEST(removing_puts_gro_back),
		TEST(what_a_crash_has_left_on_is_put_back_at_the_next_start),
		TEST(xdp_that_can_not_be_leaves_gro_as_it_was),
		TEST(frames_of_any_size_may_come_where_xdp_is),
		TEST(uplinks_are_found_by_the_default_routes_of_both_families),
	};

	need_bpf();
	return cmocka_run_group_tests_name("uplink", tests, NULL, NULL);
}
