// SPDX-License-Identifier: BSD-2-Clause
/* weir metrics: the agent's Prometheus text, as it is. */
#include "cli/client.h"
#include "cli/command.h"

int command_metrics(const struct invocation *invocation)
{
	const struct request request = { .socket = invocation->socket, .method = "GET", .path = "/metrics" };
	struct reply reply _cleanup_(reply_free) = { 0 };
	struct error error = { 0 };

	if (client_send(&request, &reply, &error))
		return say_error(&error);
	if (reply.status != 200)
		return say_failed("metrics: the agent answers with status %ld", reply.status);
	fwrite(reply.text, 1, reply.length, stdout);
	return EXIT_DONE;
}
