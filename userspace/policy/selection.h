/* SPDX-License-Identifier: BSD-2-Clause */
/* Which pods a policy selects, for what people are told. */
#ifndef WEIR_POLICY_SELECTION_H
#define WEIR_POLICY_SELECTION_H

#include "policy/world.h"

bool policy_selects(const struct object *policy, const struct object *pod);
bool pod_is_isolated(const struct world *world, const struct object *pod, enum weir_direction direction);

#endif
