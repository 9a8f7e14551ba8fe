/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of the agent that last: taken piece by piece as they come, until they end or somebody interrupts. */
#ifndef WEIR_CLI_CLIENT_STREAM_H
#define WEIR_CLI_CLIENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/client.h"

struct stream_sink {
	/* False: that was enough. */
	bool (*take)(void *data, const void *bytes, size_t n);
	void *data;
};

/*
 * The first SIGINT or SIGTERM tells the agent, by closing our side of the
 * connection, that no more is wanted, and takes what it ends with; the second
 * breaks off. -EHOSTDOWN: the agent can't be reached; -EREMOTEIO: it refuses,
 * in its words; -ECONNABORTED: it went away before the end.
 */
int client_stream(const struct request *request, const struct stream_sink *sink, struct error *error);

#endif
