// SPDX-License-Identifier: BSD-2-Clause
#include "agent/http_stream.h"

#include <poll.h>
#include <utlist.h>

#include "base/mem.h"

#define STREAM_BLOCK ((size_t)16 << 10)

struct running_stream {
	struct http_stream is;
	struct MHD_Connection *connection;
	struct waiting_streams *waiting;
	bool waits;
	struct running_stream *prev, *next;
};

/* libmicrohttpd doesn't look at a suspended connection, so somebody else has to. */
static bool is_gone(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd peer = { .fd = info ? info->connect_fd : -1 };

	return poll(&peer, 1, 0) > 0 && peer.revents & (POLLHUP | POLLERR);
}

static ssize_t wait_for_more(struct running_stream *stream)
{
	if (is_gone(stream->connection))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	stream->waits = true;
	DL_APPEND(stream->waiting->list, stream);
	MHD_suspend_connection(stream->connection);
	return 0;
}

static ssize_t read_stream(void *data, uint64_t position, char *buffer, size_t size)
{
	struct running_stream *stream = data;
	ssize_t n = stream->is.read(stream->is.data, buffer, size);

	if (n == -EAGAIN)
		return wait_for_more(stream);
	return n > 0 ? n : n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void resume(struct running_stream *stream)
{
	DL_DELETE(stream->waiting->list, stream);
	stream->waits = false;
	MHD_resume_connection(stream->connection);
}

static void free_stream(void *data)
{
	struct running_stream *stream = data;

	if (stream->waits)
		DL_DELETE(stream->waiting->list, stream);
	stream->is.free(stream->is.data);
	free(stream);
}

struct MHD_Response *stream_response(const struct http_stream *stream, struct MHD_Connection *connection,
				     struct waiting_streams *waiting)
{
	struct running_stream *running = new0(struct running_stream);
	struct MHD_Response *response;

	*running = (struct running_stream){ .is = *stream, .connection = connection, .waiting = waiting };
	/* Whoever listens may stay silent, and read when it likes. */
	if (stream->waits)
		MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, running, free_stream);
	if (!response)
		free_stream(running);
	return response;
}

bool streams_wake(struct waiting_streams *waiting)
{
	struct running_stream *stream, *next;
	bool any = false;

	DL_FOREACH_SAFE(waiting->list, stream, next)
	{
		resume(stream);
		any = true;
	}
	return any;
}

bool streams_wake_gone(struct waiting_streams *waiting)
{
	struct running_stream *stream, *next;
	bool any = false;

	DL_FOREACH_SAFE(waiting->list, stream, next)
	{
		if (!is_gone(stream->connection))
			continue;
		resume(stream);
		any = true;
	}
	return any;
}
