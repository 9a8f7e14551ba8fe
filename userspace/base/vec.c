/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/vec.h"

#include "base/mem.h"

#define CAPACITY_FIRST 8

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
