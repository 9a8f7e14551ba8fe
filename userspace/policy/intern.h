/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hash-consing: equal keys get the same number, numbers are dense from 0 in
 * order of first appearance. This is how "everything that policy does not tell
 * apart" becomes one class, wherever the compiler needs that.
 */
#ifndef WEIR_POLICY_INTERN_H
#define WEIR_POLICY_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

/* A list of small numbers. Works with the vec_ macros. */
struct ids {
	uint32_t *items;
	size_t n, capacity;
};

void ids_sort(struct ids *ids); /* ascending, each once */
bool ids_contain(const uint32_t *sorted, size_t n, uint32_t id);

struct interned;

struct interner {
	struct interned *by_key;
	VEC(struct interned *) list;
};

void interner_free(struct interner *interner); /* what it holds */

uint32_t intern(struct interner *interner, const void *key, size_t size);
bool interner_find(const struct interner *interner, const void *key, size_t size, uint32_t *ret);

static inline uint32_t interner_count(const struct interner *interner)
{
	return (uint32_t)interner->list.n;
}

/* Keys that are lists of numbers. The view is valid as long as the interner. */
uint32_t intern_ids(struct interner *interner, const struct ids *ids);
struct ids interner_ids(const struct interner *interner, uint32_t number);

#endif
