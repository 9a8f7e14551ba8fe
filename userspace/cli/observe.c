// SPDX-License-Identifier: BSD-2-Clause
/* weir observe: the events of the agent, as they are kept and as they come. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/mem.h"
#include "cli/client_lines.h"
#include "cli/observe_text.h"

#define LAST_WHEN_FOLLOWING "10"
#define LAST_OTHERWISE	    "100"

static unsigned terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

static void take_line(void *data, const char *line)
{
	json_auto_t *event = json_loads(line, 0, NULL);
	struct event_printer *printer = data;

	if (!json_is_object(event))
		return;
	printer->width = terminal_width(); /* it may have another one by now */
	if (!printer->begun)
		event_printer_begin(printer);
	event_print(printer, event);
}

/* Whoever reads has what there is; when nobody does any more, there is nothing left to do. */
static bool keep_up(void *data)
{
	const struct event_printer *printer = data;
	struct pollfd reader = { .fd = STDOUT_FILENO };

	return fflush(printer->out) == 0 && !(poll(&reader, 1, 0) > 0 && reader.revents & POLLERR);
}

/* Repeated, they are one list. */
static char *join(const struct invocation *invocation, const char *option)
{
	size_t position = 0;
	const char *value;
	char *list = NULL;

	while ((value = option_next(invocation, option, &position))) {
		_cleanup_free_ char *before = list;

		list = before ? xasprintf("%s,%s", before, value) : xstrdup(value);
	}
	return list;
}

static char *events_path(const struct invocation *invocation, bool follow)
{
	_cleanup_free_ char *labels = join(invocation, "label");
	_cleanup_free_ char *types = join(invocation, "type");
	_cleanup_free_ char *reasons = join(invocation, "reason");
	_cleanup_free_ char *verdicts = join(invocation, "verdict");
	const char *since = option_value(invocation, "since", NULL);
	const char *few = follow ? LAST_WHEN_FOLLOWING : LAST_OTHERWISE;
	const struct query query[] = {
		{ "follow", follow ? "true" : NULL },
		{ "since", since },
		{ "last", option_value(invocation, "last", since ? NULL : few) },
		{ "namespace", option_value(invocation, "namespace", NULL) },
		{ "pod", option_value(invocation, "pod", NULL) },
		{ "from", option_value(invocation, "from", NULL) },
		{ "to", option_value(invocation, "to", NULL) },
		{ "label", labels },
		{ "verdict", verdicts },
		{ "reason", reasons },
		{ "port", option_value(invocation, "port", NULL) },
		{ "protocol", option_value(invocation, "protocol", NULL) },
		{ "type", types },
		{},
	};

	return client_path("/v1/events", query);
}

int command_observe(const struct invocation *invocation)
{
	const bool follow = option_given(invocation, "follow");
	struct event_printer printer = {
		.out = stdout,
		.format = invocation->format,
		.color = invocation->color,
	};
	const struct client_lines lines = { .take = take_line, .pause = keep_up, .data = &printer, .follows = follow };
	_cleanup_free_ char *path = events_path(invocation, follow);
	const struct request request = { .socket = invocation->socket, .method = "GET", .path = path };
	struct error error = {};

	if (client_lines(&request, &lines, &error) < 0)
		return say_error(&error);
	if (!printer.begun && invocation->format != OUTPUT_JSON && invocation->format != OUTPUT_YAML)
		fputs("no such event is kept\n", stderr);
	return EXIT_DONE;
}
