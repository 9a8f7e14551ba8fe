/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growing array: struct { type *items; size_t n, capacity; }. Memory
 * exhaustion ends the program (the kernel's overcommit makes anything else a
 * pretence), so appending cannot fail.
 */
#ifndef WEIR_BASE_VEC_H
#define WEIR_BASE_VEC_H

#include <stddef.h>
#include <string.h>

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

/* Puts a copy of value before the item at an index, which may be n. */
#define vec_insert(vec, index, ...)                                                                        \
	({                                                                                                 \
		__typeof__(vec) _vec = (vec);                                                              \
		size_t _at = (index);                                                                      \
		vec_grow((void **)&_vec->items, &_vec->capacity, _vec->n + 1, sizeof(*_vec->items));       \
		memmove(_vec->items + _at + 1, _vec->items + _at, (_vec->n - _at) * sizeof(*_vec->items)); \
		_vec->items[_at] = (__VA_ARGS__);                                                          \
		_vec->n++;                                                                                 \
	})

/* Takes the item at an index out; what it owns is left to the caller. */
#define vec_remove(vec, index)                                                                               \
	({                                                                                                   \
		__typeof__(vec) _vec = (vec);                                                                \
		size_t _at = (index);                                                                        \
		memmove(_vec->items + _at, _vec->items + _at + 1, (--_vec->n - _at) * sizeof(*_vec->items)); \
	})

/* The index of the first item of a sorted array that is not before key. compare: as bsearch() takes it. */
#define vec_lower_bound(vec, key, compare) lower_bound(key, (vec)->items, (vec)->n, sizeof(*(vec)->items), compare)
size_t lower_bound(const void *key, const void *items, size_t n, size_t item_size,
		   int (*compare)(const void *key, const void *item));

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
