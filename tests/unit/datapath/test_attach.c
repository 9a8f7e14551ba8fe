// SPDX-License-Identifier: BSD-2-Clause
/* Interfaces: each hook on and off, and nothing left behind. */
#include "fixture.h"

#include "base/vec.h"
#include "datapath/datapath_private.h"

static bool says(const char *word, const char *command)
{
	_cleanup_free_ char *text = command_output("%s", command);

	return strstr(text, word);
}

/* Everything that can be seen of an interface's programs and qdiscs. */
static char *hooks(void)
{
	return command_output("tc qdisc show dev " POD "; tc filter show dev " POD " ingress; tc filter show dev " POD
			      " egress; ip -o link show dev " POD " | grep -o 'xdp[a-z]*' || true");
}

typedef VEC(uint32_t) ids;

/* The programs that use one of the instance's maps, attached or not. */
static void attached_programs(uint32_t map_id, ids *ret)
{
	for (uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
		uint32_t maps[64] = {}, size = sizeof(struct bpf_prog_info);
		struct bpf_prog_info info = { .map_ids = (uintptr_t)maps, .nr_map_ids = ARRAY_SIZE(maps) };
		_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0 || bpf_prog_get_info_by_fd(fd, &info, &size) < 0)
			continue;
		for (uint32_t i = 0; i < info.nr_map_ids && i < ARRAY_SIZE(maps); i++)
			if (maps[i] == map_id) {
				vec_push(ret, id);
				break;
			}
	}
}

static bool program_is_gone(const void *data)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(*(const uint32_t *)data);

	return fd < 0 && errno == ENOENT;
}

static bool map_is_gone(const void *data)
{
	_cleanup_close_ int fd = bpf_map_get_fd_by_id(*(const uint32_t *)data);

	return fd < 0 && errno == ENOENT;
}

static bool link_is_gone(const void *data)
{
	_cleanup_close_ int fd = bpf_link_get_fd_by_id(*(const uint32_t *)data);

	return fd < 0 && errno == ENOENT;
}

static bool has_tcx(struct datapath *datapath)
{
	return datapath_probe_hook(datapath) == HOOK_TCX;
}

static void clsact_can_be_forced_and_tcx_is_chosen_where_it_is(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	if (!has_tcx(datapath))
		print_message("# this kernel has no tcx\n");
	setenv("WEIR_HOOK", "clsact", 1);
	_cleanup_(datapath_closep) struct datapath *forced = open_datapath(&f->config);
	assert_int_equal(datapath_probe_hook(forced), HOOK_CLSACT);
}

static void tcx_attaches_both_directions_and_comes_off(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	_cleanup_free_ char *before = hooks();

	if (!has_tcx(datapath))
		skip();
	attach(datapath, f, XDP_OFF);
	assert_int_equal(only_attachment(datapath).hook, HOOK_TCX);
	assert_int_equal(only_attachment(datapath).xdp, XDP_OFF);
	assert_int_equal(pinned_link(f, "ingress").xdp.ifindex, f->ifindex);
	assert_int_equal(pinned_link(f, "egress").xdp.ifindex, f->ifindex);
	assert_int_not_equal(pinned_link(f, "ingress").prog_id, pinned_link(f, "egress").prog_id);

	uint32_t link = pinned_link(f, "ingress").id;
	assert_int_equal(datapath_detach(datapath, f->ifindex), 0);
	assert_int_equal(count_attachments(datapath), 0);
	assert_true(eventually(link_is_gone, &link));
	_cleanup_free_ char *after = hooks();
	assert_string_equal(before, after);
	assert_int_equal(datapath_detach(datapath, f->ifindex), 0);
}

static void tcx_goes_before_a_program_that_is_there(void **state)
{
	struct fixture *f = *state;
	struct fixture other = *f;
	uint32_t programs[4] = {};
	LIBBPF_OPTS(bpf_prog_query_opts, query, .prog_ids = programs, .prog_cnt = ARRAY_SIZE(programs));

	strcat(other.root, "-b");
	other.config.bpffs = other.root;
	_cleanup_(datapath_closep) struct datapath *first = open_datapath(&f->config);
	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&other.config);
	if (!has_tcx(first))
		skip();
	attach(first, f, XDP_OFF);
	attach(second, f, XDP_OFF);
	assert_int_equal(bpf_prog_query_opts(f->ifindex, (enum bpf_attach_type)46, &query), 0);
	assert_int_equal(query.prog_cnt, 2);
	assert_int_equal(programs[0], pinned_link(&other, "ingress").prog_id);
	assert_int_equal(programs[1], pinned_link(f, "ingress").prog_id);
	assert_int_equal(datapath_detach(second, f->ifindex), 0);
	assert_int_equal(datapath_remove(other.root, &(unsigned){ 0 }, NULL), 0);
}

static void clsact_attaches_both_directions_and_its_qdisc_goes_with_it(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *before = hooks();

	setenv("WEIR_HOOK", "clsact", 1);
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	attach(datapath, f, XDP_OFF);
	assert_int_equal(only_attachment(datapath).hook, HOOK_CLSACT);
	assert_true(says("weir_from_pod", "tc filter show dev " POD " ingress"));
	assert_true(says("weir_to_pod", "tc filter show dev " POD " egress"));
	assert_int_equal(datapath_detach(datapath, f->ifindex), 0);
	_cleanup_free_ char *after = hooks();
	assert_string_equal(before, after);
}

static void a_clsact_qdisc_that_was_there_stays(void **state)
{
	struct fixture *f = *state;

	run("tc qdisc add dev " POD " clsact");
	_cleanup_free_ char *before = hooks();
	setenv("WEIR_HOOK", "clsact", 1);
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	attach(datapath, f, XDP_OFF);
	attach(datapath, f, XDP_OFF);
	assert_int_equal(datapath_detach(datapath, f->ifindex), 0);
	_cleanup_free_ char *after = hooks();
	assert_string_equal(before, after);
}

static void add_filter_of_another(const struct fixture *f)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_cleanup_close_ int program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "another", "GPL", pass, 2, NULL);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = f->ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 7, .prog_fd = program);

	assert_true(program >= 0);
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
}

static void a_clsact_qdisc_of_ours_stays_for_the_filters_of_others(void **state)
{
	struct fixture *f = *state;

	setenv("WEIR_HOOK", "clsact", 1);
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	attach(datapath, f, XDP_OFF);
	add_filter_of_another(f);
	assert_int_equal(datapath_detach(datapath, f->ifindex), 0);
	assert_true(says("clsact", "tc qdisc show dev " POD));
	assert_true(says("another", "tc filter show dev " POD " egress"));
	assert_false(says("weir_", "tc filter show dev " POD " egress"));
}

static void two_instances_share_a_clsact_qdisc(void **state)
{
	struct fixture *f = *state;
	struct fixture other = *f;
	unsigned interfaces = 0;

	strcat(other.root, "-b");
	other.config.bpffs = other.root;
	setenv("WEIR_HOOK", "clsact", 1);
	_cleanup_(datapath_closep) struct datapath *a = open_datapath(&f->config);
	_cleanup_(datapath_closep) struct datapath *b = open_datapath(&other.config);
	attach(a, f, XDP_OFF);
	attach(b, f, XDP_OFF);
	_cleanup_free_ char *filters = command_output("tc filter show dev " POD " ingress | grep -c weir_from_pod");
	assert_string_equal(filters, "2\n");
	assert_int_equal(datapath_remove(f->root, &interfaces, NULL), 0);
	assert_int_equal(interfaces, 1);
	assert_true(says("weir_from_pod", "tc filter show dev " POD " ingress"));
	assert_int_equal(datapath_remove(other.root, &interfaces, NULL), 0);
	assert_false(says("weir_", "tc filter show dev " POD " ingress"));
}

static void an_ingress_qdisc_in_the_way_is_named(void **state)
{
	struct fixture *f = *state;
	struct error error = {};

	run("tc qdisc add dev " POD " ingress");
	setenv("WEIR_HOOK", "clsact", 1);
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	assert_int_equal(datapath_attach(datapath, f->ifindex, POD, XDP_OFF, &error), -EEXIST);
	assert_non_null(strstr(error.text, "kind \"ingress\""));
	assert_int_equal(count_attachments(datapath), 0);
	assert_false(says("weir_", "tc filter show dev " POD " ingress"));
}

static void xdp_goes_on_natively_and_generically_and_off(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	attach(datapath, f, XDP_NATIVE);
	assert_int_equal(only_attachment(datapath).xdp, XDP_NATIVE);
	assert_true(says("prog/xdp ", "ip link show dev " POD));
	attach(datapath, f, XDP_GENERIC);
	assert_int_equal(only_attachment(datapath).xdp, XDP_GENERIC);
	assert_true(says("prog/xdp ", "ip link show dev " POD));
	assert_true(says(" xdpgeneric ", "ip link show dev " POD));
	attach(datapath, f, XDP_OFF);
	assert_int_equal(only_attachment(datapath).xdp, XDP_OFF);
	assert_false(says("prog/xdp ", "ip link show dev " POD));
}

static void xdp_that_cannot_be_is_an_error_and_tc_stays(void **state)
{
	struct fixture *f = *state;
	struct error error = {};

	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	assert_int_equal(datapath_attach(datapath, if_nametoindex("lo"), "lo", XDP_NATIVE, &error), -EOPNOTSUPP);
	assert_string_equal(error.text, "interface lo: attach native XDP: its driver has no native XDP "
					"(ask for generic, or leave XDP off)");
	assert_int_equal(only_attachment(datapath).ifindex, if_nametoindex("lo"));
	assert_int_not_equal(only_attachment(datapath).hook, HOOK_NONE);
	assert_int_equal(only_attachment(datapath).xdp, XDP_OFF);
}

/* Some causes can't be made on every machine: a driver without multi-buffer XDP, as all are before 5.18. */
static void every_cause_has_its_word(void **state)
{
	static const struct {
		int code;
		const char *words;
	} causes[] = {
		{ -ERANGE, "xdp: with the MTU that it or its peer has, a frame is more than a page, which can't be "
			   "here (an MTU of 3498 is small enough with pages of 4 KiB; or leave XDP off)" },
		{ -ENOSPC, "xdp: fewer receive queues than its peer has transmit queues (set equal numbers, or leave "
			   "XDP off)" },
		{ -ENOTCONN, "xdp: it has no peer (leave XDP off)" },
		{ -EBUSY, "xdp: another XDP program is there (take that off, or leave XDP off)" },
		{ -ENODEV, "xdp: No such device" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		struct error error = {};

		assert_int_equal(xdp_failed(&error, causes[i].code, ((struct fixture *)*state)->ifindex, "xdp"),
				 causes[i].code);
		assert_string_equal(error.text, causes[i].words);
	}
}

static void an_interface_that_does_not_exist_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct error error = {};
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	assert_int_equal(datapath_attach(datapath, 99999, "nowhere0", XDP_OFF, &error), -ENODEV);
	assert_non_null(strstr(error.text, "interface nowhere0: "));
	assert_int_equal(count_attachments(datapath), 0);
}

static void vanish(const struct fixture *f, enum datapath_xdp xdp)
{
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	attach(datapath, f, xdp);
	run("ip link del " POD);
	assert_int_equal(datapath_detach(datapath, f->ifindex), 0);
	assert_int_equal(count_attachments(datapath), 0);
	_cleanup_free_ char *pins =
		command_output("find %s/links %s/clsact %s/offloads -mindepth 1", f->root, f->root, f->root);
	assert_string_equal(pins, "");
}

static void an_interface_may_vanish_while_attached(void **state)
{
	vanish(*state, XDP_NATIVE);
}

static void an_interface_may_vanish_while_attached_by_clsact(void **state)
{
	setenv("WEIR_HOOK", "clsact", 1);
	vanish(*state, XDP_GENERIC);
}

/* Everything of ours that the kernel holds is known by number, so that what others load meanwhile does not matter. */
static void remove_all(const struct fixture *f, const char *hook)
{
	static const char *const maps[] = { "images", "control", "addresses4", "connections4", "accounts" };
	uint32_t map_ids[ARRAY_SIZE(maps)], links[3];
	ids programs = {};
	unsigned interfaces = 0;

	if (hook)
		setenv("WEIR_HOOK", hook, 1);
	_cleanup_free_ char *before = hooks();
	struct datapath *datapath = open_datapath(&f->config);
	swap_revision(datapath, 1);
	attach(datapath, f, XDP_NATIVE);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		map_ids[i] = pinned_map_id(f, maps[i]);
	attached_programs(map_ids[1], &programs);
	assert_true(programs.n >= 3);
	links[0] = pinned_link(f, "xdp").id;
	links[1] = pinned_link(f, "ingress").id;
	links[2] = pinned_link(f, "egress").id;
	datapath_close(datapath);

	assert_int_equal(datapath_remove(f->root, &interfaces, NULL), 0);
	assert_int_equal(interfaces, 1);
	vec_for_each (program, &programs)
		assert_true(eventually(program_is_gone, program));
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		assert_true(eventually(map_is_gone, &map_ids[i]));
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_true(eventually(link_is_gone, &links[i]));
	assert_int_not_equal(access(f->root, F_OK), 0);
	_cleanup_free_ char *after = hooks();
	assert_string_equal(before, after);
	vec_free(&programs);

	assert_int_equal(datapath_remove(f->root, &interfaces, NULL), 0);
	assert_int_equal(interfaces, 0);
}

static void removing_leaves_nothing(void **state)
{
	remove_all(*state, NULL);
}

static void removing_leaves_nothing_of_clsact(void **state)
{
	remove_all(*state, "clsact");
}

static void removing_finds_clsact_filters_when_the_pins_are_gone(void **state)
{
	struct fixture *f = *state;
	unsigned interfaces = 0;

	setenv("WEIR_HOOK", "clsact", 1);
	struct datapath *datapath = open_datapath(&f->config);
	attach(datapath, f, XDP_OFF);
	datapath_close(datapath);
	run("rm -r %s", f->root);
	assert_int_equal(datapath_remove(f->root, &interfaces, NULL), 0);
	assert_int_equal(interfaces, 1);
	assert_false(says("weir_", "tc filter show dev " POD " ingress"));
}

static void removing_leaves_what_is_not_ours(void **state)
{
	struct fixture *f = *state;
	struct error error = {};
	unsigned interfaces = 0;
	_cleanup_free_ char *strange = xasprintf("%s/strange", f->root);

	datapath_close(open_datapath(&f->config));
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_test", 4, 4, 1, NULL);
	assert_int_equal(bpf_obj_pin(fd, strange), 0);
	assert_int_equal(datapath_remove(f->root, &interfaces, &error), -ENOTEMPTY);
	assert_int_equal(access(strange, F_OK), 0);
	assert_int_equal(unlink(strange), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(clsact_can_be_forced_and_tcx_is_chosen_where_it_is),
		TEST(tcx_attaches_both_directions_and_comes_off),
		TEST(tcx_goes_before_a_program_that_is_there),
		TEST(clsact_attaches_both_directions_and_its_qdisc_goes_with_it),
		TEST(a_clsact_qdisc_that_was_there_stays),
		TEST(a_clsact_qdisc_of_ours_stays_for_the_filters_of_others),
		TEST(two_instances_share_a_clsact_qdisc),
		TEST(an_ingress_qdisc_in_the_way_is_named),
		TEST(xdp_goes_on_natively_and_generically_and_off),
		TEST(xdp_that_cannot_be_is_an_error_and_tc_stays),
		TEST(every_cause_has_its_word),
		TEST(an_interface_that_does_not_exist_is_an_error),
		TEST(an_interface_may_vanish_while_attached),
		TEST(an_interface_may_vanish_while_attached_by_clsact),
		TEST(removing_leaves_nothing),
		TEST(removing_leaves_nothing_of_clsact),
		TEST(removing_finds_clsact_filters_when_the_pins_are_gone),
		TEST(removing_leaves_what_is_not_ours),
	};

	need_bpf();
	return cmocka_run_group_tests_name("attach", tests, NULL, NULL);
}
