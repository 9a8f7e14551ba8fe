// SPDX-License-Identifier: BSD-2-Clause
/* A second life finds what the first has left. */
#include "fixture.h"

#include <sys/stat.h>

static void a_second_open_takes_maps_over_with_what_they_hold(void **state)
{
	static const char *const maps[] = { "images",	  "control",   "endpoints",    "addresses4",   "addresses6",
					    "openings4",  "openings6", "connections4", "connections6", "exchanges4",
					    "exchanges6", "fragments", "shields",      "tallies",      "reasons",
					    "accounts",	  "pairs",     "buckets",      "sources",      "charged" };
	struct fixture *f = *state;
	struct addr addr = { WEIR_IPV6, { 0xfd, [15] = 1 } };
	uint32_t before[ARRAY_SIZE(maps)], last;
	datapath_addresses addresses = {};
	datapath_endpoints endpoints = {};

	struct datapath *first = open_datapath(&f->config);
	swap_revision(first, 41);
	swap_revision(first, 42);
	assert_int_equal(datapath_set_address(first, &addr, 17, 5), 0);
	assert_int_equal(datapath_set_endpoint(first, 5, &(struct weir_endpoint){ .identity = 18 }), 0);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		before[i] = pinned_map_id(f, maps[i]);
		assert_int_not_equal(before[i], 0);
	}
	last = generation(f);
	datapath_close(first);

	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_true(datapath_took_over(second));
	assert_string_equal(datapath_notes(second), "");
	assert_int_equal(datapath_revision(second), 42);
	assert_int_equal(generation(f), last);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		assert_int_equal(pinned_map_id(f, maps[i]), before[i]);
	assert_int_equal(datapath_list_addresses(second, &addresses), 0);
	assert_int_equal(addresses.n, 1);
	assert_int_equal(addresses.items[0].identity, 17);
	assert_int_equal(datapath_list_endpoints(second, &endpoints), 0);
	assert_int_equal(endpoints.n, 1);
	assert_int_equal(endpoints.items[0].is.identity, 18);
	vec_free(&addresses);
	vec_free(&endpoints);

	swap_revision(second, 43);
	assert_int_equal(datapath_revision(second), 43);
	assert_true(generation(f) > last);
}

static void links_outlive_the_agent_and_are_replaced_in_place(void **state)
{
	struct fixture *f = *state;

	struct datapath *first = open_datapath(&f->config);
	if (datapath_probe_hook(first) != HOOK_TCX) {
		datapath_close(first);
		skip();
	}
	attach(first, f, XDP_NATIVE);
	datapath_close(first);
	struct bpf_link_info ingress = pinned_link(f, "ingress"), xdp = pinned_link(f, "xdp");
	assert_int_equal(ingress.xdp.ifindex, f->ifindex);
	assert_int_equal(xdp.xdp.ifindex, f->ifindex);

	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_int_equal(only_attachment(second).ifindex, f->ifindex);
	assert_int_equal(only_attachment(second).hook, HOOK_TCX);
	assert_int_equal(only_attachment(second).xdp, XDP_NATIVE);
	/* The old program goes on until it is replaced, */
	assert_int_equal(pinned_link(f, "ingress").prog_id, ingress.prog_id);
	attach(second, f, XDP_NATIVE);
	/* and then the link is the same and the program another. */
	assert_int_equal(pinned_link(f, "ingress").id, ingress.id);
	assert_int_equal(pinned_link(f, "xdp").id, xdp.id);
	assert_int_not_equal(pinned_link(f, "ingress").prog_id, ingress.prog_id);
	assert_int_not_equal(pinned_link(f, "xdp").prog_id, xdp.prog_id);
}

static char *filters(void)
{
	return command_output("tc filter show dev " POD " ingress; tc filter show dev " POD " egress");
}

static void clsact_filters_outlive_the_agent_and_are_replaced_in_place(void **state)
{
	struct fixture *f = *state;

	setenv("WEIR_HOOK", "clsact", 1);
	struct datapath *first = open_datapath(&f->config);
	attach(first, f, XDP_OFF);
	datapath_close(first);
	_cleanup_free_ char *before = filters();

	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_int_equal(only_attachment(second).hook, HOOK_CLSACT);
	_cleanup_free_ char *meanwhile = filters();
	assert_string_equal(before, meanwhile);
	attach(second, f, XDP_OFF);
	_cleanup_free_ char *after = filters();
	assert_string_not_equal(before, after);
	_cleanup_free_ char *count = command_output("tc filter show dev " POD " ingress | grep -c weir_from_pod");
	assert_string_equal(count, "1\n");
	/* The qdisc that the first life made is known for ours still. */
	assert_int_equal(datapath_detach(second, f->ifindex), 0);
	_cleanup_free_ char *qdiscs = command_output("tc qdisc show dev " POD);
	assert_null(strstr(qdiscs, "clsact"));
}

static void a_change_of_hook_leaves_only_the_new_one(void **state)
{
	struct fixture *f = *state;

	struct datapath *first = open_datapath(&f->config);
	if (datapath_probe_hook(first) != HOOK_TCX) {
		datapath_close(first);
		skip();
	}
	attach(first, f, XDP_OFF);
	datapath_close(first);

	setenv("WEIR_HOOK", "clsact", 1);
	struct datapath *second = open_datapath(&f->config);
	attach(second, f, XDP_OFF);
	assert_int_equal(only_attachment(second).hook, HOOK_CLSACT);
	assert_int_equal(pinned_link(f, "ingress").id, 0);
	datapath_close(second);

	unsetenv("WEIR_HOOK");
	_cleanup_(datapath_closep) struct datapath *third = open_datapath(&f->config);
	assert_int_equal(only_attachment(third).hook, HOOK_CLSACT);
	attach(third, f, XDP_OFF);
	assert_int_equal(only_attachment(third).hook, HOOK_TCX);
	assert_int_not_equal(pinned_link(f, "ingress").id, 0);
	_cleanup_free_ char *qdiscs = command_output("tc qdisc show dev " POD);
	assert_null(strstr(qdiscs, "clsact"));
}

static void links_of_interfaces_that_are_gone_are_swept(void **state)
{
	struct fixture *f = *state;

	struct datapath *first = open_datapath(&f->config);
	attach(first, f, XDP_NATIVE);
	datapath_close(first);
	run("ip link del " POD);

	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_int_equal(count_attachments(second), 0);
	_cleanup_free_ char *pins = command_output("ls %s/links", f->root);
	assert_string_equal(pins, "");
}

static void a_link_that_a_stranger_detached_is_made_again(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	if (datapath_probe_hook(datapath) != HOOK_TCX)
		skip();
	attach(datapath, f, XDP_OFF);
	struct bpf_link_info before = pinned_link(f, "egress");
	_cleanup_close_ int link = bpf_link_get_fd_by_id(before.id);
	assert_int_equal(bpf_link_detach(link), 0);
	attach(datapath, f, XDP_OFF);
	assert_int_not_equal(pinned_link(f, "egress").id, before.id);
	assert_int_equal(pinned_link(f, "egress").xdp.ifindex, f->ifindex);
}

static void a_map_of_another_capacity_gets_what_the_one_before_held(void **state)
{
	struct fixture *f = *state;
	struct addr addr = { WEIR_IPV4, { 10, 0, 0, 1 } };
	datapath_addresses addresses = {};

	struct datapath *first = open_datapath(&f->config);
	swap_revision(first, 9);
	assert_int_equal(datapath_set_address(first, &addr, 17, 5), 0);
	uint32_t flows = pinned_map_id(f, "connections4"), addresses4 = pinned_map_id(f, "addresses4");
	datapath_close(first);

	f->config.addresses *= 2;
	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_true(datapath_took_over(second));
	assert_string_equal(datapath_notes(second), "map addresses4 is a new one, with 1 entries of the one before");
	assert_int_equal(datapath_revision(second), 9);
	assert_int_equal(pinned_map_id(f, "connections4"), flows);
	assert_int_not_equal(pinned_map_id(f, "addresses4"), addresses4);
	assert_int_equal(datapath_list_addresses(second, &addresses), 0);
	assert_int_equal(addresses.n, 1);
	assert_int_equal(addresses.items[0].identity, 17);
	assert_int_equal(addresses.items[0].ifindex, 5);
	vec_free(&addresses);
}

static void images_keep_their_size_whatever_is_asked_for(void **state)
{
	struct fixture *f = *state;
	const uint32_t words = f->config.image_words;

	struct datapath *first = open_datapath(&f->config);
	swap_revision(first, 9);
	datapath_close(first);

	f->config.image_words *= 2;
	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_int_equal(datapath_revision(second), 9);
	assert_int_equal(datapath_image_words(second), words);
	assert_string_equal(datapath_notes(second), "");
	swap_revision(second, 10);
	assert_int_equal(datapath_revision(second), 10);
}

static void images_that_never_held_one_are_no_loss(void **state)
{
	struct fixture *f = *state;

	datapath_close(open_datapath(&f->config));
	f->config.image_words *= 2;
	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_int_equal(datapath_image_words(second), f->config.image_words);
	assert_string_equal(datapath_notes(second), "");
	swap_revision(second, 10);
	assert_int_equal(datapath_revision(second), 10);
}

static void flows_and_refusals_do_not_outlive_the_generation_they_refer_to(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *control = xasprintf("%s/maps/control", f->root);

	datapath_close(open_datapath(&f->config));
	uint32_t flows = pinned_map_id(f, "connections4"), accounts = pinned_map_id(f, "accounts");
	uint32_t refusals = pinned_map_id(f, "refusals");
	assert_int_equal(unlink(control), 0);

	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_non_null(second);
	assert_int_not_equal(pinned_map_id(f, "connections4"), flows);
	assert_int_not_equal(pinned_map_id(f, "refusals"), refusals);
	assert_int_equal(pinned_map_id(f, "accounts"), accounts);
	assert_int_not_equal(pinned_map_id(f, "control"), 0);
}

static void a_set_whose_layouts_nobody_knows_is_not_taken_over(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *layouts = xasprintf("%s/maps/layouts", f->root);

	struct datapath *first = open_datapath(&f->config);
	swap_revision(first, 9);
	uint32_t flows = pinned_map_id(f, "connections4");
	datapath_close(first);
	assert_int_equal(unlink(layouts), 0);

	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_int_not_equal(pinned_map_id(f, "connections4"), flows);
	assert_non_null(strstr(datapath_notes(second), "map endpoints begins empty"));
	assert_int_equal(datapath_revision(second), 9);
}

/* As versions had it before there were sets: a directory by ABI, and nothing that says what is in it. */
static void make_early(const struct fixture *f)
{
	run("cd %s && rm maps maps-1/layouts maps-1/program-* && mv maps-1 maps-v3", f->root);
}

static void maps_of_an_early_version_are_let_go_and_its_programs_enforce_until_others_do(void **state)
{
	struct fixture *f = *state;

	struct datapath *first = open_datapath(&f->config);
	if (datapath_probe_hook(first) != HOOK_TCX) {
		datapath_close(first);
		skip();
	}
	swap_revision(first, 9);
	attach(first, f, XDP_OFF);
	datapath_close(first);
	make_early(f);
	const struct bpf_link_info before = pinned_link(f, "ingress");

	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_non_null(strstr(datapath_notes(second), "were an early version's"));
	assert_null(strchr(datapath_notes(second), '\n'));
	assert_int_equal(datapath_revision(second), 0);
	assert_int_equal(only_attachment(second).ifindex, f->ifindex);
	assert_int_equal(pinned_link(f, "ingress").prog_id, before.prog_id);
	run("test ! -e %s/maps-v3", f->root);

	swap_revision(second, 1);
	attach(second, f, XDP_OFF);
	assert_int_equal(pinned_link(f, "ingress").id, before.id);
	assert_int_not_equal(pinned_link(f, "ingress").prog_id, before.prog_id);
}

static void maps_of_an_early_version_are_removed_with_everything(void **state)
{
	struct fixture *f = *state;
	struct error error = {};
	unsigned interfaces;

	struct datapath *first = open_datapath(&f->config);
	attach(first, f, XDP_OFF);
	datapath_close(first);
	make_early(f);
	assert_int_equal(datapath_remove(f->root, &interfaces, &error), 0);
	run("test ! -e %s", f->root);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_second_open_takes_maps_over_with_what_they_hold),
		TEST(links_outlive_the_agent_and_are_replaced_in_place),
		TEST(clsact_filters_outlive_the_agent_and_are_replaced_in_place),
		TEST(a_change_of_hook_leaves_only_the_new_one),
		TEST(links_of_interfaces_that_are_gone_are_swept),
		TEST(a_link_that_a_stranger_detached_is_made_again),
		TEST(a_map_of_another_capacity_gets_what_the_one_before_held),
		TEST(images_keep_their_size_whatever_is_asked_for),
		TEST(images_that_never_held_one_are_no_loss),
		TEST(flows_and_refusals_do_not_outlive_the_generation_they_refer_to),
		TEST(a_set_whose_layouts_nobody_knows_is_not_taken_over),
		TEST(maps_of_an_early_version_are_let_go_and_its_programs_enforce_until_others_do),
		TEST(maps_of_an_early_version_are_removed_with_everything),
	};

	need_bpf();
	return cmocka_run_group_tests_name("takeover", tests, NULL, NULL);
}
