/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to http.c. Answers that are made while they are sent, and those of them that wait for something to send. */
#ifndef WEIR_AGENT_HTTP_STREAM_H
#define WEIR_AGENT_HTTP_STREAM_H

#include <microhttpd.h>

#include "agent/http.h"

struct running_stream;

/* The streams that have nothing to send now. */
struct waiting_streams {
	struct running_stream *list;
};

/* Takes the stream over. NULL when libmicrohttpd has no memory. */
struct MHD_Response *stream_response(const struct http_stream *stream, struct MHD_Connection *connection,
				     struct waiting_streams *waiting);
/* Lets all of them be asked again. False: there were none. */
bool streams_wake(struct waiting_streams *waiting);
/* The same for those whose client has gone. */
bool streams_wake_gone(struct waiting_streams *waiting);

#endif
