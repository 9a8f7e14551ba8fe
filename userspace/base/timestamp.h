/* SPDX-License-Identifier: BSD-2-Clause */
/* Moments as people and collectors write them: RFC 3339, in UTC, with microseconds. */
#ifndef WEIR_BASE_TIMESTAMP_H
#define WEIR_BASE_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_MAX sizeof("2026-01-02T03:04:05.678901Z")

uint64_t timestamp_now(void); /* ns since 1970 */
const char *timestamp_format(uint64_t ns, char text[static TIMESTAMP_MAX]);
/* RFC 3339 with Z or an offset, with or without a fraction of a second. 0 or -EINVAL. */
int timestamp_parse(const char *text, uint64_t *ret);
/* "90s", "5m", "2h", "1d", "250ms": to ns. 0 or -EINVAL. */
int duration_parse(const char *text, uint64_t *ret);

#endif
