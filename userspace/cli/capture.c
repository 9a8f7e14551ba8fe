// SPDX-License-Identifier: BSD-2-Clause
/* weir capture: packets from the agent into a file, each whole block as it comes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "cli/client_stream.h"
#include "cli/command.h"
#include "cli/output.h"
#include "object/quantity.h"
#include "observe/pcapng.h"

#define STANDARD_OUTPUT "-"
#define PROGRESS_NS	200000000ull

struct capture_output {
	const char *path;
	FILE *file; /* NULL until the agent has agreed */
	bool shows; /* progress, on a terminal */
	uint64_t shown;
	uint64_t packets, lost, bytes;
	pcapng_bytes pending; /* not a whole block yet */
	struct error error;
};

static bool is_pipe(const struct capture_output *output)
{
	return strcmp(output->path, STANDARD_OUTPUT) == 0;
}

/* It is overwritten, as tcpdump does; what is in it is for its owner alone. */
static bool open_file(struct capture_output *output)
{
	struct stat about;
	int fd;

	if (is_pipe(output)) {
		output->file = stdout;
		return true;
	}
	fd = open(output->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode))
		fchmod(fd, 0600);
	output->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!output->file)
		error_set(&output->error, -errno, "capture: %s: %s", output->path, strerror(errno));
	return output->file;
}

static void show_progress(struct capture_output *output)
{
	struct timespec now;
	uint64_t ns;

	if (!output->shows)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (ns - output->shown < PROGRESS_NS)
		return;
	output->shown = ns;
	fprintf(stderr, "\r%s packets, %s bytes (Ctrl-C ends it) ", output_count(output->packets),
		output_count(output->bytes));
}

/* False: it is no pcapng. */
static bool take_block(struct capture_output *output, size_t at, int64_t *ret_length)
{
	const uint8_t *block = output->pending.items + at;
	uint32_t type = 0;
	const int64_t length = pcapng_block(block, output->pending.n - at, &type);

	if (length < 0) {
		error_set(&output->error, -EPROTO, "capture: what the agent sends is no pcapng");
		return false;
	}
	if (length > 0 && type == PCAPNG_BLOCK_PACKET)
		output->packets++;
	else if (length > 0 && type == PCAPNG_BLOCK_STATISTICS)
		output->lost += pcapng_dropped(block, (size_t)length);
	*ret_length = length;
	return true;
}

/* A reader of the pipe that has seen enough is no failure. */
static bool write_blocks(struct capture_output *output, size_t n)
{
	if (fwrite(output->pending.items, 1, n, output->file) == n && fflush(output->file) == 0) {
		output->bytes += n;
		return true;
	}
	if (errno != EPIPE || !is_pipe(output))
		error_set(&output->error, -errno, "capture: %s: %s", is_pipe(output) ? "standard output" : output->path,
			  strerror(errno));
	clearerr(output->file);
	return false;
}

static bool take(void *data, const void *bytes, size_t n)
{
	struct capture_output *output = data;
	pcapng_bytes *pending = &output->pending;
	int64_t length = 0;
	size_t whole = 0;

	if (!output->file && !open_file(output))
		return false;
	vec_grow((void **)&pending->items, &pending->capacity, pending->n + n, 1);
	memcpy(pending->items + pending->n, bytes, n);
	pending->n += n;
	do {
		if (!take_block(output, whole, &length))
			return false;
		whole += (size_t)length;
	} while (length);
	if (whole && !write_blocks(output, whole))
		return false;
	pending->n -= whole;
	memmove(pending->items, pending->items + whole, pending->n);
	show_progress(output);
	return true;
}

static void say_summary(const struct capture_output *output)
{
	fprintf(stderr, "%s%s packets, %s lost%s%s\n", output->shows ? "\r\033[K" : "", output_count(output->packets),
		output_count(output->lost), is_pipe(output) ? "" : ", to ", is_pipe(output) ? "" : output->path);
}

static int run(const struct invocation *invocation, const char *path, struct capture_output *output)
{
	const struct request request = { .socket = invocation->socket, .method = "GET", .path = path };
	const struct stream_sink sink = { take, output };
	struct error error = {};
	int r;

	signal(SIGPIPE, SIG_IGN);
	output->shows = isatty(STDERR_FILENO);
	r = client_stream(&request, &sink, &error);
	if (output->file && !is_pipe(output) && fclose(output->file) != 0 && !output->error.code)
		error_set(&output->error, -errno, "capture: %s: %s", output->path, strerror(errno));
	if (output->file)
		say_summary(output);
	if (r)
		return say_error(&error);
	return output->error.code ? say_error(&output->error) : EXIT_DONE;
}

/* "100M" as the number of bytes that it is. */
static int size_text(const struct invocation *invocation, char **ret)
{
	const char *text = option_value(invocation, "size", NULL);
	uint64_t milli;

	if (!text)
		return EXIT_DONE;
	if (quantity_parse(text, &milli) < 0 || milli % 1000)
		return wrong_usage(invocation, "--size %s: not a number of bytes, like 500k or 100Mi", text);
	*ret = xasprintf("%llu", (unsigned long long)milli / 1000);
	return EXIT_DONE;
}

static int check_usage(const struct invocation *invocation, const char *path)
{
	if (!path)
		return wrong_usage(invocation, "say where to: -w FILE, or -w - for standard output");
	if (strcmp(path, STANDARD_OUTPUT) == 0 && isatty(STDOUT_FILENO))
		return wrong_usage(invocation,
				   "standard output is a terminal (use -w FILE, or pipe it: | tshark -r -)");
	if (option_given(invocation, "headers-only") && option_given(invocation, "snaplen"))
		return wrong_usage(invocation, "--headers-only or --snaplen, not both");
	return EXIT_DONE;
}

int command_capture(const struct invocation *invocation)
{
	struct capture_output output = { .path = option_value(invocation, "write", NULL) };
	_cleanup_free_ char *size = NULL, *path = NULL;
	int code = check_usage(invocation, output.path) ?: size_text(invocation, &size);
	const struct query query[] = {
		{ "drops", option_given(invocation, "drops") ? "true" : NULL },
		{ "headers", option_given(invocation, "headers-only") ? "true" : NULL },
		{ "pod", option_value(invocation, "pod", NULL) },
		{ "host", option_value(invocation, "host", NULL) },
		{ "port", option_value(invocation, "port", NULL) },
		{ "protocol", option_value(invocation, "protocol", NULL) },
		{ "count", option_value(invocation, "count", NULL) },
		{ "seconds", option_value(invocation, "seconds", NULL) },
		{ "snaplen", option_value(invocation, "snaplen", NULL) },
		{ "bytes", size },
		{},
	};

	if (code)
		return code;
	path = client_path("/v1/capture", query);
	code = run(invocation, path, &output);
	vec_free(&output.pending);
	return code;
}
