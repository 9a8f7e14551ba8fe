// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/capture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "datapath/datapath_private.h"

#define BUFFER_BYTES   (512u << 10) /* of each CPU, while a capture runs */
#define WAKE_EACH      64	    /* packets: waking the reader is dearer than any of them */
#define NS_PER_SECOND  1000000000ull
#define BURST_FRACTION 4 /* of a second's packets may come at once */

struct datapath_capture {
	struct datapath *datapath;
	struct datapath_capture_sink sink;
	int map; /* of its own: programs for larger images come with another descriptor */
	struct perf_buffer *buffers;
	struct weir_capture *settings;
};

/* Not through the skeleton: see control.c. */
static struct weir_capture *map_settings(const struct datapath *datapath)
{
	struct weir_capture *settings = mmap(NULL, sizeof(*settings), PROT_READ | PROT_WRITE, MAP_SHARED,
					     bpf_map__fd(datapath->skeleton->maps.data_capture), 0);

	return settings == MAP_FAILED ? NULL : settings;
}

/* While nobody captures. */
static void write_settings(const struct datapath_capture_filter *filter, struct weir_capture *settings)
{
	const uint64_t second = NS_PER_SECOND * WEIR_TICKS_PER_NS;
	const uint32_t rate = filter->packets_per_second;
	struct weir_capture to = {
		.flags = (filter->drops ? WEIR_CAPTURE_DROPS : 0) | (filter->headers_only ? WEIR_CAPTURE_HEADERS : 0) |
			 (filter->host ? WEIR_CAPTURE_HOST : 0) | (filter->port ? WEIR_CAPTURE_PORT : 0) |
			 (filter->by_protocol ? WEIR_CAPTURE_PROTOCOL : 0),
		.snaplen = filter->snaplen ?: WEIR_CAPTURE_BYTES_MAX,
		.endpoint = filter->endpoint,
		.port = htons(filter->port),
		.protocol = filter->protocol,
		.cost = rate ? second / rate : 0,
		.burst = rate ? second / BURST_FRACTION : 0,
		.left = filter->packets ?: INT64_MAX,
	};

	if (filter->host) {
		to.family = filter->host->family;
		memcpy(to.host, filter->host->bytes, sizeof(to.host));
	}
	*settings = to;
}

static void take_sample(void *data, int cpu, void *sample, uint32_t size)
{
	const struct datapath_capture *capture = data;
	struct weir_captured about;

	if (size < sizeof(about))
		return;
	memcpy(&about, sample, sizeof(about)); /* perf aligns to four bytes */
	if (about.captured <= size - sizeof(about) && about.captured <= WEIR_CAPTURE_BYTES_MAX)
		capture->sink.take(capture->sink.data, &about, (uint8_t *)sample + sizeof(about));
}

/* What perf says of lost samples the programs have counted themselves. */
static void ignore_lost(void *data, int cpu, __u64 n)
{
}

static int open_buffers(struct datapath_capture *capture, struct error *error)
{
	LIBBPF_OPTS(perf_buffer_opts, options, .sample_period = WAKE_EACH);
	const size_t pages = BUFFER_BYTES / (size_t)sysconf(_SC_PAGESIZE) ?: 1;

	bpf_log_begin();
	capture->map = fcntl(bpf_map__fd(capture->datapath->skeleton->maps.captured), F_DUPFD_CLOEXEC, 0);
	if (capture->map < 0)
		return bpf_error(error, -errno, "capture packets");
	capture->buffers = perf_buffer__new(capture->map, pages, take_sample, ignore_lost, capture, &options);
	return capture->buffers ? 0 : bpf_error(error, -errno, "capture packets");
}

int datapath_capture_begin(struct datapath *datapath, const struct datapath_capture_filter *filter,
			   const struct datapath_capture_sink *sink, struct datapath_capture **ret, struct error *error)
{
	_cleanup_(datapath_capture_endp) struct datapath_capture *capture = NULL;
	int r;

	if (control_read(datapath).watch & WEIR_WATCH_CAPTURE)
		return error_set(error, -EBUSY, "capture packets: somebody is capturing already");
	capture = new0(struct datapath_capture);
	*capture = (struct datapath_capture){ .datapath = datapath, .sink = *sink, .map = -1 };
	capture->settings = map_settings(datapath);
	if (!capture->settings)
		return error_set(error, -errno, "capture packets: %s", strerror(errno));
	r = open_buffers(capture, error);
	if (r < 0)
		return r;
	write_settings(filter, capture->settings);
	control_watch(datapath, WEIR_WATCH_CAPTURE, true);
	*ret = TAKE_PTR(capture);
	return 0;
}

int datapath_capture_fd(const struct datapath_capture *capture)
{
	return perf_buffer__epoll_fd(capture->buffers);
}

void datapath_capture_read(struct datapath_capture *capture)
{
	perf_buffer__consume(capture->buffers);
}

struct datapath_capture_losses datapath_capture_losses(const struct datapath_capture *capture)
{
	return (struct datapath_capture_losses){
		.over = __atomic_load_n(&capture->settings->over, __ATOMIC_RELAXED),
		.lost = __atomic_load_n(&capture->settings->lost, __ATOMIC_RELAXED),
	};
}

void datapath_capture_another(struct datapath_capture *capture)
{
	__atomic_add_fetch(&capture->settings->left, 1, __ATOMIC_RELAXED);
}

void datapath_capture_stop(struct datapath_capture *capture)
{
	control_watch(capture->datapath, WEIR_WATCH_CAPTURE, false);
}

void datapath_capture_end(struct datapath_capture *capture)
{
	if (!capture)
		return;
	if (capture->buffers)
		datapath_capture_stop(capture);
	perf_buffer__free(capture->buffers);
	closep(&capture->map);
	if (capture->settings)
		munmap(capture->settings, sizeof(*capture->settings));
	free(capture);
}

void datapath_capture_clear(struct datapath *datapath)
{
	control_watch(datapath, WEIR_WATCH_CAPTURE, false);
}
