/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of the loaded programs as a whole. */
#ifndef WEIR_TESTS_FUZZ_PROGRAMS_MAPS_H
#define WEIR_TESTS_FUZZ_PROGRAMS_MAPS_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Everything in it, at most as many as fit; then it is empty, unless told to leave it. Returns how many, or -errno. */
int maps_take(const struct bpf_map *map, void *keys, void *values, unsigned most, bool leave);
/* Entries grow older, as the clock can't be moved. seen: where in an entry that is. */
int maps_grow_older(const struct bpf_map *map, size_t seen, uint32_t ticks);

#endif
