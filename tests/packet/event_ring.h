/* SPDX-License-Identifier: BSD-2-Clause */
/* The records that programs write of packets, taken out of their ring buffer. */
#ifndef WEIR_TESTS_PACKET_EVENT_RING_H
#define WEIR_TESTS_PACKET_EVENT_RING_H

#include "weir/event.h"

struct ring_buffer;

struct event_ring {
	struct ring_buffer *ring;
	struct weir_event *to;
	int most, n;
};

/* The ring stays where it is until it is closed. 0 or -errno. */
int event_ring_open(int map_fd, struct event_ring *ret);
/* Takes out all records, and returns how many there were; the first ones are in ret. -errno: one is no event. */
int event_ring_take(struct event_ring *ring, struct weir_event *ret, int most);
void event_ring_close(struct event_ring *ring);

#endif
