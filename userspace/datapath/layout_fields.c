// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/layout_fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define DEPTH_MAX  8
#define FIELDS_MAX 4096

struct listing {
	const struct btf *btf;
	layout_fields fields;
};

/* Where in the type it is. */
struct place {
	const char *path, *name, *indexes; /* "" outside of all */
	uint32_t bit, bits;		   /* bits: of a bit field; else 0 */
	int depth;
};

static int list_type(struct listing *listing, uint32_t id, const struct place *place);

/* Without typedef, const and volatile; 0: no type. */
static uint32_t bare(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	for (int i = 0; type && (btf_is_mod(type) || btf_is_typedef(type)); i++) {
		if (i == DEPTH_MAX)
			return 0;
		id = type->type;
		type = btf__type_by_id(btf, id);
	}
	return type ? id : 0;
}

static int add_number(struct listing *listing, uint32_t id, const struct place *place)
{
	const struct btf_type *type = btf__type_by_id(listing->btf, id);
	const bool enumerated = btf_is_any_enum(type), whole = btf_is_union(type);

	if (listing->fields.n == FIELDS_MAX)
		return -ENOTSUP;
	const struct layout_field field = {
		.path = xstrdup(place->path),
		.name = xasprintf("%s%s", place->name, place->indexes),
		.bit = place->bit,
		.bits = place->bits ?: type->size * 8,
		.type = enumerated || whole ? id : 0,
		.is_signed = btf_is_int(type) ? btf_int_encoding(type) & BTF_INT_SIGNED : enumerated && btf_kflag(type),
		.is_union = whole,
	};
	vec_push(&listing->fields, field);
	return 0;
}

/* What has no name of its own is as if its members were of what it is in. */
static int list_member(struct listing *listing, uint32_t id, const char *name, const struct place *place)
{
	const bool named = name && *name;
	_cleanup_free_ char *path = NULL;
	struct place member = *place;

	path = xasprintf("%s%s%s", place->path, *place->path && named ? "." : "", named ? name : "");
	member.path = path;
	member.name = named ? name : place->name;
	return list_type(listing, id, &member);
}

static int list_members(struct listing *listing, const struct btf_type *type, const struct place *place)
{
	int r = 0;

	for (unsigned n = 0; r == 0 && n < btf_vlen(type); n++) {
		const struct btf_member *member = &btf_members(type)[n];
		struct place at = *place;

		at.bit += btf_member_bit_offset(type, n);
		at.bits = btf_member_bitfield_size(type, n);
		r = list_member(listing, member->type, btf__name_by_offset(listing->btf, member->name_off), &at);
	}
	return r;
}

static int list_variables(struct listing *listing, const struct btf_type *section, const struct place *place)
{
	int r = 0;

	for (unsigned n = 0; r == 0 && n < btf_vlen(section); n++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(section)[n];
		const struct btf_type *variable = btf__type_by_id(listing->btf, info->type);
		struct place at = *place;

		at.bit += info->offset * 8;
		r = list_member(listing, variable->type, btf__name_by_offset(listing->btf, variable->name_off), &at);
	}
	return r;
}

static int list_items(struct listing *listing, const struct btf_type *type, const struct place *place)
{
	const struct btf_array *array = btf_array(type);
	const int64_t size = btf__resolve_size(listing->btf, array->type);
	int r = size < 0 ? -ENOTSUP : 0;

	for (uint32_t i = 0; r == 0 && i < array->nelems; i++) {
		_cleanup_free_ char *path = xasprintf("%s[%u]", place->path, i);
		_cleanup_free_ char *indexes = xasprintf("%s[%u]", place->indexes, i);
		struct place at = *place;

		at.path = path;
		at.indexes = indexes;
		at.bit += i * size * 8;
		r = list_type(listing, array->type, &at);
	}
	return r;
}

static int list_type(struct listing *listing, uint32_t id, const struct place *place)
{
	struct place in = *place;

	id = bare(listing->btf, id);
	const struct btf_type *type = id ? btf__type_by_id(listing->btf, id) : NULL;
	if (!type || ++in.depth > DEPTH_MAX)
		return -ENOTSUP;
	if (btf_is_struct(type) || (btf_is_union(type) && place->depth == 0))
		return list_members(listing, type, &in);
	if (btf_is_datasec(type))
		return list_variables(listing, type, &in);
	if (btf_is_array(type))
		return list_items(listing, type, &in);
	if (btf_is_int(type) || btf_is_any_enum(type) || btf_is_union(type))
		return add_number(listing, id, &in);
	return -ENOTSUP;
}

int layout_fields_list(const struct btf *btf, uint32_t type, layout_fields *ret)
{
	const struct place everything = { .path = "", .name = "", .indexes = "" };
	struct listing listing = { .btf = btf };
	int r = list_type(&listing, type, &everything);

	if (r < 0)
		layout_fields_free(&listing.fields);
	else
		*ret = listing.fields;
	return r;
}

void layout_fields_free(layout_fields *fields)
{
	vec_for_each (field, fields) {
		free(field->path);
		free(field->name);
	}
	vec_free(fields);
}

bool layout_field_is_padding(const struct layout_field *field)
{
	return strncmp(field->name, "pad", strlen("pad")) == 0 ||
	       strncmp(field->name, "reserved", strlen("reserved")) == 0;
}
