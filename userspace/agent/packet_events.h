/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel tells of packets, as people see it: read from the ring buffer
 * every now and then, given names, and handed to everybody who listens.
 */
#ifndef WEIR_AGENT_PACKET_EVENTS_H
#define WEIR_AGENT_PACKET_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct agent;

/* How many there were, ever, as the programs count. */
struct packet_events {
	uint64_t told;
	uint64_t held_back; /* by the budget of their decision */
	uint64_t lost;	    /* for want of room in the ring buffer */
};

/*
 * Takes in what was told up to now: to be called before names change, as those
 * of now are given. True when there was anything.
 */
bool packet_events_read(struct agent *agent);
/* Says so when records were lost since the last time. */
void packet_events_check(struct agent *agent);
/* Zeros when they can't be read. */
struct packet_events packet_events_count(const struct agent *agent);

#endif
