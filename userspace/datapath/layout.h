/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an entry of a map is carried over to a map of another layout: field by
 * field, by name. Both layouts are known from BTF alone, so neither version of
 * weir knows of the other, and going back is the same as going on.
 *
 *   moved        keeps its number; also from one structure to another, if only one field of each has its name
 *   widened      keeps its number
 *   narrowed     keeps its number, or is held at the largest (smallest) that there is; what is counted round, as
 *                times are, keeps its low bits
 *   added        zero
 *   removed      dropped
 *   an array     is so many fields, by index: what is beyond the end of either is added, or removed
 *   a union      is kept only if both are the same
 *   an enumerator of another number than before: nothing is carried
 *
 * So the names are the contract: a field whose meaning changes gets another name.
 */
#ifndef WEIR_DATAPATH_LAYOUT_H
#define WEIR_DATAPATH_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/btf.h>

#include "base/vec.h"

/* In bits. Of another length only where it is a number. */
struct layout_run {
	uint32_t from, from_bits;
	uint32_t to, to_bits;
	bool from_signed, to_signed;
	bool wraps;
	bool counts; /* packets */
};

struct layout_plan {
	VEC(struct layout_run) runs;
	uint32_t from_size, to_size; /* bytes */
	bool same;		     /* every bit means the same */
	bool one_to_one;	     /* no field is added or removed, padding aside: no two become one */
	/* What says which of two entries is the later one: a number that both have. Without bits: nothing. */
	struct layout_run clock;
};

/* What a map's keys and values are, by the name that it is pinned under; 0: no such thing. -ENOENT: no such map. */
int layout_of_map(const struct btf *btf, const char *name, uint32_t *ret_key, uint32_t *ret_value);
/* -ENOTSUP: a type that no map of ours has, or one that means something else. The caller frees what the plan holds. */
int layout_plan_make(const struct btf *from, uint32_t from_type, const struct btf *to, uint32_t to_type,
		     struct layout_plan *ret);
void layout_plan_free(struct layout_plan *plan);
/* Puts into `to` what `from` has of it, and leaves the rest as it is. False: something had to be held. */
bool layout_apply(const struct layout_plan *plan, const void *from, void *to);
/* Both are of the new layout: `to` gets those numbers of `other` that are larger. */
void layout_keep_larger(const struct layout_plan *plan, const void *other, void *to);
/*
 * Whether `from`, of the old layout, is later than `to`, of the new one; at the
 * same time by its clock, whether it has counted more. Never without a clock.
 */
bool layout_is_later(const struct layout_plan *plan, const void *from, const void *to);

#endif
