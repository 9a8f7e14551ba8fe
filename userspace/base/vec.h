/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growing array: struct { type *items; size_t n, capacity; }. Memory
 * exhaustion ends the program (the kernel's overcommit makes anything else a
 * pretence), so appending cannot fail.
 */
#ifndef WEIR_BASE_VEC_H
#define WEIR_BASE_VEC_H

#include <stddef.h>

#define VEC(type)                \
	struct {                 \
		type *items;     \
		size_t n;        \
		size_t capacity; \
	}

/* Room for one more; grows by half again. Aborts with a message when memory is out. */
void vec_grow(void **items, size_t *capacity, size_t n, size_t item_size);

/* Appends a copy of value and yields a pointer to it (valid until the next append). */
#define vec_push(vec, ...)                                                                           \
	({                                                                                           \
		__typeof__(vec) _vec = (vec);                                                        \
		vec_grow((void **)&_vec->items, &_vec->capacity, _vec->n + 1, sizeof(*_vec->items)); \
		_vec->items[_vec->n] = (__VA_ARGS__);                                                \
		&_vec->items[_vec->n++];                                                             \
	})

/* Frees the array, not what its items own. Leaves it empty and usable. */
#define vec_free(vec)                         \
	do {                                  \
		__typeof__(vec) _vec = (vec); \
		free(_vec->items);            \
		_vec->items = NULL;           \
		_vec->n = _vec->capacity = 0; \
	} while (0)

#define vec_for_each(it, vec) \
	for (__typeof__(&*(vec)->items) it = (vec)->items; it && it < (vec)->items + (vec)->n; it++)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
