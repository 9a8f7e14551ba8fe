/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to policy/. What a policy can ask for that this version can't enforce is refused, never left out. */
#ifndef WEIR_POLICY_SUPPORTED_H
#define WEIR_POLICY_SUPPORTED_H

#include "base/error.h"
#include "policy/world.h"

/* -EOPNOTSUPP: "TrafficPolicy ns/name: rule X: ... is not supported by this version". */
int check_supported(const struct world *world, struct error *error);

#endif
