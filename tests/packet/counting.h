/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that makes each repetition of a test run's packet another one: it
 * counts a word of it up, in network order, and hands it on by a tail call.
 */
#ifndef WEIR_TESTS_PACKET_COUNTING_H
#define WEIR_TESTS_PACKET_COUNTING_H

#include <stdbool.h>
#include <stdint.h>

struct counting {
	int program; /* to be run; -1: none */
	int target;  /* an array of one, the program that it hands on to */
};

#define COUNTING_NONE ((struct counting){ -1, -1 })

/* What is counted: the offset of 32 bits in the packet, and how far they go each time. */
struct counting_word {
	short at;
	int step;
	uint32_t end; /* before it, where it begins again with first; both 0: never */
	uint32_t first;
	bool xdp; /* the program is XDP's; else tc's */
};

/* 0 or -errno. */
int counting_open(int program, struct counting_word word, struct counting *ret);
void counting_close(struct counting *counting);

#endif
