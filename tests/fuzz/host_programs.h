/* SPDX-License-Identifier: BSD-2-Clause */
/* The source of bpf/, compiled for this process, and the maps and packets that its helpers see. */
#ifndef WEIR_TESTS_FUZZ_HOST_PROGRAMS_H
#define WEIR_TESTS_FUZZ_HOST_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/event.h"
#include "weir/maps.h"

enum host_map_id {
	HOST_ENDPOINTS,
	HOST_ADDRESSES4,
	HOST_ADDRESSES6,
	HOST_FLOWS, /* + table * WEIR_FAMILIES + family */
	HOST_FRAGMENTS = HOST_FLOWS + 6,
	HOST_SHIELDS,
	HOST_TALLIES,
	HOST_REASONS,
	HOST_ACCOUNTS,
	HOST_PAIRS,
	HOST_BUCKETS,
	HOST_SOURCES,
	HOST_CHARGED,
	HOST_CHARGING,
	HOST_REFUSALS,
	HOST_IMAGES,
	HOST_MAPS,
};

/* Each entry is memory of its own, so that a sanitizer sees what is read beside it, or after it is gone. */
struct host_entry {
	void *key;
	void *value;
};

struct host_map {
	void *name; /* what the programs call it by */
	uint32_t key_size, value_size;
	bool array;
	uint32_t n; /* entries */
	struct host_entry entries[4400];
};

extern struct host_map host_maps[HOST_MAPS];

struct host_constants {
	uint32_t image_mask, tick_shift, pair_mask, account_limited;
};
void host_load(const struct host_constants *constants);
struct weir_control *host_control(void);
void host_set_clock(uint64_t ns); /* what bpf_ktime_get_ns() answers from now on */
uint64_t host_clock_reads(void);  /* how often it has been asked */
/* What happens before the n-th answer from now on, as if on another CPU. NULL: nothing. */
void host_on_clock(uint64_t n, void (*event)(void));

/* What the programs have asked of the kernel. The ticks of flow state, a load, are left out. */
struct host_calls {
	uint32_t hashes;  /* looked up in */
	uint32_t arrays;  /* looked up in */
	uint32_t changes; /* of hash tables */
	uint32_t clocks;
	uint32_t atomics;
	uint32_t events;
};
struct host_calls host_calls(void); /* since the last call */
void host_set(enum host_map_id map, const void *key, const void *value);
void host_remove(enum host_map_id map, const void *key);
void host_clear(enum host_map_id map);

enum host_program {
	HOST_FROM_POD,
	HOST_TO_POD,
	HOST_XDP,
	HOST_UPLINK,
};

struct host_frame {
	const uint8_t *bytes;
	uint32_t length;
	uint32_t linear; /* bytes that the program may read in place */
	uint32_t ifindex, ingress_ifindex;
	uint32_t gso_size, gso_segs; /* tc only */
	/* after: */
	uint32_t answer_length;
	uint8_t *answer; /* room for HOST_ANSWER_MAX bytes */
};

#define HOST_ANSWER_MAX 700u

/* Returns what the program does. */
int host_run(enum host_program program, struct host_frame *frame);
/* How many event records there were since the last call, the last one of which is *ret; forgets what was told. */
int host_told(struct weir_event *ret);
void host_sweep(enum weir_flow_table table, uint32_t family, bool recount);

#endif
