// SPDX-License-Identifier: BSD-2-Clause
/* Entries of real maps are carried to maps of other layouts. */
#include "fixture.h"
#include "btf_fixture.h"
#include "busy_kernel.h"

#include "datapath/carry.h"
#include "datapath/datapath_private.h"

#define OLD_KEY	  MEMBERS(U32("port"), U16("host"))
#define OLD_VALUE MEMBERS(U32("seen"), U32("packets"))
#define NEW_VALUE MEMBERS(U64("packets"), U32("seen"), U32("more"))
#define ENTRIES	  8

struct old_key {
	uint32_t port;
	uint16_t host;
	uint16_t pad;
};

struct old_value {
	uint32_t seen, count;
};

struct new_value {
	uint64_t count;
	uint32_t seen, more;
};

/* Two maps and what is known of them. */
struct pair {
	struct btf *from_layouts, *to_layouts;
	struct carry carry;
};

static int make_map(enum bpf_map_type type, uint32_t key, uint32_t value)
{
	const int fd = bpf_map_create(type, "weir_test", key, value, ENTRIES, NULL);

	assert_true(fd >= 0);
	return fd;
}

static struct btf *make_layouts(const struct member *key, const struct member *value)
{
	struct btf *btf = btf__new_empty();
	const int key_type = btf_structure(btf, key, false), value_type = btf_structure(btf, value, false);

	btf_map(btf, "flows", key_type, value_type);
	return btf;
}

/* new_key: of the new layout. */
static struct pair make_pair(enum bpf_map_type type, const struct member *new_key, uint32_t new_key_size)
{
	const bool array = type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
	struct pair pair = {
		.from_layouts = make_layouts(OLD_KEY, OLD_VALUE),
		.to_layouts = make_layouts(new_key, NEW_VALUE),
	};

	pair.carry = (struct carry){
		.from = make_map(type, array ? 4 : sizeof(struct old_key), sizeof(struct old_value)),
		.to = make_map(type, array ? 4 : new_key_size, sizeof(struct new_value)),
		.name = "flows",
		.from_layouts = pair.from_layouts,
		.to_layouts = pair.to_layouts,
	};
	return pair;
}

static void free_pair(struct pair *pair)
{
	close(pair->carry.from);
	close(pair->carry.to);
	btf__free(pair->from_layouts);
	btf__free(pair->to_layouts);
}

static void put(int fd, const void *key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(fd, key, value, BPF_ANY), 0);
}

static size_t carried(const struct pair *pair)
{
	size_t n = ~0ul;

	assert_int_equal(carry(&pair->carry, &n), 0);
	return n;
}

static struct new_value get(const struct pair *pair, const void *key)
{
	struct new_value value = {};

	assert_int_equal(bpf_map_lookup_elem(pair->carry.to, key, &value), 0);
	return value;
}

/* --- hashes --- */

static void an_entry_of_a_hash_is_found_under_its_key_of_the_new_layout(void **state)
{
	struct pair pair = make_pair(BPF_MAP_TYPE_HASH, MEMBERS(U16("host"), U64("port")), 16);
	const struct {
		uint16_t host, pad[3];
		uint64_t port;
	} key = { .host = 7, .port = 80 };

	put(pair.carry.from, &(struct old_key){ 80, 7, 0 }, &(struct old_value){ .seen = 5, .count = 9 });
	assert_int_equal(carried(&pair), 1);
	assert_int_equal(get(&pair, &key).count, 9);
	assert_int_equal(get(&pair, &key).seen, 5);
	assert_int_equal(get(&pair, &key).more, 0);
	free_pair(&pair);
}

static void an_entry_whose_key_has_no_room_is_left_out(void **state)
{
	struct pair pair = make_pair(BPF_MAP_TYPE_HASH, MEMBERS(U8("host"), U32("port")), 8);
	const struct {
		uint8_t host, pad[3];
		uint32_t port;
	} fits = { .host = 255, .port = 80 };

	put(pair.carry.from, &(struct old_key){ 80, 255, 0 }, &(struct old_value){ 5, 9 });
	put(pair.carry.from, &(struct old_key){ 80, 256, 0 }, &(struct old_value){ 6, 10 });
	assert_int_equal(carried(&pair), 1);
	assert_int_equal(get(&pair, &fits).count, 9);
	free_pair(&pair);
}

static void nothing_is_carried_to_keys_with_a_field_more_or_less(void **state)
{
	struct pair more = make_pair(BPF_MAP_TYPE_HASH, MEMBERS(U32("port"), U16("host"), U64("net")), 16);
	struct pair less = make_pair(BPF_MAP_TYPE_HASH, MEMBERS(U32("port"), U32("pad")), 8);
	size_t n = 77;

	put(more.carry.from, &(struct old_key){ 80, 7, 0 }, &(struct old_value){ 5, 9 });
	assert_int_equal(carry(&more.carry, &n), -ENOTSUP);
	assert_int_equal(carry(&less.carry, &n), -ENOTSUP);
	assert_int_equal(n, 77);
	free_pair(&more);
	free_pair(&less);
}

static void what_the_kernel_is_too_busy_for_is_carried_all_the_same(void **state)
{
	struct pair pair = make_pair(BPF_MAP_TYPE_HASH, OLD_KEY, sizeof(struct old_key));
	const struct old_key key = { 80, 7, 0 };

	put(pair.carry.from, &key, &(struct old_value){ 5, 9 });
	refuse(BPF_MAP_UPDATE_ELEM, BUSY_RETRIES - 1);
	assert_int_equal(carried(&pair), 1);
	assert_int_equal(busy.asked, BUSY_RETRIES);
	assert_int_equal(get(&pair, &key).count, 9);
	refuse(-1, 0);
	free_pair(&pair);
}

static void a_kernel_that_stays_busy_is_told(void **state)
{
	struct pair pair = make_pair(BPF_MAP_TYPE_HASH, OLD_KEY, sizeof(struct old_key));
	size_t n = 77;

	put(pair.carry.from, &(struct old_key){ 80, 7, 0 }, &(struct old_value){ 5, 9 });
	refuse(BPF_MAP_UPDATE_ELEM, UINT32_MAX);
	assert_int_equal(carry(&pair.carry, &n), -EBUSY);
	assert_int_equal(busy.asked, BUSY_RETRIES);
	assert_int_equal(n, 77);
	refuse(-1, 0);
	free_pair(&pair);
}

/* Their tick and count, ours, whether a program may have written ours, and whose count is there afterwards. */
static const struct race {
	const char *name;
	struct old_value theirs;
	struct new_value ours;
	bool unused;
	uint64_t then;
} races[] = {
	{ "of two entries the one that was seen later counts: theirs", { 6, 1 }, { 2, 5, 0 }, false, 1 },
	{ "of two entries the one that was seen later counts: ours", { 5, 1 }, { 2, 6, 0 }, false, 2 },
	{ "of two that were seen in one tick the one with more packets counts: ours", { 5, 1 }, { 2, 5, 0 }, false, 2 },
	{ "of two that were seen in one tick the one with more packets counts: theirs",
	  { 5, 3 },
	  { 2, 5, 0 },
	  false,
	  3 },
	{ "where no program uses ours yet theirs counts", { 5, 1 }, { 2, 5, 0 }, true, 1 },
};

static void one_of_two_counts(void **state)
{
	const struct race *race = *state;
	struct pair pair = make_pair(BPF_MAP_TYPE_LRU_HASH, OLD_KEY, sizeof(struct old_key));
	const struct old_key key = { 80, 7, 0 };

	pair.carry.unused = race->unused;
	put(pair.carry.from, &key, &race->theirs);
	put(pair.carry.to, &key, &race->ours);
	assert_int_equal(carried(&pair), race->then == race->theirs.count);
	assert_int_equal(get(&pair, &key).count, race->then);
	free_pair(&pair);
}

/* --- one by one --- */

struct seen_entry {
	struct old_key key;
	struct new_value value;
	unsigned n;
};

static int see(void *data, const void *key, const void *value)
{
	struct seen_entry *seen = data;

	memcpy(&seen->key, key, sizeof(seen->key));
	memcpy(&seen->value, value, sizeof(seen->value));
	seen->n++;
	return 0;
}

static void an_entry_is_read_as_the_new_layout_has_it_and_nothing_is_changed(void **state)
{
	struct pair pair = make_pair(BPF_MAP_TYPE_HASH, OLD_KEY, sizeof(struct old_key));
	struct seen_entry seen = {};
	struct passage *passage;

	put(pair.carry.from, &(struct old_key){ 80, 7, 0 }, &(struct old_value){ .seen = 5, .count = 9 });
	put(pair.carry.from, &(struct old_key){ 81, 7, 0 }, &(struct old_value){});
	assert_int_equal(passage_open(&pair.carry, &passage), 0);
	assert_int_equal(passage_value_size(passage), sizeof(struct new_value));
	assert_int_equal(passage_read(passage, see, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.key.port, 80);
	assert_int_equal(seen.value.count, 9);
	assert_int_equal(bpf_map_lookup_elem(pair.carry.to, &seen.key, &seen.value), -ENOENT);
	passage_close(passage);
	free_pair(&pair);
}

static void an_entry_that_is_put_leaves_what_only_the_new_layout_knows(void **state)
{
	struct pair pair = make_pair(BPF_MAP_TYPE_HASH, OLD_KEY, sizeof(struct old_key));
	const struct old_key key = { 80, 7, 0 };
	struct passage *passage;

	put(pair.carry.to, &key, &(struct new_value){ .count = 20, .seen = 6, .more = 3 });
	assert_int_equal(passage_open(&pair.carry, &passage), 0);
	assert_int_equal(passage_put(passage, &key, &(struct old_value){ .seen = 5, .count = 9 }), 0);
	assert_int_equal(get(&pair, &key).count, 9);
	assert_int_equal(get(&pair, &key).seen, 5);
	assert_int_equal(get(&pair, &key).more, 3);
	passage_close(passage);
	free_pair(&pair);
}

/* --- arrays --- */

static void arrays_are_carried_by_index(void **state)
{
	struct pair pair = make_pair(BPF_MAP_TYPE_ARRAY, OLD_KEY, 0);
	const uint32_t first = 0, last = ENTRIES - 1;

	put(pair.carry.from, &last, &(struct old_value){ 5, 9 });
	assert_int_equal(carried(&pair), 1);
	assert_int_equal(get(&pair, &last).count, 9);
	assert_int_equal(get(&pair, &first).count, 0);
	free_pair(&pair);
}

static void what_is_beyond_the_end_of_an_array_is_left_out(void **state)
{
	struct pair pair = make_pair(BPF_MAP_TYPE_ARRAY, OLD_KEY, 0);
	const uint32_t last = ENTRIES - 1;
	struct seen_entry seen = {};
	struct passage *passage;

	put(pair.carry.from, &last, &(struct old_value){ 5, 9 });
	close(pair.carry.to);
	pair.carry.to = bpf_map_create(BPF_MAP_TYPE_ARRAY, "weir_test", 4, sizeof(struct new_value), last, NULL);
	assert_true(pair.carry.to >= 0);
	assert_int_equal(carried(&pair), 0);
	assert_int_equal(passage_open(&pair.carry, &passage), 0);
	assert_int_equal(passage_read(passage, see, &seen), 0);
	assert_int_equal(seen.n, 0);
	assert_int_equal(passage_put(passage, &last, &(struct old_value){ 5, 9 }), 0);
	passage_close(passage);
	free_pair(&pair);
}

static void of_counts_the_larger_is_kept_on_each_cpu(void **state)
{
	const int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct old_value *theirs = xcalloc(cpus, sizeof(*theirs));
	_cleanup_free_ struct new_value *ours = xcalloc(cpus, sizeof(*ours));
	struct pair pair = make_pair(BPF_MAP_TYPE_PERCPU_ARRAY, OLD_KEY, 0);
	const uint32_t index = 3;

	/* Without a clock, as counts are. */
	btf__free(pair.from_layouts);
	btf__free(pair.to_layouts);
	pair.carry.from_layouts = pair.from_layouts = make_layouts(OLD_KEY, MEMBERS(U32("packets"), U32("bytes")));
	pair.carry.to_layouts = pair.to_layouts =
		make_layouts(OLD_KEY, MEMBERS(U64("bytes"), U32("packets"), U32("n")));
	for (int cpu = 0; cpu < cpus; cpu++) {
		theirs[cpu] = (struct old_value){ .seen = 10 + cpu, .count = 1000 }; /* packets, bytes */
		ours[cpu] = (struct new_value){ .count = 900, .seen = 20, .more = 4 };
	}
	put(pair.carry.from, &index, theirs);
	put(pair.carry.to, &index, ours);
	assert_int_equal(carried(&pair), 1);
	assert_int_equal(bpf_map_lookup_elem(pair.carry.to, &index, ours), 0);
	for (int cpu = 0; cpu < cpus; cpu++) {
		assert_int_equal(ours[cpu].count, 1000);
		assert_int_equal(ours[cpu].seen, 20);
		assert_int_equal(ours[cpu].more, 4);
	}
	assert_int_equal(carried(&pair), 0); /* none counts twice */
	free_pair(&pair);
}

/* --- what can't be --- */

static void a_map_that_both_share_needs_nothing(void **state)
{
	struct pair pair = make_pair(BPF_MAP_TYPE_HASH, OLD_KEY, sizeof(struct old_key));

	close(pair.carry.to);
	pair.carry.to = dup(pair.carry.from);
	put(pair.carry.from, &(struct old_key){ 80, 7, 0 }, &(struct old_value){ 5, 9 });
	assert_int_equal(carried(&pair), 0);
	free_pair(&pair);
}

static void nothing_is_carried_between_maps_of_other_kinds(void **state)
{
	struct pair pair = make_pair(BPF_MAP_TYPE_HASH, OLD_KEY, sizeof(struct old_key));
	size_t n;

	close(pair.carry.to);
	pair.carry.to = make_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct new_value));
	assert_int_equal(carry(&pair.carry, &n), -ENOTSUP);
	free_pair(&pair);
}

static void nothing_is_carried_where_a_layout_is_not_known_or_is_not_the_maps(void **state)
{
	struct pair pair = make_pair(BPF_MAP_TYPE_HASH, OLD_KEY, sizeof(struct old_key));
	size_t n;

	pair.carry.from_layouts = NULL;
	assert_int_equal(carry(&pair.carry, &n), -ENOTSUP);
	pair.carry.from_layouts = pair.from_layouts;
	pair.carry.name = "others";
	assert_int_equal(carry(&pair.carry, &n), -ENOTSUP);
	pair.carry.name = "flows";
	pair.carry.to_layouts = pair.from_layouts; /* says eight bytes of what has sixteen */
	assert_int_equal(carry(&pair.carry, &n), -ENOTSUP);
	free_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(an_entry_of_a_hash_is_found_under_its_key_of_the_new_layout),
		cmocka_unit_test(an_entry_whose_key_has_no_room_is_left_out),
		cmocka_unit_test(nothing_is_carried_to_keys_with_a_field_more_or_less),
		cmocka_unit_test(an_entry_is_read_as_the_new_layout_has_it_and_nothing_is_changed),
		cmocka_unit_test(an_entry_that_is_put_leaves_what_only_the_new_layout_knows),
		cmocka_unit_test(what_the_kernel_is_too_busy_for_is_carried_all_the_same),
		cmocka_unit_test(a_kernel_that_stays_busy_is_told),
		cmocka_unit_test(arrays_are_carried_by_index),
		cmocka_unit_test(what_is_beyond_the_end_of_an_array_is_left_out),
		cmocka_unit_test(of_counts_the_larger_is_kept_on_each_cpu),
		cmocka_unit_test(a_map_that_both_share_needs_nothing),
		cmocka_unit_test(nothing_is_carried_between_maps_of_other_kinds),
		cmocka_unit_test(nothing_is_carried_where_a_layout_is_not_known_or_is_not_the_maps),
	};
	struct CMUnitTest tests[ARRAY_SIZE(races) + ARRAY_SIZE(others)] = {};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(races); i++)
		tests[n++] = (struct CMUnitTest){ races[i].name, one_of_two_counts, NULL, NULL, (void *)&races[i] };
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		tests[n++] = others[i];
	need_bpf();
	return cmocka_run_group_tests_name("carry", tests, NULL, NULL);
}
