// SPDX-License-Identifier: BSD-2-Clause
/* What is off its hook is seen; what went with its interface is nobody's doing. */
#include "fixture.h"

static bool is_lost(const struct datapath_look *look)
{
	return look->lost[WEIR_INGRESS] || look->lost[WEIR_EGRESS] || look->lost_xdp;
}

static void look_before_and_after(struct fixture *f, enum datapath_xdp xdp)
{
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct datapath_look look = {};

	attach(datapath, f, xdp);
	assert_int_equal(datapath_look(datapath, f->ifindex, &look), 0);
	assert_false(is_lost(&look));
	run("ip link del " POD);
	assert_int_equal(datapath_look(datapath, f->ifindex, &look), -ENODEV);
	assert_false(is_lost(&look));
	datapath_detach(datapath, f->ifindex);
}

static void what_goes_with_its_interface_is_not_lost(void **state)
{
	look_before_and_after(*state, XDP_NATIVE);
}

static void neither_is_what_goes_with_it_by_clsact(void **state)
{
	setenv("WEIR_HOOK", "clsact", 1);
	look_before_and_after(*state, XDP_OFF);
}

static void what_goes_with_its_uplink_is_not_lost(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct datapath_uplink uplink;
	struct error error = {};
	bool lost = true;

	assert_int_equal(datapath_attach_uplink(datapath, f->ifindex, POD, &uplink, &error), 0);
	assert_int_equal(datapath_look_uplink(datapath, &uplink, &lost), 0);
	assert_false(lost);
	run("ip link del " POD);
	assert_int_equal(datapath_look_uplink(datapath, &uplink, &lost), -ENODEV);
	assert_false(lost);
	datapath_detach_uplink(datapath, f->ifindex);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_goes_with_its_interface_is_not_lost),
		TEST(neither_is_what_goes_with_it_by_clsact),
		TEST(what_goes_with_its_uplink_is_not_lost),
	};

	need_bpf();
	return cmocka_run_group_tests_name("look", tests, NULL, NULL);
}
