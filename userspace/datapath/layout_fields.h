/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers that a type is made of, each with a path ("ends[0].next") and the
 * bits that it has. Structures are looked through, arrays are so many numbers;
 * of a union nobody can say which member counts, so that it is one thing.
 */
#ifndef WEIR_DATAPATH_LAYOUT_FIELDS_H
#define WEIR_DATAPATH_LAYOUT_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/btf.h>

#include "base/vec.h"

struct layout_field {
	char *path;
	char *name; /* without the structures that it is in, but with all indexes: "next[0]" */
	uint32_t bit, bits;
	uint32_t type; /* of an enumeration or a union; else 0 */
	bool is_signed, is_union;
};

typedef VEC(struct layout_field) layout_fields;

/* The type may be a section of data too, or a union. -ENOTSUP: there is something else in it. */
int layout_fields_list(const struct btf *btf, uint32_t type, layout_fields *ret);
void layout_fields_free(layout_fields *fields);
/* Holds a place for alignment, or for later. */
bool layout_field_is_padding(const struct layout_field *field);

#endif
