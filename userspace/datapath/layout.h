/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an entry of a map is carried over to a map of another layout: field by
 * field, by name. Both layouts are known from BTF alone, so neither version of
 * weir knows of the other, and going back is the same as going on.
 *
 * A field that both have keeps its number, widened or held at the largest that
 * the other's can be; one that only the new layout has begins as zero, one that
 * only the old layout had is dropped. So the names are the contract: a field
 * whose meaning changes gets another name.
 */
#ifndef WEIR_DATAPATH_LAYOUT_H
#define WEIR_DATAPATH_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/btf.h>

#include "base/vec.h"

struct layout_run {
	uint32_t from, from_size; /* bytes */
	uint32_t to, to_size;	  /* of another size only where it is one number */
};

struct layout_plan {
	VEC(struct layout_run) runs;
	uint32_t from_size, to_size;
	bool same; /* every byte means the same */
	/* What says which of two entries is the later one: a number that both have at these places. Size 0: nothing. */
	struct layout_run clock;
};

/* What a map's keys and values are, by the name that it is pinned under; 0: no such thing. -ENOENT: no such map. */
int layout_of_map(const struct btf *btf, const char *name, uint32_t *ret_key, uint32_t *ret_value);
/* -ENOTSUP: a type that no map of ours has. The caller frees what the plan holds. */
int layout_plan_make(const struct btf *from, uint32_t from_type, const struct btf *to, uint32_t to_type,
		     struct layout_plan *ret);
void layout_plan_free(struct layout_plan *plan);
/* Puts into `to` what `from` has of it, and leaves the rest as it is. */
void layout_apply(const struct layout_plan *plan, const void *from, void *to);
/* Whether `from`, of the old layout, is later than `to`, of the new one. Never without a clock. */
bool layout_is_later(const struct layout_plan *plan, const void *from, const void *to);

#endif
