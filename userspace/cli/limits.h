/* SPDX-License-Identifier: BSD-2-Clause */
/* What `weir get limits` knows of limits beyond other lists: how the cells read. */
#ifndef WEIR_CLI_LIMITS_H
#define WEIR_CLI_LIMITS_H

#include <jansson.h>

#define LIMITS_PATH "/v1/limits"

/* Cells of one limit; the caller frees. */
char *limit_unit(const json_t *limit);	    /* "packets", "bytes", "connections" */
char *limit_offered(const json_t *limit);   /* in the last second; NULL: not measured yet */
char *limit_delivered(const json_t *limit); /* of that, what was within the limit */
char *limit_dropped(const json_t *limit);
char *limit_free(const json_t *limit); /* "40 %" of the burst */
char *limit_top(const json_t *limit);  /* "shop/frontend-1 10.0.0.7: 1,234, 10.0.0.9: 5" */

#endif
