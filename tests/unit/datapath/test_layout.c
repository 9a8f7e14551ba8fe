// SPDX-License-Identifier: BSD-2-Clause
/* What becomes of an entry in another layout: each row is two layouts, numbers in the one, and numbers in the other. */
#include "btf_fixture.h"

#include <errno.h>

#include "datapath/layout.h"
#include "datapath/layout_fields.h"

#define NUMBERS	 8
#define MOST32	 0xffffffffull
#define MINUS(n) ((uint64_t) - (int64_t)(n))

struct row {
	const char *name;
	const struct member *from, *to;
	uint64_t in[NUMBERS], out[NUMBERS]; /* by field, in order */
	int refused;
	bool same, added_or_removed, held;
};

static const struct row rows[] = {
	{
		.name = "the same fields at the same places are the same",
		.from = MEMBERS(U32("a"), U16("b"), U32S("c", 2)),
		.to = MEMBERS(U32("a"), U16("b"), U32S("c", 2)),
		.in = { 1, 2, 3, 4 },
		.out = { 1, 2, 3, 4 },
		.same = true,
	},
	{
		.name = "a field that has moved keeps its number",
		.from = MEMBERS(U32("a"), U64("b"), U16("c")),
		.to = MEMBERS(U16("c"), U64("b"), U32("a")),
		.in = { 1, 2, 3 },
		.out = { 3, 2, 1 },
	},
	{
		.name = "a field that is added is zero",
		.from = MEMBERS(U32("a")),
		.to = MEMBERS(U32("b"), U32("a")),
		.in = { 1 },
		.out = { 0, 1 },
		.added_or_removed = true,
	},
	{
		.name = "a field that is removed is dropped",
		.from = MEMBERS(U32("b"), U32("a")),
		.to = MEMBERS(U32("a")),
		.in = { 1, 2 },
		.out = { 2 },
		.added_or_removed = true,
	},
	{
		.name = "padding that comes and goes makes no field more",
		.from = MEMBERS(U32("a"), U16("pad")),
		.to = MEMBERS(U64("a"), U64("reserved_too")),
		.in = { 7, 5 },
		.out = { 7, 0 },
	},
	{
		.name = "a number in a wider field is the same number",
		.from = MEMBERS(U8("a"), U32("b")),
		.to = MEMBERS(U64("a"), U64("b")),
		.in = { 0xff, MOST32 },
		.out = { 0xff, MOST32 },
	},
	{
		.name = "a number below zero in a wider field stays below zero",
		.from = MEMBERS(S16("a"), S16("b")),
		.to = MEMBERS(S32("a"), S32("b")),
		.in = { MINUS(2), 2 },
		.out = { MINUS(2), 2 },
	},
	{
		.name = "a number that a narrower field has room for is the same number",
		.from = MEMBERS(U64("a")),
		.to = MEMBERS(U32("a")),
		.in = { MOST32 },
		.out = { MOST32 },
	},
	{
		.name = "a number that a narrower field has no room for is held at the largest",
		.from = MEMBERS(U64("a"), U32("b")),
		.to = MEMBERS(U32("a"), U8("b")),
		.in = { MOST32 + 1, 256 },
		.out = { MOST32, 255 },
		.held = true,
	},
	{
		.name = "a number below zero is held at the smallest",
		.from = MEMBERS(S32("a"), S32("b"), S32("c")),
		.to = MEMBERS(S16("a"), U16("b"), S16("c")),
		.in = { MINUS(40000), MINUS(1), 40000 },
		.out = { MINUS(32768), 0, 32767 },
		.held = true,
	},
	{
		.name = "a time in a narrower field keeps its low bits, as it is counted round",
		.from = MEMBERS(U32("seen"), U32("opened")),
		.to = MEMBERS(U16("seen"), U16("opened")),
		.in = { 0x12345, 0x3fffe },
		.out = { 0x2345, 0xfffe },
	},
	{
		.name = "what is beyond the end of a shorter array is dropped",
		.from = MEMBERS(U32S("a", 4), U32("b")),
		.to = MEMBERS(U32S("a", 2), U32("b")),
		.in = { 1, 2, 3, 4, 5 },
		.out = { 1, 2, 5 },
		.added_or_removed = true,
	},
	{
		.name = "what is beyond the end of the array before is zero",
		.from = MEMBERS(U32S("a", 2), U32("b")),
		.to = MEMBERS(U32S("a", 4), U32("b")),
		.in = { 1, 2, 5 },
		.out = { 1, 2, 0, 0, 5 },
		.added_or_removed = true,
	},
	{
		.name = "a field of a structure in the structure is found by its path",
		.from = MEMBERS(STRUCT("x", U32("n"), U32("m")), STRUCT("y", U32("n"))),
		.to = MEMBERS(STRUCT("y", U32("n")), STRUCT("x", U32("m"), U64("n"))),
		.in = { 1, 2, 3 },
		.out = { 3, 2, 1 },
	},
	{
		.name = "a field that goes into a structure, or out of one, is found by its name",
		.from = MEMBERS(U32("a"), STRUCT("x", U32("b"))),
		.to = MEMBERS(STRUCT("y", U32("a")), U32("b")),
		.in = { 1, 2 },
		.out = { 1, 2 },
	},
	{
		.name = "an array of structures becomes a structure of arrays, by name and index",
		.from = MEMBERS(STRUCTS("counts", 2, U64("packets"), U64("bytes"))),
		.to = MEMBERS(U32S("bytes", 2), U32S("packets", 2)),
		.in = { 1, 10, 2, 20 },
		.out = { 10, 20, 1, 2 },
	},
	{
		.name = "a name that two structures have is not taken for another's",
		.from = MEMBERS(STRUCT("x", U32("n")), STRUCT("y", U32("n"))),
		.to = MEMBERS(U32("n")),
		.in = { 1, 2 },
		.out = { 0 },
		.added_or_removed = true,
	},
	{
		.name = "what is in a structure without a name is as if it were outside",
		.from = MEMBERS(U32("a"), STRUCT("", U32("b"), U32("c"))),
		.to = MEMBERS(U32("b"), U32("a"), U32("c")),
		.in = { 1, 2, 3 },
		.out = { 2, 1, 3 },
	},
	{
		.name = "bit fields move like others",
		.from = MEMBERS(BITS("a", 3), BITS("b", 13), BITS("c", 16)),
		.to = MEMBERS(BITS("b", 13), BITS("c", 16), BITS("a", 3)),
		.in = { 5, 8191, 40000 },
		.out = { 8191, 40000, 5 },
	},
	{
		.name = "a field becomes a bit field, and is held at its largest",
		.from = MEMBERS(U32("a"), U32("b"), U8("c")),
		.to = MEMBERS(BITS("c", 4), BITS("a", 20), BITS("b", 8)),
		.in = { 1 << 20, 255, 3 },
		.out = { 3, (1 << 20) - 1, 255 },
		.held = true,
	},
	{
		.name = "a bit field becomes a field",
		.from = MEMBERS(BITS("a", 3), BITS("b", 13)),
		.to = MEMBERS(U16("b"), U64("a")),
		.in = { 6, 8000 },
		.out = { 8000, 6 },
	},
	{
		.name = "a union that is the same is kept whole",
		.from = MEMBERS(UNION("u", U32("a"), U64("b")), U32("c")),
		.to = MEMBERS(U64("c"), UNION("u", U32("a"), U64("b"))),
		.in = { 0x123456789aull, 2 },
		.out = { 2, 0x123456789aull },
	},
	{
		.name = "of a union that has changed nothing is kept",
		.from = MEMBERS(UNION("u", U32("a"), U64("b")), U32("c")),
		.to = MEMBERS(UNION("u", U64("a"), U64("b")), U32("c")),
		.in = { 1, 2 },
		.out = { 0, 2 },
		.added_or_removed = true,
	},
	{
		.name = "an enumerator more changes nothing",
		.from = MEMBERS(ENUM("state", "NEW", "OPEN")),
		.to = MEMBERS(ENUM("state", "NEW", "OPEN", "CLOSED")),
		.in = { 1 },
		.out = { 1 },
		.same = true,
	},
	{
		.name = "an enumerator that has another number is refused",
		.from = MEMBERS(ENUM("state", "NEW", "OPEN")),
		.to = MEMBERS(ENUM("state", "NEW", "HALF", "OPEN")),
		.refused = -ENOTSUP,
	},
	{
		.name = "a number where a structure was is another thing",
		.from = MEMBERS(STRUCT("a", U32("x")), U32("b")),
		.to = MEMBERS(U32("a"), U32("b")),
		.in = { 1, 2 },
		.out = { 0, 2 },
		.added_or_removed = true,
	},
};

static void put_numbers(const layout_fields *fields, const uint64_t *numbers, char *entry)
{
	for (size_t i = 0; i < fields->n; i++)
		for (uint32_t bit = 0; bit < fields->items[i].bits; bit++)
			if (numbers[i] >> bit & 1)
				entry[(fields->items[i].bit + bit) / 8] |= 1 << (fields->items[i].bit + bit) % 8;
}

static void an_entry_is_carried(void **state)
{
	const struct row *row = *state;
	struct btf *from = btf__new_empty(), *to = btf__new_empty();
	const int from_type = btf_structure(from, row->from, false), to_type = btf_structure(to, row->to, false);
	char before[128] = {}, expected[128] = {}, now[128] = {};
	layout_fields old = {}, new = {};
	struct layout_plan plan = {};

	assert_int_equal(layout_plan_make(from, from_type, to, to_type, &plan), row->refused);
	if (!row->refused) {
		assert_int_equal(layout_fields_list(from, from_type, &old), 0);
		assert_int_equal(layout_fields_list(to, to_type, &new), 0);
		put_numbers(&old, row->in, before);
		put_numbers(&new, row->out, expected);
		assert_int_equal(layout_apply(&plan, before, now), !row->held);
		assert_memory_equal(now, expected, sizeof(now));
		assert_int_equal(plan.same, row->same);
		assert_int_equal(plan.one_to_one, !row->added_or_removed);
		assert_int_equal(plan.from_size, btf__resolve_size(from, from_type));
		assert_int_equal(plan.to_size, btf__resolve_size(to, to_type));
	}
	layout_plan_free(&plan);
	layout_fields_free(&old);
	layout_fields_free(&new);
	btf__free(from);
	btf__free(to);
}

/* --- which of two is the later one --- */

struct race {
	const char *name;
	const struct member *from, *to;
	uint64_t theirs, ours;
	bool later;
};

static const struct race races[] = {
	{ "the entry that was seen later is later", MEMBERS(U32("seen")), MEMBERS(U32("seen")), 8, 7, true },
	{ "of two that were seen at once neither is later", MEMBERS(U32("seen")), MEMBERS(U32("seen")), 7, 7, false },
	{ "ticks that wrap are later", MEMBERS(U32("seen")), MEMBERS(U32("seen")), 3, MOST32 - 3, true },
	{ "a narrower clock is compared by what both have", MEMBERS(U32("seen")), MEMBERS(U16("seen")), 0x10003, 0xfffe,
	  true },
	{ "so is a wider one", MEMBERS(U16("seen")), MEMBERS(U32("seen")), 0xfffe, 0x10003, false },
	{ "the emptier bucket is the later one", MEMBERS(U64("tat")), MEMBERS(U64("tat")), 1ull << 40, 1, true },
	{ "without a clock nothing is later", MEMBERS(U32("count")), MEMBERS(U32("count")), 8, 7, false },
	{ "a clock that only one has is none", MEMBERS(U32("last")), MEMBERS(U32("seen")), 8, 7, false },
};

static void one_of_two_is_later(void **state)
{
	const struct race *race = *state;
	struct btf *from = btf__new_empty(), *to = btf__new_empty();
	struct layout_plan plan = {};

	assert_int_equal(layout_plan_make(from, btf_structure(from, race->from, false), to,
					  btf_structure(to, race->to, false), &plan),
			 0);
	assert_int_equal(layout_is_later(&plan, &race->theirs, &race->ours), race->later);
	layout_plan_free(&plan);
	btf__free(from);
	btf__free(to);
}

/* --- where fields are --- */

static void fields_are_listed_with_paths_names_and_bits(void **state)
{
	static const struct {
		const char *path, *name;
		uint32_t bit, bits;
	} expected[] = {
		{ "a", "a", 0, 8 },
		{ "ends[0].next", "next[0]", 64, 32 },
		{ "ends[0].flags", "flags[0]", 96, 3 },
		{ "ends[1].next", "next[1]", 128, 32 },
		{ "ends[1].flags", "flags[1]", 160, 3 },
		{ "inner", "inner", 192, 32 },
	};
	struct btf *btf = btf__new_empty();
	layout_fields fields = {};
	const int type = btf_structure(
		btf, MEMBERS(U8("a"), STRUCTS("ends", 2, U32("next"), BITS("flags", 3)), STRUCT("", U32("inner"))),
		false);

	assert_int_equal(layout_fields_list(btf, type, &fields), 0);
	assert_int_equal(fields.n, sizeof(expected) / sizeof(*expected));
	for (size_t i = 0; i < fields.n; i++) {
		assert_string_equal(fields.items[i].path, expected[i].path);
		assert_string_equal(fields.items[i].name, expected[i].name);
		assert_int_equal(fields.items[i].bit, expected[i].bit);
		assert_int_equal(fields.items[i].bits, expected[i].bits);
	}
	layout_fields_free(&fields);
	btf__free(btf);
}

static void a_type_that_contains_a_pointer_is_refused(void **state)
{
	struct btf *btf = btf__new_empty();
	const int pointer = btf__add_ptr(btf, 0), type = btf__add_struct(btf, "", 8);
	struct layout_plan plan;

	assert_int_equal(btf__add_field(btf, "next", pointer, 0, 0), 0);
	assert_int_equal(layout_plan_make(btf, type, btf, type, &plan), -ENOTSUP);
	btf__free(btf);
}

static void a_map_is_found_by_the_name_of_its_pin(void **state)
{
	struct btf *btf = btf__new_empty();
	const int key = btf_structure(btf, MEMBERS(U32("k")), false),
		  value = btf_structure(btf, MEMBERS(U32("v")), false);
	uint32_t found_key, found_value;

	btf_map(btf, "flows", key, value);
	const int variable = btf__add_var(btf, "weir_control", BTF_VAR_GLOBAL_ALLOCATED, value);
	const int section = btf__add_datasec(btf, ".data.control", 8);
	assert_int_equal(btf__add_datasec_var_info(btf, variable, 0, 8), 0);

	assert_int_equal(layout_of_map(btf, "flows", &found_key, &found_value), 0);
	assert_int_equal(found_key, key);
	assert_int_equal(found_value, value);
	assert_int_equal(layout_of_map(btf, "control", &found_key, &found_value), 0);
	assert_int_equal(found_key, 0);
	assert_int_equal(found_value, section);
	assert_int_equal(layout_of_map(btf, "flow", &found_key, &found_value), -ENOENT);
	btf__free(btf);
}

#define N(array) (sizeof(array) / sizeof(*(array)))

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(fields_are_listed_with_paths_names_and_bits),
		cmocka_unit_test(a_type_that_contains_a_pointer_is_refused),
		cmocka_unit_test(a_map_is_found_by_the_name_of_its_pin),
	};
	struct CMUnitTest tests[N(rows) + N(races) + N(others)] = {};
	size_t n = 0;

	for (size_t i = 0; i < N(rows); i++)
		tests[n++] = (struct CMUnitTest){ rows[i].name, an_entry_is_carried, NULL, NULL, (void *)&rows[i] };
	for (size_t i = 0; i < N(races); i++)
		tests[n++] = (struct CMUnitTest){ races[i].name, one_of_two_is_later, NULL, NULL, (void *)&races[i] };
	for (size_t i = 0; i < N(others); i++)
		tests[n++] = others[i];
	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
