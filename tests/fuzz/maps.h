/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of the loaded programs, as a whole. */
#ifndef WEIR_TESTS_FUZZ_MAPS_H
#define WEIR_TESTS_FUZZ_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_map;

/* The memory of a map that may be mapped; ret: the pointer to set. */
int maps_memory(int map, size_t size, void *ret);
/* The first n entries of a per-CPU array, each of so many words, summed over CPUs. */
int maps_sum(const struct bpf_map *map, unsigned n, unsigned words, uint64_t *ret);
/* Everything in a hash, at most as many as fit; unless left, it is empty then. Returns how many, or -errno. */
int maps_take_all(const struct bpf_map *map, void *keys, void *values, unsigned most, bool leave);
/* Entries grow older, as the clock can't be moved. seen: where in an entry that is. */
int maps_grow_older(const struct bpf_map *map, size_t seen, uint32_t ticks);

#endif
