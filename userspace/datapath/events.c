// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the programs tell of single packets. The ring buffer is pinned like every
 * map, with the reader's place in it: what is told while no agent runs waits for
 * the next one, as far as there is room; what comes after that is counted as
 * lost. Growing (grow.c) hands the same ring buffer on.
 */
#include <string.h>

#include "datapath/datapath_private.h"

#define READ_MAX      8192 /* records a call: a full megabyte, and not for ever where they come as fast as they are read */
#define NS_PER_SECOND 1000000000ull

const struct datapath_watch datapath_watch_defaults = {
	.denied = true,
	.opened = true,
	.events_per_second = 400,
};

struct reading {
	void (*each)(void *data, const struct weir_event *event);
	void *data;
	int n;
};

/* A record of another size is of programs of another version, and has been replaced with them. */
static int read_one(void *data, void *record, size_t size)
{
	struct datapath *datapath = data;
	struct reading *reading = datapath->reading;
	struct weir_event event;

	reading->n++;
	if (size == sizeof(event)) {
		memcpy(&event, record, sizeof(event));
		reading->each(reading->data, &event);
	}
	return reading->n < READ_MAX ? 0 : -ECANCELED;
}

int events_open(struct datapath *datapath)
{
	datapath->events = ring_buffer__new(bpf_map__fd(datapath->skeleton->maps.events), read_one, datapath, NULL);
	return datapath->events ? 0 : -errno;
}

int datapath_read_events(struct datapath *datapath, void (*each)(void *data, const struct weir_event *event),
			 void *data)
{
	struct reading reading = { .each = each, .data = data };
	int r;

	datapath->reading = &reading;
	r = ring_buffer__consume(datapath->events);
	datapath->reading = NULL;
	return r < 0 && r != -ECANCELED ? r : reading.n;
}

void datapath_set_watch(struct datapath *datapath, const struct datapath_watch *watch)
{
	const uint64_t budget = datapath_tick_ns(datapath) * watch->events_per_second / NS_PER_SECOND;

	control_event_budget(datapath, budget < 1 ? 1 : budget > UINT32_MAX ? UINT32_MAX : (uint32_t)budget);
	control_watch(datapath, WEIR_WATCH_DENIED, watch->denied);
	control_watch(datapath, WEIR_WATCH_OPENED, watch->opened);
}
