// SPDX-License-Identifier: BSD-2-Clause
#include "agent/capture.h"

#include <poll.h>
#include <string.h>

#include "agent/capture_file.h"
#include "agent/capture_order.h"
#include "agent/loop.h"
#include "base/mem.h"

#define QUEUE_MAX     (4u << 20) /* bytes that wait for the client */
#define LOOK_MS	      50	 /* how long a packet may wait, and how soon a client that has left is noticed */
#define IN_FLIGHT_NS  1000000	 /* how long after its time a packet may still be on its way here */
#define MS_PER_SECOND 1000u
#define NS_PER_SECOND 1000000000ll

struct capture {
	struct agent *agent;
	struct capture_request request;
	struct datapath_capture *packets; /* NULL: finished */
	uv_poll_t poll;
	uv_timer_t look;
	unsigned open_handles;
	uint64_t deadline; /* of the loop's clock, ms */
	uint64_t began;	   /* ns since 1970 */
	uint64_t n, written, refused;
	bool full;
	struct capture_order order;
	struct capture_file file;
	size_t sent; /* of what the file has */
};

static int64_t read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (int64_t)time.tv_sec * NS_PER_SECOND + time.tv_nsec;
}

/* --- from the programs ------------------------------------------------------- */

static void take_packet(void *data, const struct weir_captured *about, const uint8_t *bytes)
{
	struct capture *capture = data;

	if (capture->file.out.n - capture->sent + capture->order.bytes.n <= QUEUE_MAX) {
		capture_order_add(&capture->order, about, bytes);
		return;
	}
	capture->refused++;
	datapath_capture_another(capture->packets);
}

/* A file that would become too long ends before the packet. */
static void write_packet(void *data, const struct weir_captured *about, const uint8_t *bytes)
{
	struct capture *capture = data;
	struct capture_file *file = &capture->file;
	const size_t before = file->out.n, interfaces = file->interfaces.n;
	uint64_t whole;

	if (capture->full)
		return;
	capture_file_packet(file, about, bytes);
	whole = capture->written + file->out.n - before;
	if (whole + file->interfaces.n * CAPTURE_FILE_STATISTICS_MAX > capture->request.bytes) {
		file->out.n = before;
		file->interfaces.n = interfaces;
		capture->full = true;
		return;
	}
	capture->written = whole;
	capture->full = ++capture->n == capture->request.filter.packets;
}

/* until: on the monotonic clock. */
static void write_packets(struct capture *capture, uint64_t until)
{
	capture->file.clock = read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
	capture_order_take(&capture->order, until, write_packet, capture);
}

static bool has_left(int client)
{
	struct pollfd peer = { .fd = client, .events = POLLRDHUP };

	return poll(&peer, 1, 0) != 0;
}

static void look(struct capture *capture)
{
	const size_t before = capture->file.out.n;
	const int64_t now = read_clock(CLOCK_MONOTONIC);

	datapath_capture_read(capture->packets);
	write_packets(capture, (uint64_t)(now - IN_FLIGHT_NS));
	if (capture->full || uv_now(loop_uv(capture->agent->loop)) >= capture->deadline ||
	    has_left(capture->request.client))
		capture_finish(capture);
	if (capture->file.out.n > before || !capture->packets)
		http_wake(capture->agent->socket);
}

static void on_packets(uv_poll_t *poll, int status, int events)
{
	look(poll->data);
}

static void on_look(uv_timer_t *timer)
{
	look(timer->data);
}

void capture_finish(struct capture *capture)
{
	struct datapath_capture_losses losses;

	if (!capture || !capture->packets)
		return;
	uv_poll_stop(&capture->poll);
	uv_timer_stop(&capture->look);
	datapath_capture_stop(capture->packets);
	datapath_capture_read(capture->packets);
	write_packets(capture, UINT64_MAX);
	losses = datapath_capture_losses(capture->packets);
	capture_file_end(&capture->file, capture->began, (uint64_t)read_clock(CLOCK_REALTIME),
			 losses.over + losses.lost + capture->refused);
	datapath_capture_end(TAKE_PTR(capture->packets));
	capture->agent->capture = NULL;
}

/* --- to the client ----------------------------------------------------------- */

static ssize_t read_bytes(void *data, char *buffer, size_t size)
{
	struct capture *capture = data;
	pcapng_bytes *out = &capture->file.out;
	const size_t left = out->n - capture->sent, n = left < size ? left : size;

	if (!n)
		return capture->packets ? -EAGAIN : 0;
	memcpy(buffer, out->items + capture->sent, n);
	capture->sent += n;
	if (capture->sent == out->n || capture->sent > QUEUE_MAX) {
		out->n -= capture->sent;
		memmove(out->items, out->items + capture->sent, out->n);
		capture->sent = 0;
	}
	return (ssize_t)n;
}

static void on_closed(uv_handle_t *handle)
{
	struct capture *capture = handle->data;

	if (--capture->open_handles)
		return;
	capture_order_free(&capture->order);
	capture_file_free(&capture->file);
	free(capture);
}

static void close_stream(void *data)
{
	struct capture *capture = data;

	capture_finish(capture);
	uv_close((uv_handle_t *)&capture->poll, on_closed);
	uv_close((uv_handle_t *)&capture->look, on_closed);
}

static void start(struct capture *capture)
{
	uv_loop_t *loop = loop_uv(capture->agent->loop);

	uv_poll_init(loop, &capture->poll, datapath_capture_fd(capture->packets));
	uv_timer_init(loop, &capture->look);
	capture->poll.data = capture->look.data = capture;
	capture->open_handles = 2;
	capture->deadline = uv_now(loop) + (uint64_t)capture->request.seconds * MS_PER_SECOND;
	capture->began = (uint64_t)read_clock(CLOCK_REALTIME);
	uv_poll_start(&capture->poll, UV_READABLE, on_packets);
	uv_timer_start(&capture->look, on_look, LOOK_MS, LOOK_MS);
}

int capture_open(struct agent *agent, const struct capture_request *request, struct http_stream *ret,
		 struct error *error)
{
	struct capture *capture = new0(struct capture);
	const struct datapath_capture_sink sink = { take_packet, capture };
	int r;

	capture->agent = agent;
	capture->request = *request;
	capture->file.agent = agent;
	capture->file.snaplen = request->filter.snaplen;
	if (request->filter.host)
		capture->request.filter.host = &capture->request.host;
	r = datapath_capture_begin(agent->datapath, &capture->request.filter, &sink, &capture->packets, error);
	if (r < 0) {
		free(capture);
		return r;
	}
	capture_file_begin(&capture->file);
	if (request->filter.endpoint)
		capture_file_interface(&capture->file, request->filter.endpoint);
	capture->written = capture->file.out.n;
	start(capture);
	agent->capture = capture;
	*ret = (struct http_stream){ .read = read_bytes, .free = close_stream, .data = capture, .waits = true };
	return 0;
}
