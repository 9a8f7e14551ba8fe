/* SPDX-License-Identifier: BSD-2-Clause */
/* What `weir get limits` knows of limits beyond other lists: rates, from two reads, and how the cells read. */
#ifndef WEIR_CLI_LIMITS_H
#define WEIR_CLI_LIMITS_H

#include <jansson.h>

#include "base/error.h"
#include "cli/command.h"

#define LIMITS_PATH "/v1/limits"

/*
 * Reads the limits again after a second, and gives each item of list the rates
 * of that time in its own unit: offeredRate, deliveredRate, droppedRate. One
 * that is not there any more gets none. Returns the program's exit code.
 */
int limits_measure(const struct invocation *invocation, json_t *list, struct error *error);

/* Cells of one limit; the caller frees. */
char *limit_unit(const json_t *limit);	    /* "packets", "bytes", "connections" */
char *limit_offered(const json_t *limit);   /* a second; NULL: not measured */
char *limit_delivered(const json_t *limit); /* of that, what was within the limit */
char *limit_dropped(const json_t *limit);
char *limit_top(const json_t *limit); /* "10.0.0.7: 1,234, 10.0.0.9: 5" */

#endif
