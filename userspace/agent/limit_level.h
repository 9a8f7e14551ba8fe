/* SPDX-License-Identifier: BSD-2-Clause */
/* How much of a limit's burst is free. */
#ifndef WEIR_AGENT_LIMIT_LEVEL_H
#define WEIR_AGENT_LIMIT_LEVEL_H

#include "policy/compile.h"
#include "weir/maps.h"

uint64_t limit_level_now(void); /* in the ticks of limits */
/* 0 to 1; of a limit on open connections, how many more may be opened. */
double limit_level(const struct limit_info *info, const struct weir_bucket *bucket, uint64_t now);

#endif
