/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plugin's side of the agent's socket (docs/api.md). It runs in the root
 * file system of the node, which need not have a single library, so it is
 * linked statically; libcurl can't be. One request a connection, by HTTP/1.0,
 * is all that it needs of HTTP.
 */
#ifndef WEIR_CNI_CALL_H
#define WEIR_CNI_CALL_H

#include <jansson.h>

#include "base/error.h"

struct call {
	const char *socket;
	const char *method, *path;
	const json_t *body; /* or NULL */
	long seconds;	    /* for all of it */
};

/*
 * *ret_json: the answer. -EHOSTDOWN when there is no agent or it doesn't
 * answer, -EAGAIN when it can't do so now, -ENOSYS when it knows no such path, -EREMOTEIO when it refuses, -EPROTO
 * when whoever answers is no agent; with why in error.
 */
int call_agent(const struct call *call, json_t **ret_json, struct error *error);

#endif
