// SPDX-License-Identifier: BSD-2-Clause
/*
 * Records of the kernel's rings: events of packets, and captured packets. The
 * first byte says which, the second how large each is said to be; libbpf's rings
 * are stood for here (the linker's --wrap), and all behind them is real.
 */
#include <bpf/libbpf.h>

#include "agent/capture_file.h"
#include "agent/capture_order.h"
#include "agent/packet_events.h"
#include "datapath/capture.h"
#include "datapath/datapath_private.h"
#include "fuzz/targets/input.h"

#define HEADER 2

struct ring_buffer *__wrap_ring_buffer__new(int fd, ring_buffer_sample_fn take, void *data,
					    const struct ring_buffer_opts *options);
int __wrap_ring_buffer__consume(struct ring_buffer *ring);
struct perf_buffer *__wrap_perf_buffer__new(int fd, size_t pages, perf_buffer_sample_fn take, perf_buffer_lost_fn lost,
					    void *data, const struct perf_buffer_opts *options);
int __wrap_perf_buffer__consume(struct perf_buffer *buffer);
void __wrap_perf_buffer__free(struct perf_buffer *buffer);
int __wrap_bpf_map__fd(const struct bpf_map *map);

/* What is in the rings. */
static struct {
	const uint8_t *bytes;
	size_t left, size; /* of a record */
	ring_buffer_sample_fn take_event;
	perf_buffer_sample_fn take_packet;
	void *data;
	int memory; /* every map's */
} rings;

/* In memory of its own size. */
static void *next_record(size_t *ret_size)
{
	void *record;

	if (!rings.left)
		return NULL;
	*ret_size = rings.size && rings.size < rings.left ? rings.size : rings.left;
	record = malloc(*ret_size);
	memcpy(record, rings.bytes, *ret_size);
	rings.bytes += *ret_size;
	rings.left -= *ret_size;
	return record;
}

struct ring_buffer *__wrap_ring_buffer__new(int fd, ring_buffer_sample_fn take, void *data,
					    const struct ring_buffer_opts *options)
{
	rings.take_event = take;
	rings.data = data;
	return (struct ring_buffer *)&rings;
}

int __wrap_ring_buffer__consume(struct ring_buffer *ring)
{
	size_t size;
	void *record;
	int n = 0;

	for (; (record = next_record(&size)); n++) {
		rings.take_event(rings.data, record, size);
		free(record);
	}
	return n;
}

struct perf_buffer *__wrap_perf_buffer__new(int fd, size_t pages, perf_buffer_sample_fn take, perf_buffer_lost_fn lost,
					    void *data, const struct perf_buffer_opts *options)
{
	rings.take_packet = take;
	rings.data = data;
	return (struct perf_buffer *)&rings;
}

int __wrap_perf_buffer__consume(struct perf_buffer *buffer)
{
	size_t size;
	void *record;

	while ((record = next_record(&size))) {
		rings.take_packet(rings.data, 0, record, (uint32_t)size);
		free(record);
	}
	return 0;
}

void __wrap_perf_buffer__free(struct perf_buffer *buffer)
{
}

int __wrap_bpf_map__fd(const struct bpf_map *map)
{
	return rings.memory;
}

/* --- who takes them ------------------------------------------------------------- */

static void read_events(struct agent *agent)
{
	const struct event *event;
	struct history_cursor cursor;

	if (events_open(agent->datapath) < 0)
		abort();
	events_init(&agent->events, 64, EVENT_LOG_NONE);
	packet_events_read(agent);
	cursor = history_oldest(&agent->events.history);
	while ((event = history_next(&agent->events.history, &cursor))) {
		free(event_message(event));
		json_decref(event_json(event));
	}
	events_free(&agent->events);
}

static void write_packet(void *data, const struct weir_captured *about, const uint8_t *bytes)
{
	capture_file_packet(data, about, bytes);
}

static void add_packet(void *data, const struct weir_captured *about, const uint8_t *bytes)
{
	capture_order_add(data, about, bytes);
}

/* The file is to be one of whole blocks. */
static void check_file(const struct capture_file *file)
{
	uint32_t type;

	for (size_t at = 0; at < file->out.n;) {
		const int64_t n = pcapng_block(file->out.items + at, file->out.n - at, &type);

		if (n <= 0)
			abort();
		at += (size_t)n;
	}
}

static void read_packets(struct agent *agent)
{
	const struct datapath_capture_filter filter = {};
	struct capture_order order = {};
	const struct datapath_capture_sink sink = { add_packet, &order };
	struct capture_file *file = calloc(1, sizeof(*file));
	struct datapath_capture *capture;
	struct error error = {};

	file->agent = agent;
	if (datapath_capture_begin(agent->datapath, &filter, &sink, &capture, &error) < 0)
		abort();
	capture_file_begin(file);
	datapath_capture_read(capture);
	capture_order_take(&order, UINT64_MAX, write_packet, file);
	capture_file_end(file, 0, 1, 0);
	check_file(file);
	datapath_capture_end(capture);
	capture_order_free(&order);
	capture_file_free(file);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct weir_bpf__data_control control;
	static struct weir_bpf skeleton = { .data_control = &control };
	struct datapath datapath = { .skeleton = &skeleton };
	struct agent agent = { .datapath = &datapath };

	if (size < HEADER)
		return 0;
	if (rings.memory <= 0) {
		rings.memory = memfd_create("map", MFD_CLOEXEC);
		if (rings.memory < 0 || ftruncate(rings.memory, 1 << 16) < 0)
			abort();
	}
	rings.bytes = bytes + HEADER;
	rings.left = size - HEADER;
	rings.size = bytes[1];
	if (bytes[0] & 1)
		read_events(&agent);
	else
		read_packets(&agent);
	return 0;
}
