/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers from a seed (splitmix64), the same everywhere. */
#ifndef WEIR_TESTS_FUZZ_RANDOM_H
#define WEIR_TESTS_FUZZ_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_bits(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* The numbers of one seed have nothing to do with those of the next. */
static inline struct random random_from(uint64_t seed)
{
	struct random r = { .state = seed };

	r.state = random_bits(&r) * 0xff51afd7ed558ccdull;
	return r;
}

/* 0 .. n - 1 */
static inline uint32_t random_below(struct random *r, uint32_t n)
{
	return (random_bits(r) >> 32) * n >> 32;
}

static inline bool one_in(struct random *r, uint32_t n)
{
	return random_below(r, n) == 0;
}

#define random_of(r, array) ((array)[random_below(r, sizeof(array) / sizeof((array)[0]))])

#endif
