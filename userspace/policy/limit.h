/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. A limit as written -> the GCRA parameters of the image.
 *
 * The packet's side, per packet of n units, in ticks of 1/64 ns:
 *
 *	cost(n) = (n * mult) >> shift
 *	tat = max(tat, now); new = tat + cost(n)
 *	conforms iff new - now <= burst; then tat = new
 *
 * with burst = cost(units of burst). So from idle exactly the burst conforms
 * back to back, and what is larger than the whole burst never does.
 */
#ifndef WEIR_POLICY_LIMIT_H
#define WEIR_POLICY_LIMIT_H

#include "base/error.h"
#include "object/policy.h"
#include "weir/image.h"

/* A packet is at most this many units, so that n * mult can't overflow. */
#define LIMIT_UNITS_MAX (1u << 20)

/* A byte burst below one full Ethernet frame would never let one pass; it is raised to this. */
#define LIMIT_BYTES_BURST_MIN 1514u

/* What is enforced: the burst raised where it must be. */
struct policy_limit limit_effective(const struct policy_limit *limit);

/*
 * limit: effective, and a rate. -ERANGE when its numbers can't be kept. bucket is
 * left zero; of the flags, those of the scope and of onExceed are set.
 */
int limit_parameters(const struct policy_limit *limit, struct weir_image_limit *ret, struct error *error);

#endif
