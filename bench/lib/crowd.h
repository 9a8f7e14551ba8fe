/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet tests' world with a crowd in it: a hundred thousand peers that are
 * let in, each with an open connection to the pod, and as many that are not; and
 * the same programs without counters, on the same maps.
 */
#ifndef WEIR_BENCH_LIB_CROWD_H
#define WEIR_BENCH_LIB_CROWD_H

#include "packet/world.h"

#define CROWD		 100000u
#define CROWD_CLIENT	 40000u	    /* port of all of them */
#define CROWD_FLOW_TABLE (1u << 17) /* entries; the agent's own default */

struct bare;

struct crowd {
	struct lab *lab;
	struct bare *bare;
};

int crowd_open(struct crowd *crowd);
void crowd_close(struct crowd *crowd);

/* Member i, who is let in or is not. */
void crowd_address(enum weir_family family, bool stranger, uint32_t i, uint8_t *ret);
/* The peer opens a connection to the pod, or the pod to it, to the end of the handshake. */
int crowd_shake_hands(struct crowd *crowd, enum weir_family family, const uint8_t *peer, bool out, uint16_t client);
/* Takes all half-open connections out of IPv4's table. */
int crowd_forget_openings(struct crowd *crowd);
/* With counters, or without. */
int crowd_program(const struct crowd *crowd, enum lab_program program, bool bare);
/* What is told of packets, and the flood shield; else neither. */
void crowd_watch(struct crowd *crowd, bool all);

#endif
