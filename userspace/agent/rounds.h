/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent goes and looks at by the clock, as nobody says when it changes:
 * hooks, limits, shields, queues, flow tables, and records of packets. All of it
 * has one timer, so an agent at rest wakes up twice a second. Records get another
 * while there are any, or somebody waits for them.
 */
#ifndef WEIR_AGENT_ROUNDS_H
#define WEIR_AGENT_ROUNDS_H

#include <uv.h>

struct agent;

struct rounds {
	struct agent *agent;
	uv_timer_t beat, events;
	uint64_t beats;
	unsigned in_vain; /* readings of records, since there was one */
};

void rounds_init(struct rounds *rounds, uv_loop_t *loop, struct agent *agent);
/* The first of each at once; the policy is in force. */
void rounds_start(struct rounds *rounds);
/* Records of packets are waited for, from now on. */
void rounds_hurry(struct rounds *rounds);

#endif
