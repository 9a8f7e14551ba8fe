/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP by libmicrohttpd, driven by the event loop: its epoll descriptor is one
 * descriptor of the loop, and its timeouts are one timer. Requests are routed
 * by a table; whatever is no route gets its JSON error here.
 */
#ifndef WEIR_AGENT_HTTP_H
#define WEIR_AGENT_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

#include "base/error.h"

/* The codes that this API answers with; libmicrohttpd's names differ between its versions. */
enum http_status {
	HTTP_OK = 200,
	HTTP_BAD_REQUEST = 400,
	HTTP_FORBIDDEN = 403,
	HTTP_NOT_FOUND = 404,
	HTTP_METHOD_NOT_ALLOWED = 405,
	HTTP_CONFLICT = 409,
	HTTP_TOO_LARGE = 413,
	HTTP_MISDIRECTED = 421,
	HTTP_UNPROCESSABLE = 422,
	HTTP_INTERNAL_ERROR = 500,
	HTTP_UNAVAILABLE = 503,
	HTTP_NO_SPACE = 507,
};

struct http_request {
	const char *body; /* NUL-terminated */
	size_t length;
	void *connection; /* of http.c */
};

/* What follows the question mark; NULL when it isn't there. */
const char *http_query(const struct http_request *request, const char *name);
/* Whether it is there and says "true", "1" or nothing. */
bool http_flag(const struct http_request *request, const char *name);
/* The client's socket; valid while its request is, or the stream that answers it. */
int http_client(const struct http_request *request);

/* A header of the request; NULL when it isn't there. */
const char *http_request_header(const struct http_request *request, const char *name);

/*
 * An answer that is made while it is sent, for what may be long. Pieces are
 * asked for when the client has room for more, between other work of the loop,
 * so each should be short work.
 */
struct http_stream {
	/*
	 * Writes some of the text, one byte at least. 0: that was all; -EAGAIN:
	 * there is none now, and it is asked again after http_wake(); another
	 * -errno: the connection is broken off.
	 */
	ssize_t (*read)(void *data, char *buffer, size_t size);
	void (*free)(void *data);
	void *data;
	bool waits; /* it may answer -EAGAIN, so silence doesn't end the connection */
};

struct http_reply {
	enum http_status status;   /* HTTP_OK unless set */
	json_t *json;		   /* the answer, taken over */
	char *text;		   /* or this text, taken over */
	struct http_stream stream; /* or this one, of JSON, taken over */
	const char *content_type;  /* of text */
};

/* Makes the reply an error: {"error": text}. */
void http_fail(struct http_reply *reply, enum http_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct http_route {
	const char *method;
	const char *path;
	void (*answer)(void *data, const struct http_request *request, struct http_reply *reply);
};

struct http_header {
	const char *name; /* NULL ends a list */
	const char *value;
};

struct http_service {
	const struct http_route *routes;
	size_t n_routes;
	void *data;
	const struct http_header *headers; /* of every answer, errors too; NULL: none */
	/* Whether a request is for this service at all; the reply says why not. NULL: every one is. */
	bool (*admits)(void *data, const struct http_request *request, struct http_reply *reply);
	bool is_local; /* a unix socket: peer.h says who is admitted, guests.h how often */
};

struct http;

/* Takes listen_fd over. service is copied. */
int http_start(uv_loop_t *loop, int listen_fd, const struct http_service *service, struct http **ret,
	       struct error *error);
/* There may be something now for the streams that wait. */
void http_wake(struct http *http);
/* Ends every connection and closes the handles; freed when the loop has closed them. */
void http_stop(struct http *http);

#endif
