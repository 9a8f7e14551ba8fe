/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/vec.h"

#include "base/mem.h"

#define CAPACITY_FIRST 2 /* most lists of an object are short, and there are many objects */

void vec_grow(void **items, size_t *capacity, size_t n, size_t item_size)
{
	size_t wanted;

	if (n <= *capacity)
		return;
	wanted = *capacity + *capacity / 2;
	if (wanted < CAPACITY_FIRST)
		wanted = CAPACITY_FIRST;
	if (wanted < n)
		wanted = n;
	*items = xrealloc(*items, wanted, item_size);
	*capacity = wanted;
}

size_t lower_bound(const void *key, const void *items, size_t n, size_t item_size,
		   int (*compare)(const void *key, const void *item))
{
	size_t first = 0;

	while (n) {
		const size_t half = n / 2;

		if (compare(key, (const char *)items + (first + half) * item_size) > 0) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return first;
}
