/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's log, to stderr: text on a terminal, one JSON object a line
 * otherwise: {"time", "severity", "message"} and what else is known, by the names
 * that events have (docs/events.md). Before it, for systemd's journal, the
 * priority as that takes it off.
 */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

#include <jansson.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

const char *log_level_name(enum log_level level); /* "warning" */

/* Says nothing below level. Before the first call everything from info up is written, as text or JSON by isatty(2). */
void log_open(enum log_level level);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An entry that has "time", "severity", "message" and more; text says time and message of it. */
void log_entry(enum log_level level, const json_t *entry);

#define log_debug(...)	 log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)	 log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...)	 log_write(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
