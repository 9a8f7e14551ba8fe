/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/utf8.h"

#define TIME_TEXT_MAX sizeof("2026-01-02T03:04:05.678Z")

static enum log_level log_threshold = LOG_LEVEL_INFO;

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_ERROR] = "error",
};

void log_open(enum log_level level)
{
	log_threshold = level;
}

static void format_time(char text[static TIME_TEXT_MAX])
{
	struct timespec now;
	struct tm utc;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	used = strftime(text, TIME_TEXT_MAX, "%FT%T", &utc);
	snprintf(text + used, TIME_TEXT_MAX - used, ".%03uZ", (unsigned)(now.tv_nsec / 1000000) % 1000);
}

static void write_json(const char *now, enum log_level level, const char *message)
{
	_cleanup_free_ char *line = NULL;
	json_t *entry = json_pack("{s:s, s:s, s:s}", "time", now, "level", level_names[level], "message", message);

	line = json_dumps(entry, JSON_COMPACT);
	json_decref(entry);
	if (line)
		fprintf(stderr, "%s\n", line);
}

void log_write(enum log_level level, const char *format, ...)
{
	_cleanup_free_ char *message = NULL;
	char now[TIME_TEXT_MAX];
	int saved = errno;
	va_list args;

	if (level < log_threshold)
		return;
	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	if (message) {
		/* Messages quote what others wrote: nothing of it may steer a terminal or end the line. */
		utf8_printable(message);
		format_time(now);
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "%s %-7s %s\n", now, level_names[level], message);
		else
			write_json(now, level, message);
	}
	errno = saved;
}
