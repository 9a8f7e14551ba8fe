// SPDX-License-Identifier: BSD-2-Clause
/* weir wait: until the agent is there and everything its sources hold is enforced. */
#include <errno.h>
#include <time.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

#define PAUSE_MS     20 /* at first; doubles up to PAUSE_MAX_MS */
#define PAUSE_MAX_MS 640

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int say_settled(const struct invocation *invocation, const json_t *reply)
{
	if (invocation->format == OUTPUT_JSON || invocation->format == OUTPUT_YAML)
		output_json(invocation->format, reply, stdout);
	else
		printf("settled at policy revision %lld\n",
		       (long long)json_integer_value(json_object_get(reply, "revision")));
	return EXIT_DONE;
}

static int say_unsettled(const json_t *reply, unsigned seconds)
{
	const json_t *reason;
	size_t i;

	json_array_foreach (json_object_get(reply, "reasons"), i, reason)
		fprintf(stderr, "weir: not settled: %s\n", json_string_value(reason) ?: "");
	return say_failed("wait: not settled within %u s (see weir status)", seconds);
}

/* The agent can't be waited for by anything but asking it again: its socket may not exist yet. */
static int wait_settled(const struct invocation *invocation, unsigned seconds)
{
	const struct request request = { .socket = invocation->socket, .method = "POST", .path = "/v1/settle" };
	double deadline = now() + seconds;
	long pause = PAUSE_MS;

	for (;;) {
		json_auto_t *reply = NULL;
		struct error error = { 0 };
		int r = client_call(&request, &reply, &error);

		if (!r && json_is_true(json_object_get(reply, "settled")))
			return say_settled(invocation, reply);
		if (r && r != -EHOSTDOWN)
			return say_error(&error);
		if (now() >= deadline)
			return r ? say_error(&error) : say_unsettled(reply, seconds);
		nanosleep(&(struct timespec){ .tv_nsec = pause * 1000000 }, NULL);
		pause = pause < PAUSE_MAX_MS ? 2 * pause : pause;
	}
}

int command_wait(const struct invocation *invocation)
{
	unsigned seconds = 30;

	if (!option_given(invocation, "settled"))
		return wrong_usage(invocation, "say what to wait for: --settled");
	if (option_number(invocation, "timeout", 0, 86400, &seconds))
		return EXIT_USAGE;
	return wait_settled(invocation, seconds);
}
