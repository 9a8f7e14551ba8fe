// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the programs tell of single packets. The ring buffer is pinned like every
 * map, with the reader's place in it: what is told while no agent runs waits for
 * the next one, as far as there is room; what comes after that is counted as
 * lost. Growing (grow.c) hands the same ring buffer on. An upgrade makes a new
 * one; what waits in the other is read by the names of its fields first, until
 * no program writes there any more.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "datapath/datapath_private.h"
#include "datapath/layout.h"

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

/* --- of another set of maps --- */

struct former_events {
	struct datapath *datapath;
	struct ring_buffer *ring;
	struct layout_plan plan;
};

static int read_former(void *data, void *record, size_t size)
{
	const struct former_events *former = data;
	struct weir_event event = {};

	if (size != former->plan.from_size)
		return 0;
	layout_apply(&former->plan, record, &event);
	return read_one(former->datapath, &event, sizeof(event));
}

static void former_free(struct former_events *former)
{
	if (!former)
		return;
	ring_buffer__free(former->ring);
	layout_plan_free(&former->plan);
	free(former);
}
DEFINE_CLEANUP(struct former_events, former_free);

static int plan_records(const struct btf *theirs, const struct btf *ours, struct layout_plan *ret)
{
	const int from = theirs ? btf__find_by_name_kind(theirs, "weir_event", BTF_KIND_STRUCT) : -ENOENT;
	const int to = btf__find_by_name_kind(ours, "weir_event", BTF_KIND_STRUCT);

	return from < 0 || to < 0 ? -ENOENT : layout_plan_make(theirs, from, ours, to, ret);
}

/* Those that nobody can read are as good as lost, and no reason to fail. */
static void open_former(struct datapath *datapath, const struct maps_dir *dir)
{
	_cleanup_(former_freep) struct former_events *former = new0(struct former_events);
	_cleanup_close_ int fd = maps_dir_get(dir->path, pin_name(datapath->skeleton->maps.events));

	former->datapath = datapath;
	if (fd < 0 || plan_records(dir->layouts, bpf_object__btf(datapath->skeleton->obj), &former->plan) < 0)
		return;
	former->ring = ring_buffer__new(fd, read_former, former, NULL);
	if (former->ring)
		vec_push(&datapath->former_events, TAKE_PTR(former));
}

static void close_formers(struct datapath *datapath)
{
	vec_for_each (former, &datapath->former_events)
		former_free(*former);
	vec_free(&datapath->former_events);
}

static int read_formers(struct datapath *datapath)
{
	const int before = datapath->reading->n;
	int r = 0;

	vec_for_each (former, &datapath->former_events)
		r = r < 0 ? r : ring_buffer__consume((*former)->ring);
	if (!upgrade_is_pending(datapath) && r >= 0 && datapath->reading->n == before)
		close_formers(datapath);
	return r < 0 ? r : 0;
}

/* --- all of them --- */

int events_open(struct datapath *datapath)
{
	vec_for_each (dir, &datapath->formers)
		open_former(datapath, dir);
	datapath->events = ring_buffer__new(bpf_map__fd(datapath->skeleton->maps.events), read_one, datapath, NULL);
	return datapath->events ? 0 : -errno;
}

void events_close(struct datapath *datapath)
{
	close_formers(datapath);
	ring_buffer__free(datapath->events);
}

int datapath_read_events(struct datapath *datapath, void (*each)(void *data, const struct weir_event *event),
			 void *data)
{
	struct reading reading = { .each = each, .data = data };
	int r;

	datapath->reading = &reading;
	r = read_formers(datapath);
	if (r == 0)
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
