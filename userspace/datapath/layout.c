// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "datapath/layout_fields.h"

#define MAPS_SECTION ".maps"
#define DATA_PREFIX  ".data."
#define WORD_BITS    64

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bit n of a number is bit n of where it begins");

struct side {
	const struct btf *btf;
	layout_fields fields;
};

/* --- which field is which --- */

/* The only one of that name. */
static const struct layout_field *only_named(const struct side *side, const char *name)
{
	const struct layout_field *found = NULL;

	vec_for_each (field, &side->fields) {
		if (strcmp(field->name, name) != 0)
			continue;
		if (found)
			return NULL;
		found = field;
	}
	return found;
}

/* What a field of one side is on the other; NULL: there is no such thing. */
static const struct layout_field *counterpart(const struct side *own, const struct layout_field *field,
					      const struct side *other)
{
	vec_for_each (its, &other->fields)
		if (strcmp(its->path, field->path) == 0)
			return its;
	return only_named(own, field->name) ? only_named(other, field->name) : NULL;
}

static bool same_bits(const struct layout_field *a, const struct layout_field *b)
{
	return a->bit == b->bit && a->bits == b->bits && a->is_signed == b->is_signed && a->is_union == b->is_union;
}

static bool same_fields(const layout_fields *a, const layout_fields *b)
{
	for (size_t i = 0; a->n == b->n && i < a->n; i++)
		if (strcmp(a->items[i].path, b->items[i].path) != 0 || !same_bits(&a->items[i], &b->items[i]))
			return false;
	return a->n == b->n;
}

static bool same_union(const struct side *from, uint32_t theirs, const struct side *to, uint32_t ours)
{
	layout_fields old = {}, new = {};
	const bool same = layout_fields_list(from->btf, theirs, &old) == 0 &&
			  layout_fields_list(to->btf, ours, &new) == 0 && same_fields(&old, &new);

	layout_fields_free(&old);
	layout_fields_free(&new);
	return same;
}

/* *ret_name: of enumerator n. */
static int64_t enumerator(const struct btf *btf, const struct btf_type *type, unsigned n, const char **ret_name)
{
	if (btf_is_enum64(type)) {
		*ret_name = btf__name_by_offset(btf, btf_enum64(type)[n].name_off);
		return btf_enum64_value(&btf_enum64(type)[n]);
	}
	*ret_name = btf__name_by_offset(btf, btf_enum(type)[n].name_off);
	return btf_enum(type)[n].val;
}

static bool same_enumerators(const struct side *from, uint32_t theirs, const struct side *to, uint32_t ours)
{
	const struct btf_type *old = btf__type_by_id(from->btf, theirs), *new = btf__type_by_id(to->btf, ours);

	for (unsigned i = 0; i < btf_vlen(old); i++)
		for (unsigned j = 0; j < btf_vlen(new); j++) {
			const char *before, *now;
			const int64_t was = enumerator(from->btf, old, i, &before);
			const int64_t is = enumerator(to->btf, new, j, &now);

			if (strcmp(before, now) == 0 && was != is)
				return false;
		}
	return true;
}

/* --- the plan --- */

/* Only the distance between two of them says something, so that the low bits are what counts. */
static bool wraps(const char *name)
{
	static const char *const round[] = { "seen", "opened", "tat" };

	for (size_t i = 0; i < ARRAY_SIZE(round); i++)
		if (strcmp(name, round[i]) == 0)
			return true;
	return false;
}

static bool fits_a_word(uint32_t bit, uint32_t bits)
{
	return bit % 8 + bits <= WORD_BITS;
}

static bool is_bytes(const struct layout_run *run)
{
	return run->from_bits == run->to_bits && (run->from | run->to | run->to_bits) % 8 == 0;
}

/* *ret: how it is carried. False: one is not what the other is, as if only one had it. */
static bool run_between(const struct side *from, const struct layout_field *old, const struct side *to,
			const struct layout_field *new, struct layout_run *ret)
{
	const struct layout_run run = {
		.from = old->bit,
		.from_bits = old->bits,
		.to = new->bit,
		.to_bits = new->bits,
		.from_signed = old->is_signed,
		.to_signed = new->is_signed,
		.wraps = wraps(new->name),
		.counts = strncmp(new->name, "packets", strlen("packets")) == 0,
	};

	if (old->is_union != new->is_union || (new->is_union && !same_union(from, old->type, to, new->type)))
		return false;
	if (!is_bytes(&run) && !(fits_a_word(run.from, run.from_bits) && fits_a_word(run.to, run.to_bits)))
		return false;
	*ret = run;
	return true;
}

static int match(const struct side *from, const struct side *to, struct layout_plan *plan)
{
	vec_for_each (new, &to->fields) {
		const struct layout_field *old = counterpart(to, new, from);
		struct layout_run run;

		if (old && old->type && new->type && !old->is_union && !new->is_union &&
		    !same_enumerators(from, old->type, to, new->type))
			return -ENOTSUP;
		if (!old || !run_between(from, old, to, new, &run)) {
			plan->same = false;
			plan->one_to_one &= layout_field_is_padding(new);
			continue;
		}
		if (strcmp(old->path, new->path) != 0 || !same_bits(old, new))
			plan->same = false;
		vec_push(&plan->runs, run);
	}
	vec_for_each (old, &from->fields)
		if (!layout_field_is_padding(old) && !counterpart(from, old, to))
			plan->one_to_one = false;
	return 0;
}

/* Flows and the like say when they were seen last, buckets when the next packet conforms. */
static void find_clock(struct layout_plan *plan, const struct side *to)
{
	static const char *const clocks[] = { "seen", "tat" };

	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++)
		vec_for_each (field, &to->fields) {
			if (strcmp(field->path, clocks[i]) != 0)
				continue;
			vec_for_each (run, &plan->runs)
				if (run->to == field->bit)
					plan->clock = *run;
			if (plan->clock.to_bits)
				return;
		}
}

static int make(const struct side *from, const struct side *to, struct layout_plan *plan)
{
	int r = match(from, to, plan);

	if (r < 0)
		return r;
	if (plan->from_size != plan->to_size || from->fields.n != to->fields.n)
		plan->same = false;
	find_clock(plan, to);
	return 0;
}

int layout_plan_make(const struct btf *from, uint32_t from_type, const struct btf *to, uint32_t to_type,
		     struct layout_plan *ret)
{
	const int64_t from_size = btf__resolve_size(from, from_type), to_size = btf__resolve_size(to, to_type);
	struct layout_plan plan = { .from_size = from_size, .to_size = to_size, .same = true, .one_to_one = true };
	struct side old = { .btf = from }, new = { .btf = to };
	int r;

	if (from_size < 0 || to_size < 0)
		return -ENOTSUP;
	r = layout_fields_list(from, from_type, &old.fields) ?: layout_fields_list(to, to_type, &new.fields);
	r = r ?: make(&old, &new, &plan);
	layout_fields_free(&old.fields);
	layout_fields_free(&new.fields);
	if (r < 0)
		layout_plan_free(&plan);
	else
		*ret = plan;
	return r;
}

void layout_plan_free(struct layout_plan *plan)
{
	vec_free(&plan->runs);
}

/* --- the types of a map --- */

/* The type of what has that name in a structure, or among the variables of a section; NULL: nothing has. */
static const struct btf_type *member_type(const struct btf *btf, const struct btf_type *of, const char *name)
{
	for (unsigned n = 0; n < btf_vlen(of); n++) {
		const struct btf_type *member =
			btf_is_datasec(of) ? btf__type_by_id(btf, btf_var_secinfos(of)[n].type) : NULL;
		const uint32_t named = member ? member->name_off : btf_members(of)[n].name_off;

		if (strcmp(btf__name_by_offset(btf, named), name) == 0)
			return btf__type_by_id(btf, member ? member->type : btf_members(of)[n].type);
	}
	return NULL;
}

static uint32_t pointed_to(const struct btf *btf, const struct btf_type *definition, const char *member)
{
	const struct btf_type *found = member_type(btf, definition, member);

	return found && btf_is_ptr(found) ? found->type : 0;
}

int layout_of_map(const struct btf *btf, const char *name, uint32_t *ret_key, uint32_t *ret_value)
{
	char section[64];
	int id = btf__find_by_name_kind(btf, MAPS_SECTION, BTF_KIND_DATASEC);
	const struct btf_type *map = id > 0 ? member_type(btf, btf__type_by_id(btf, id), name) : NULL;

	if (map && btf_is_struct(map)) {
		*ret_key = pointed_to(btf, map, "key");
		*ret_value = pointed_to(btf, map, "value");
		return 0;
	}
	snprintf(section, sizeof(section), DATA_PREFIX "%s", name);
	id = btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC);
	if (id <= 0)
		return -ENOENT;
	*ret_key = 0;
	*ret_value = id;
	return 0;
}

/* --- values --- */

static uint64_t low_bits(uint32_t bits)
{
	return bits >= WORD_BITS ? UINT64_MAX : (1ull << bits) - 1;
}

static uint64_t read_number(const void *at, uint32_t bit, uint32_t bits)
{
	uint64_t word = 0;

	memcpy(&word, (const char *)at + bit / 8, (bit % 8 + bits + 7) / 8);
	return word >> bit % 8 & low_bits(bits);
}

static void write_number(void *at, uint32_t bit, uint32_t bits, uint64_t number)
{
	const uint64_t mask = low_bits(bits) << bit % 8;
	const size_t bytes = (bit % 8 + bits + 7) / 8;
	uint64_t word = 0;

	memcpy(&word, (char *)at + bit / 8, bytes);
	word = (word & ~mask) | (number << bit % 8 & mask);
	memcpy((char *)at + bit / 8, &word, bytes);
}

static uint64_t sign_extend(uint64_t number, uint32_t bits)
{
	return (uint64_t)((int64_t)(number << (WORD_BITS - bits)) >> (WORD_BITS - bits));
}

/* What there is room for: the nearest. */
static uint64_t held(const struct layout_run *run, uint64_t number)
{
	const uint64_t largest = low_bits(run->to_bits - run->to_signed);

	if (run->from_signed && (int64_t)number < 0) {
		const uint64_t smallest = run->to_signed ? ~largest : 0;

		return (int64_t)number < (int64_t)smallest ? smallest : number;
	}
	return number > largest ? largest : number;
}

static bool apply_run(const struct layout_run *run, const void *from, void *to)
{
	uint64_t number, fits;

	if (is_bytes(run)) {
		memcpy((char *)to + run->to / 8, (const char *)from + run->from / 8, run->to_bits / 8);
		return true;
	}
	number = read_number(from, run->from, run->from_bits);
	if (run->from_signed)
		number = sign_extend(number, run->from_bits);
	fits = run->wraps ? number : held(run, number);
	write_number(to, run->to, run->to_bits, fits);
	return fits == number;
}

bool layout_apply(const struct layout_plan *plan, const void *from, void *to)
{
	bool whole = true;

	vec_for_each (run, &plan->runs)
		whole &= apply_run(run, from, to);
	return whole;
}

void layout_keep_larger(const struct layout_plan *plan, const void *other, void *to)
{
	vec_for_each (run, &plan->runs) {
		if (!fits_a_word(run->to, run->to_bits))
			continue;
		const uint64_t its = read_number(other, run->to, run->to_bits);

		if (its > read_number(to, run->to, run->to_bits))
			write_number(to, run->to, run->to_bits, its);
	}
}

static bool has_counted_more(const struct layout_plan *plan, const void *from, const void *to)
{
	uint64_t theirs = 0, ours = 0;

	vec_for_each (run, &plan->runs) {
		if (!run->counts)
			continue;
		theirs += read_number(from, run->from, run->from_bits);
		ours += read_number(to, run->to, run->to_bits);
	}
	return theirs > ours;
}

/* They are counted round, so that the shorter one says which is later. */
bool layout_is_later(const struct layout_plan *plan, const void *from, const void *to)
{
	const struct layout_run *clock = &plan->clock;
	const uint32_t bits = clock->from_bits < clock->to_bits ? clock->from_bits : clock->to_bits;
	int64_t ahead;

	if (!bits)
		return false;
	ahead = (int64_t)((read_number(from, clock->from, clock->from_bits) -
			   read_number(to, clock->to, clock->to_bits))
			  << (WORD_BITS - bits));
	return ahead > 0 || (ahead == 0 && has_counted_more(plan, from, to));
}
