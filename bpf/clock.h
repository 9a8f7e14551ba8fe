/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The coarse clock of flow state. Jiffies cost a load where bpf_ktime_get_ns()
 * costs as much as a hash look-up, and ticks of a quarter of a second make
 * most packets find their entry's time as it should be, and not write it.
 */
#ifndef WEIR_BPF_CLOCK_H
#define WEIR_BPF_CLOCK_H

#include <stdbool.h>

#include "maps.h"

static __always_inline __u32 clock_ticks(void)
{
	return bpf_jiffies64() >> weir_tick_shift;
}

/* Ticks wrap after 30 years; what another CPU has seen a moment ago may be ahead of this one's clock. */
static __always_inline bool has_expired(__u32 seen, __u32 now, __u32 timeout)
{
	const __s32 age = now - seen;

	return age > 0 && (__u32)age > timeout;
}

static __always_inline bool flow_has_expired(const struct weir_flow *flow, __u32 now)
{
	return has_expired(flow->seen, now, weir_control.timeouts[flow->state % WEIR_FLOW_STATES]);
}

#endif
