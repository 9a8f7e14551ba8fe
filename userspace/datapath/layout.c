// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAPS_SECTION ".maps"
#define DATA_PREFIX  ".data."
#define DEPTH_MAX    8

/* One side of what is compared. */
struct part {
	const struct btf *btf;
	const struct btf_type *type; /* without typedef, const and volatile */
	uint32_t at;		     /* bytes from the beginning */
};

static struct part part_of(const struct btf *btf, uint32_t id, uint32_t at)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = btf__type_by_id(btf, type->type);
	return (struct part){ btf, type, at };
}

static uint32_t size_of(const struct part *part)
{
	if (btf_is_array(part->type)) {
		const struct btf_array *array = btf_array(part->type);
		const struct part item = part_of(part->btf, array->type, 0);

		return item.type ? size_of(&item) * array->nelems : 0;
	}
	return btf_is_ptr(part->type) ? (uint32_t)sizeof(uint64_t) : part->type->size;
}

static bool is_number(const struct part *part)
{
	return btf_is_int(part->type) || btf_is_any_enum(part->type);
}

/* A section of global data is a structure whose members are its variables. */
static bool has_members(const struct part *part)
{
	return btf_is_struct(part->type) || btf_is_datasec(part->type);
}

struct member {
	const char *name;
	struct part part;
};

static bool nth_member(const struct part *of, unsigned n, struct member *ret)
{
	if (btf_is_datasec(of->type)) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(of->type)[n];
		const struct btf_type *var = btf__type_by_id(of->btf, info->type);

		*ret = (struct member){ btf__name_by_offset(of->btf, var->name_off),
					part_of(of->btf, var->type, of->at + info->offset) };
	} else {
		const struct btf_member *member = &btf_members(of->type)[n];

		if (btf_member_bitfield_size(of->type, n))
			return false;
		*ret = (struct member){ btf__name_by_offset(of->btf, member->name_off),
					part_of(of->btf, member->type,
						of->at + btf_member_bit_offset(of->type, n) / 8) };
	}
	return ret->name && ret->part.type;
}

static bool find_member(const struct part *of, const char *name, struct member *ret)
{
	for (unsigned n = 0; n < btf_vlen(of->type); n++)
		if (nth_member(of, n, ret) && strcmp(ret->name, name) == 0)
			return true;
	return false;
}

/* Neighbours are copied as one. */
static void add_run(struct layout_plan *plan, struct layout_run run)
{
	struct layout_run *last = plan->runs.n ? &plan->runs.items[plan->runs.n - 1] : NULL;

	if (run.from != run.to || run.from_size != run.to_size)
		plan->same = false;
	if (last && last->from_size == last->to_size && run.from_size == run.to_size &&
	    last->from + last->from_size == run.from && last->to + last->to_size == run.to) {
		last->from_size += run.from_size;
		last->to_size += run.to_size;
	} else {
		vec_push(&plan->runs, run);
	}
}

static int match(struct layout_plan *plan, const struct part *from, const struct part *to, int depth);

static int match_members(struct layout_plan *plan, const struct part *from, const struct part *to, int depth)
{
	if (btf_vlen(from->type) != btf_vlen(to->type))
		plan->same = false;
	for (unsigned n = 0; n < btf_vlen(to->type); n++) {
		struct member ours, theirs;
		int r = 0;

		if (!nth_member(to, n, &ours))
			return -ENOTSUP;
		if (find_member(from, ours.name, &theirs))
			r = match(plan, &theirs.part, &ours.part, depth + 1);
		else
			plan->same = false;
		if (r < 0)
			return r;
	}
	return 0;
}

static int match_items(struct layout_plan *plan, const struct part *from, const struct part *to, int depth)
{
	const struct btf_array *theirs = btf_array(from->type), *ours = btf_array(to->type);
	const uint32_t n = theirs->nelems < ours->nelems ? theirs->nelems : ours->nelems;
	int r = 0;

	if (theirs->nelems != ours->nelems)
		plan->same = false;
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		struct part old = part_of(from->btf, theirs->type, from->at),
			    new = part_of(to->btf, ours->type, to->at);

		if (!old.type || !new.type)
			return -ENOTSUP;
		old.at += i * size_of(&old);
		new.at += i *size_of(&new);
		r = match(plan, &old, &new, depth + 1);
	}
	return r;
}

static int match(struct layout_plan *plan, const struct part *from, const struct part *to, int depth)
{
	const struct layout_run run = { from->at, size_of(from), to->at, size_of(to) };

	if (depth > DEPTH_MAX)
		return -ENOTSUP;
	if (has_members(from) && has_members(to))
		return match_members(plan, from, to, depth);
	if (btf_is_array(from->type) && btf_is_array(to->type))
		return match_items(plan, from, to, depth);
	if (is_number(from) && is_number(to) && run.from_size <= 8 && run.to_size <= 8)
		add_run(plan, run);
	else
		plan->same = false; /* one is not what the other is: as if only one had it */
	return 0;
}

/* Flows and the like say when they were seen last, buckets when the next packet conforms. */
static void find_clock(struct layout_plan *plan, const struct part *from, const struct part *to)
{
	static const char *const clocks[] = { "seen", "tat" };
	struct member old, new;

	for (size_t i = 0; i < ARRAY_SIZE(clocks) && has_members(from) && has_members(to); i++) {
		if (!find_member(from, clocks[i], &old) || !find_member(to, clocks[i], &new))
			continue;
		if (!is_number(&old.part) || size_of(&old.part) != size_of(&new.part))
			continue;
		plan->clock = (struct layout_run){ old.part.at, size_of(&old.part), new.part.at, size_of(&new.part) };
		return;
	}
}

int layout_plan_make(const struct btf *from, uint32_t from_type, const struct btf *to, uint32_t to_type,
		     struct layout_plan *ret)
{
	const struct part old = part_of(from, from_type, 0), new = part_of(to, to_type, 0);
	struct layout_plan plan = { .same = true };
	int r;

	if (!old.type || !new.type)
		return -ENOTSUP;
	plan.from_size = size_of(&old);
	plan.to_size = size_of(&new);
	if (plan.from_size != plan.to_size)
		plan.same = false;
	r = match(&plan, &old, &new, 0);
	if (r < 0) {
		layout_plan_free(&plan);
		return r;
	}
	find_clock(&plan, &old, &new);
	*ret = plan;
	return 0;
}

void layout_plan_free(struct layout_plan *plan)
{
	vec_free(&plan->runs);
}

/* --- the types of a map --- */

static uint32_t pointed_to(const struct part *definition, const char *member)
{
	struct member found;

	return find_member(definition, member, &found) && btf_is_ptr(found.part.type) ? found.part.type->type : 0;
}

int layout_of_map(const struct btf *btf, const char *name, uint32_t *ret_key, uint32_t *ret_value)
{
	char section[64];
	int id = btf__find_by_name_kind(btf, MAPS_SECTION, BTF_KIND_DATASEC);
	struct member map;

	if (id > 0) {
		const struct part maps = part_of(btf, id, 0);

		if (find_member(&maps, name, &map) && btf_is_struct(map.part.type)) {
			*ret_key = pointed_to(&map.part, "key");
			*ret_value = pointed_to(&map.part, "value");
			return 0;
		}
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

static uint64_t read_number(const void *at, uint32_t size)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (size) {
	case sizeof(u8):
		memcpy(&u8, at, sizeof(u8));
		return u8;
	case sizeof(u16):
		memcpy(&u16, at, sizeof(u16));
		return u16;
	case sizeof(u32):
		memcpy(&u32, at, sizeof(u32));
		return u32;
	default:
		memcpy(&u64, at, sizeof(u64));
		return u64;
	}
}

static void write_number(void *at, uint32_t size, uint64_t number)
{
	const uint64_t largest = size >= sizeof(number) ? UINT64_MAX : (1ull << size * 8) - 1;
	const uint64_t held = number > largest ? largest : number;
	const uint8_t u8 = held;
	const uint16_t u16 = held;
	const uint32_t u32 = held;

	switch (size) {
	case sizeof(u8):
		memcpy(at, &u8, sizeof(u8));
		break;
	case sizeof(u16):
		memcpy(at, &u16, sizeof(u16));
		break;
	case sizeof(u32):
		memcpy(at, &u32, sizeof(u32));
		break;
	default:
		memcpy(at, &held, sizeof(held));
		break;
	}
}

void layout_apply(const struct layout_plan *plan, const void *from, void *to)
{
	vec_for_each (run, &plan->runs) {
		if (run->from_size == run->to_size)
			memcpy((char *)to + run->to, (const char *)from + run->from, run->to_size);
		else
			write_number((char *)to + run->to, run->to_size,
				     read_number((const char *)from + run->from, run->from_size));
	}
}

bool layout_is_later(const struct layout_plan *plan, const void *from, const void *to)
{
	const struct layout_run *clock = &plan->clock;

	if (!clock->to_size)
		return false;
	const uint64_t theirs = read_number((const char *)from + clock->from, clock->from_size);
	const uint64_t ours = read_number((const char *)to + clock->to, clock->to_size);

	/* Ticks wrap. */
	return clock->to_size == sizeof(uint32_t) ? (int32_t)(uint32_t)(theirs - ours) > 0
						  : (int64_t)(theirs - ours) > 0;
}
