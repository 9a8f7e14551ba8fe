// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/mem.h"
#include "policy/intern.h"

struct interned {
	UT_hash_handle hh;
	uint32_t number;
	uint32_t size;
	_Alignas(uint32_t) uint8_t key[];
};

static int compare_ids(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void ids_sort(struct ids *ids)
{
	size_t n = 0;

	if (ids->n < 2)
		return;
	qsort(ids->items, ids->n, sizeof(*ids->items), compare_ids);
	for (size_t i = 0; i < ids->n; i++) {
		if (i == 0 || ids->items[i] != ids->items[n - 1])
			ids->items[n++] = ids->items[i];
	}
	ids->n = n;
}

bool ids_contain(const uint32_t *sorted, size_t n, uint32_t id)
{
	return n && bsearch(&id, sorted, n, sizeof(id), compare_ids);
}

void interner_free(struct interner *interner)
{
	HASH_CLEAR(hh, interner->by_key);
	vec_for_each (interned, &interner->list)
		free(*interned);
	vec_free(&interner->list);
}

uint32_t intern(struct interner *interner, const void *key, size_t size)
{
	struct interned *interned = NULL;
	unsigned hash;

	HASH_VALUE(key, size, hash);
	HASH_FIND_BYHASHVALUE(hh, interner->by_key, key, size, hash, interned);
	if (interned)
		return interned->number;
	interned = xcalloc(1, sizeof(*interned) + size);
	interned->number = interner_count(interner);
	interned->size = (uint32_t)size;
	if (size)
		memcpy(interned->key, key, size);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, interner->by_key, interned->key, size, hash, interned);
	vec_push(&interner->list, interned);
	return interned->number;
}

bool interner_find(const struct interner *interner, const void *key, size_t size, uint32_t *ret)
{
	struct interned *interned = NULL;

	HASH_FIND(hh, interner->by_key, key, size, interned);
	if (!interned)
		return false;
	*ret = interned->number;
	return true;
}

uint32_t intern_ids(struct interner *interner, const struct ids *ids)
{
	static const uint32_t nothing;

	return intern(interner, ids->n ? ids->items : &nothing, ids->n * sizeof(*ids->items));
}

struct ids interner_ids(const struct interner *interner, uint32_t number)
{
	struct interned *interned = interner->list.items[number];

	return (struct ids){ .items = (uint32_t *)interned->key, .n = interned->size / sizeof(uint32_t) };
}
