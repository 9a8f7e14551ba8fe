/* SPDX-License-Identifier: BSD-2-Clause */
/* Of the interpreter's own files: the instructions, and the helpers that they call. */
#ifndef WEIR_TESTS_PACKET_INTERPRET_PRIVATE_H
#define WEIR_TESTS_PACKET_INTERPRET_PRIVATE_H

#include <bpf/libbpf.h>
#include <stdbool.h>

#include "base/vec.h"
#include "packet/interpret.h"

#define REGISTERS 11
#define DEPTH	  8
#define STACK	  512

/* A value as the program sees it: a copy of what the map has, or what the program has put there. */
struct copied {
	int map;
	bool present;
	uint8_t *key, *value;
};

struct called {
	uint32_t back; /* where it goes on */
	uint64_t kept[4];
};

struct machine {
	const struct bpf_object *object;
	const struct bpf_insn *insns;
	uint32_t n_insns;
	uint32_t at;
	uint64_t r[REGISTERS];
	uint8_t stack[DEPTH][STACK];
	struct called called[DEPTH];
	uint32_t depth;
	const struct frame *frame;
	VEC(struct copied) copies;
	VEC(void *) records; /* of ring buffers */
	VEC(int) inner;	     /* descriptors of maps that were found in maps */
	struct steps steps;
};

int machine_call(struct machine *machine, int32_t helper);
/* Where a global variable of the map is; NULL if nowhere. */
uint64_t machine_variable(const struct machine *machine, int map, uint32_t offset);
void machine_forget(struct machine *machine); /* what helpers have made */

#endif
