/* SPDX-License-Identifier: BSD-2-Clause */
/* The CLI's side of the control socket (docs/api.md). */
#ifndef WEIR_CLI_CLIENT_H
#define WEIR_CLI_CLIENT_H

#include <jansson.h>

#include "base/cleanup.h"
#include "base/error.h"

struct request {
	const char *socket;
	const char *method; /* "GET" */
	const char *path;   /* "/v1/status", with its query */
	const char *body;   /* or NULL */
	long seconds;	    /* to wait for the whole answer; 0: long enough for a large policy */
};

struct reply {
	long status; /* HTTP */
	char *text;  /* never NULL */
	size_t length;
};

void reply_free(struct reply *reply); /* what it holds */

/*
 * Sends the request and waits for the whole answer, whatever its status.
 * -EHOSTDOWN with a clear word in error when the agent can't be reached.
 */
int client_send(const struct request *request, struct reply *ret, struct error *error);

/*
 * Like client_send, for calls that answer with JSON. A status of 400 and above
 * is -EREMOTEIO with the agent's own words in error; *ret_json is then set too
 * when the agent sent an object, so that its "errors" can be told.
 */
int client_call(const struct request *request, json_t **ret_json, struct error *error);

/* GET path. */
int client_get(const char *socket, const char *path, json_t **ret_json, struct error *error);

/* One name=value of a query. */
struct query {
	const char *name;  /* NULL ends a query */
	const char *value; /* NULL: left out */
};

/* "PATH?name=value&...", values escaped; the caller frees. */
char *client_path(const char *path, const struct query *query);

#endif
