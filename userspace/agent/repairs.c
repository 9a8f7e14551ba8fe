// SPDX-License-Identifier: BSD-2-Clause
#include "agent/hook_health.h"

bool repairs_take(struct repairs *repairs, uint64_t now)
{
	if (repairs->n && now - repairs->since >= REPAIRS_WINDOW_MS)
		repairs->n = 0;
	if (repairs->n >= REPAIRS_AT_ONCE && now - repairs->last < REPAIRS_PAUSE_MS)
		return false;
	if (repairs->n++ == 0)
		repairs->since = now;
	repairs->last = now;
	return true;
}
