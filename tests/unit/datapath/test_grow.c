// SPDX-License-Identifier: BSD-2-Clause
/* An image that doesn't fit: the programs grow under what is attached. */
#include "fixture.h"

#define PINNED_MAPS                                                                                               \
	{                                                                                                         \
		"control", "endpoints", "addresses4", "addresses6", "openings4", "openings6", "connections4",     \
			"connections6", "exchanges4", "exchanges6", "fragments", "shields", "tallies", "reasons", \
			"accounts", "pairs", "buckets", "sources", "charged", "events"                            \
	}

static void swap_words(struct datapath *datapath, uint32_t n_words, uint32_t revision)
{
	struct weir_image_header header = {
		.magic = WEIR_IMAGE_MAGIC, .abi = WEIR_IMAGE_ABI, .n_words = n_words, .revision = revision
	};
	_cleanup_free_ uint32_t *words = xcalloc(n_words, sizeof(*words));
	struct error error = {};

	memcpy(words, &header, sizeof(header));
	words[n_words - 1] = revision;
	if (datapath_swap(datapath, words, n_words, &error) < 0)
		fail_msg("%s", error.text);
}

/* The image that is pinned: its capacity, and its word at an index. */
static uint32_t image_capacity(const struct fixture *f, uint32_t index, uint32_t *ret_word)
{
	_cleanup_free_ char *path = xasprintf("%s/maps/images", f->root);
	_cleanup_close_ int images = bpf_obj_get(path);
	struct bpf_map_info info = {};
	uint32_t slot = WEIR_SLOT_ENFORCED, first = 0, size = sizeof(info), id;

	assert_int_equal(bpf_map_lookup_elem(images, &slot, &id), 0);
	_cleanup_close_ int image = bpf_map_get_fd_by_id(id);
	assert_int_equal(bpf_map_get_info_by_fd(image, &info, &size), 0);
	_cleanup_free_ uint32_t *words = xcalloc(1, info.value_size);
	assert_int_equal(bpf_map_lookup_elem(image, &first, words), 0);
	*ret_word = words[index];
	return info.value_size / sizeof(uint32_t);
}

static void an_image_that_does_not_fit_makes_room(void **state)
{
	static const struct {
		uint32_t n_words, capacity;
	} steps[] = { { 4096, 4096 },	   { 4097, 16384 },    { 5000, 16384 },
		      { 300000, 1 << 20 }, { 20000, 1 << 20 }, { (1 << 20) + 1, 1 << 22 } };
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	uint32_t before, word;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		before = generation(f);
		swap_words(datapath, steps[i].n_words, 10 + i);
		assert_int_equal(datapath_image_words(datapath), steps[i].capacity);
		assert_int_equal(datapath_revision(datapath), 10 + i);
		assert_int_equal(image_capacity(f, steps[i].n_words - 1, &word), steps[i].capacity);
		assert_int_equal(word, 10 + i);
		assert_true(generation(f) > before);
	}
}

static void growing_keeps_all_other_maps_and_what_they_hold(void **state)
{
	static const char *const maps[] = PINNED_MAPS;
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct addr addr = { WEIR_IPV4, { 10, 0, 0, 1 } };
	uint32_t before[ARRAY_SIZE(maps)], images = pinned_map_id(f, "images");
	datapath_addresses all = {};

	assert_int_equal(datapath_set_address(datapath, &addr, 17, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		before[i] = pinned_map_id(f, maps[i]);
	swap_words(datapath, f->config.image_words + 1, 5);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		assert_int_equal(pinned_map_id(f, maps[i]), before[i]);
	assert_int_not_equal(pinned_map_id(f, "images"), images);
	assert_int_equal(pinned_map_id(f, "new"), 0);
	assert_int_equal(datapath_list_addresses(datapath, &all), 0);
	assert_int_equal(all.n, 1);
	assert_int_equal(all.items[0].identity, 17);
	vec_free(&all);
	/* The agent's word goes on reaching the packets. */
	uint32_t last = generation(f);
	datapath_new_generation(datapath);
	assert_int_equal(generation(f), last + 1);
}

/* Which of a program's maps are there: a program that is gone has none. */
static bool program_uses(uint32_t id, uint32_t map)
{
	uint32_t maps[32];
	struct bpf_prog_info info = { .nr_map_ids = ARRAY_SIZE(maps), .map_ids = (uintptr_t)maps };
	uint32_t size = sizeof(info);
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);

	assert_true(fd >= 0);
	assert_int_equal(bpf_prog_get_info_by_fd(fd, &info, &size), 0);
	for (uint32_t i = 0; i < info.nr_map_ids && i < ARRAY_SIZE(maps); i++)
		if (maps[i] == map)
			return true;
	return false;
}

static bool is_gone(const void *data)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(*(const uint32_t *)data);

	return fd < 0;
}

static void links_get_the_larger_programs_in_place(void **state)
{
	static const char *const links[] = { "ingress", "egress", "xdp" };
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	struct bpf_link_info before[ARRAY_SIZE(links)];

	if (datapath_probe_hook(datapath) != HOOK_TCX)
		skip();
	attach(datapath, f, XDP_NATIVE);
	swap_words(datapath, 100, 1);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		before[i] = pinned_link(f, links[i]);
	swap_words(datapath, f->config.image_words + 1, 2);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		struct bpf_link_info after = pinned_link(f, links[i]);

		assert_int_equal(after.id, before[i].id);
		assert_int_not_equal(after.prog_id, before[i].prog_id);
		assert_true(program_uses(after.prog_id, pinned_map_id(f, "images")));
		/* Nobody holds the old program any more. */
		assert_true(eventually(is_gone, &before[i].prog_id));
	}
}

static void clsact_filters_get_them_too(void **state)
{
	struct fixture *f = *state;

	setenv("WEIR_HOOK", "clsact", 1);
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);
	attach(datapath, f, XDP_OFF);
	swap_words(datapath, 100, 1);
	_cleanup_free_ char *before = command_output("tc filter show dev " POD " ingress");
	swap_words(datapath, f->config.image_words + 1, 2);
	_cleanup_free_ char *after = command_output("tc filter show dev " POD " ingress");
	_cleanup_free_ char *count = command_output("tc filter show dev " POD " ingress | grep -c weir_from_pod");
	_cleanup_free_ char *egress = command_output("tc filter show dev " POD " egress | grep -c weir_to_pod");
	assert_string_not_equal(before, after);
	assert_string_equal(count, "1\n");
	assert_string_equal(egress, "1\n");
}

static void an_interface_that_went_meanwhile_does_not_keep_the_rest_from_growing(void **state)
{
	struct fixture *f = *state;
	_cleanup_(datapath_closep) struct datapath *datapath = open_datapath(&f->config);

	attach(datapath, f, XDP_OFF);
	run("ip link del " POD);
	swap_words(datapath, f->config.image_words + 1, 2);
	assert_int_equal(datapath_revision(datapath), 2);
}

static void programs_of_an_earlier_life_are_left_until_they_are_replaced(void **state)
{
	struct fixture *f = *state;
	struct datapath *first = open_datapath(&f->config);

	if (datapath_probe_hook(first) != HOOK_TCX) {
		datapath_close(first);
		skip();
	}
	attach(first, f, XDP_OFF);
	swap_words(first, 100, 1);
	datapath_close(first);
	uint32_t before = pinned_link(f, "ingress").prog_id;

	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	swap_words(second, f->config.image_words + 1, 2);
	assert_int_equal(pinned_link(f, "ingress").prog_id, before);
	uint32_t last = generation(f);
	attach(second, f, XDP_OFF);
	assert_int_not_equal(pinned_link(f, "ingress").prog_id, before);
	/* What the old program has decided by the old image since the swap is decided again. */
	assert_int_equal(generation(f), last + 1);
}

static void a_second_life_takes_the_larger_capacity_over(void **state)
{
	struct fixture *f = *state;
	uint32_t word;

	struct datapath *first = open_datapath(&f->config);
	swap_words(first, 100, 1);
	swap_words(first, f->config.image_words + 1, 2);
	uint32_t images = pinned_map_id(f, "images");
	datapath_close(first);

	_cleanup_(datapath_closep) struct datapath *second = open_datapath(&f->config);
	assert_string_equal(datapath_notes(second), "");
	assert_int_equal(datapath_revision(second), 2);
	assert_int_equal(datapath_image_words(second), 4 * f->config.image_words);
	assert_int_equal(pinned_map_id(f, "images"), images);
	swap_words(second, 3 * f->config.image_words, 3);
	assert_int_equal(image_capacity(f, 3 * f->config.image_words - 1, &word), 4 * f->config.image_words);
	assert_int_equal(word, 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_image_that_does_not_fit_makes_room),
		TEST(growing_keeps_all_other_maps_and_what_they_hold),
		TEST(links_get_the_larger_programs_in_place),
		TEST(clsact_filters_get_them_too),
		TEST(an_interface_that_went_meanwhile_does_not_keep_the_rest_from_growing),
		TEST(programs_of_an_earlier_life_are_left_until_they_are_replaced),
		TEST(a_second_life_takes_the_larger_capacity_over),
	};

	need_bpf();
	return cmocka_run_group_tests_name("grow", tests, NULL, NULL);
}
