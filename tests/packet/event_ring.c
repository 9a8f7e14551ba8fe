// SPDX-License-Identifier: BSD-2-Clause
#include "packet/event_ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

static int take(void *data, void *record, size_t size)
{
	struct event_ring *ring = data;

	if (size != sizeof(struct weir_event))
		return -EINVAL;
	if (ring->n < ring->most)
		memcpy(&ring->to[ring->n], record, size);
	ring->n++;
	return 0;
}

int event_ring_open(int map_fd, struct event_ring *ret)
{
	ret->ring = ring_buffer__new(map_fd, take, ret, NULL);
	return ret->ring ? 0 : -errno;
}

int event_ring_take(struct event_ring *ring, struct weir_event *ret, int most)
{
	int r;

	ring->to = ret;
	ring->most = most;
	ring->n = 0;
	r = ring_buffer__consume(ring->ring);
	return r < 0 ? r : ring->n;
}

void event_ring_close(struct event_ring *ring)
{
	ring_buffer__free(ring->ring);
}
