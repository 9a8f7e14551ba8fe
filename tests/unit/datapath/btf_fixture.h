/* SPDX-License-Identifier: BSD-2-Clause */
/* Layouts made up for a test: BTF of structures that are written down as tables. */
#ifndef TESTS_UNIT_DATAPATH_BTF_FIXTURE_H
#define TESTS_UNIT_DATAPATH_BTF_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "base/mem.h"

/* A member, at the next place that its size allows. The last one of a structure has no size. */
struct member {
	const char *name;
	uint32_t size; /* of a number, in bytes */
	uint32_t items;
	uint32_t bits; /* of a bit field in a number of that size */
	bool sign, overlaid;
	const struct member *of;	/* a structure; overlaid: a union */
	const char *const *enumerators; /* of an enumeration, by number; NULL ends them */
};

#define MEMBERS(...)                 \
	(const struct member[])      \
	{                            \
		__VA_ARGS__,         \
		{                    \
			.name = NULL \
		}                    \
	}
#define U8(n)                          \
	{                              \
		.name = (n), .size = 1 \
	}
#define U16(n)                         \
	{                              \
		.name = (n), .size = 2 \
	}
#define U32(n)                         \
	{                              \
		.name = (n), .size = 4 \
	}
#define U64(n)                         \
	{                              \
		.name = (n), .size = 8 \
	}
#define S16(n)                                       \
	{                                            \
		.name = (n), .size = 2, .sign = true \
	}
#define S32(n)                                       \
	{                                            \
		.name = (n), .size = 4, .sign = true \
	}
#define U32S(n, i)                                   \
	{                                            \
		.name = (n), .size = 4, .items = (i) \
	}
#define BITS(n, b)                                  \
	{                                           \
		.name = (n), .size = 4, .bits = (b) \
	}
#define STRUCT(n, ...)                                  \
	{                                               \
		.name = (n), .of = MEMBERS(__VA_ARGS__) \
	}
#define STRUCTS(n, i, ...)                                            \
	{                                                             \
		.name = (n), .items = (i), .of = MEMBERS(__VA_ARGS__) \
	}
#define UNION(n, ...)                                                     \
	{                                                                 \
		.name = (n), .overlaid = true, .of = MEMBERS(__VA_ARGS__) \
	}
#define ENUM(n, ...)                                                         \
	{                                                                    \
		.name = (n), .size = 4, .enumerators = (const char *const[]) \
		{                                                            \
			__VA_ARGS__, NULL                                    \
		}                                                            \
	}

static inline int btf_structure(struct btf *btf, const struct member *members, bool overlaid);

static inline int btf_enumeration(struct btf *btf, const char *const *enumerators)
{
	const int id = btf__add_enum(btf, "", sizeof(uint32_t));

	for (int i = 0; enumerators[i]; i++)
		assert_int_equal(btf__add_enum_value(btf, enumerators[i], i), 0);
	return id;
}

static inline int btf_member_type(struct btf *btf, const struct member *member)
{
	char name[16];
	int id;

	snprintf(name, sizeof(name), "%c%u", member->sign ? 's' : 'u', member->size * 8);
	if (member->of)
		id = btf_structure(btf, member->of, member->overlaid);
	else if (member->enumerators)
		id = btf_enumeration(btf, member->enumerators);
	else
		id = btf__add_typedef(btf, "number",
				      btf__add_int(btf, name, member->size, member->sign ? BTF_INT_SIGNED : 0));
	return member->items ? btf__add_array(btf, id, id, member->items) : id;
}

/* As compilers place them, with whole structures at multiples of eight bytes. */
static inline int btf_structure(struct btf *btf, const struct member *members, bool overlaid)
{
	int types[16];
	uint32_t n = 0, bit = 0, end = 0;

	for (; members[n].name; n++)
		types[n] = btf_member_type(btf, &members[n]);
	const int id = overlaid ? btf__add_union(btf, "", 0) : btf__add_struct(btf, "", 0);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t align = members[i].bits ? 1 : members[i].of ? 64 : members[i].size * 8;
		const uint32_t bits = members[i].bits ?: btf__resolve_size(btf, types[i]) * 8;

		bit = overlaid ? 0 : (bit + align - 1) / align * align;
		assert_int_equal(btf__add_field(btf, members[i].name, types[i], bit, members[i].bits), 0);
		bit += bits;
		end = bit > end ? bit : end;
	}
	((struct btf_type *)btf__type_by_id(btf, id))->size = (end + 63) / 64 * 8;
	return id;
}

/* As in an object file's section of maps. key: 0 for none. */
static inline int btf_map(struct btf *btf, const char *name, int key, int value)
{
	const int key_pointer = btf__add_ptr(btf, key), value_pointer = btf__add_ptr(btf, value);
	const int id = btf__add_struct(btf, "", 16);

	assert_int_equal(btf__add_field(btf, "key", key_pointer, 0, 0), 0);
	assert_int_equal(btf__add_field(btf, "value", value_pointer, 64, 0), 0);
	const int variable = btf__add_var(btf, name, BTF_VAR_GLOBAL_ALLOCATED, id);
	const int section = btf__add_datasec(btf, ".maps", 16);
	assert_int_equal(btf__add_datasec_var_info(btf, variable, 0, 16), 0);
	return section;
}

#endif
