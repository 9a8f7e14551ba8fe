/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/timestamp.h"
#include "base/utf8.h"

static enum log_level log_threshold = LOG_LEVEL_INFO;

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_ERROR] = "error",
};

/* As the journal takes them off the front of a line: what journalctl --priority goes by. */
static const int priorities[] = {
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_ERROR] = LOG_ERR,
};

void log_open(enum log_level level)
{
	log_threshold = level;
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

/* systemd says which stream is its journal's, as what was started there may have another one. */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	_cleanup_free_ char *own = NULL;
	struct stat is;

	if (!stream || fstat(fd, &is) < 0 ||
	    asprintf(&own, "%" PRIuMAX ":%" PRIuMAX, (uintmax_t)is.st_dev, (uintmax_t)is.st_ino) < 0)
		return false;
	return strcmp(stream, own) == 0;
}

void log_entry(enum log_level level, const json_t *entry)
{
	_cleanup_free_ char *line = NULL;

	if (level < log_threshold)
		return;
	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "%s %-7s %s\n", json_string_value(json_object_get(entry, "time")), level_names[level],
			json_string_value(json_object_get(entry, "message")));
		return;
	}
	line = json_dumps(entry, JSON_COMPACT);
	if (line && is_journal(STDERR_FILENO))
		fprintf(stderr, "<%d>%s\n", priorities[level], line);
	else if (line)
		fprintf(stderr, "%s\n", line);
}

void log_write(enum log_level level, const char *format, ...)
{
	_cleanup_free_ char *message = NULL;
	char now[TIMESTAMP_MAX];
	int saved = errno;
	json_t *entry;
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
		entry = json_pack("{s:s, s:s, s:s}", "time", timestamp_format(timestamp_now(), now), "severity",
				  level_names[level], "message", message);
		log_entry(level, entry);
		json_decref(entry);
	}
	errno = saved;
}
