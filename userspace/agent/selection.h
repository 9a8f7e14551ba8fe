/* SPDX-License-Identifier: BSD-2-Clause */
/* What policies make of pods, for lists that people read. */
#ifndef WEIR_AGENT_SELECTION_H
#define WEIR_AGENT_SELECTION_H

#include "policy/world.h"

/* "isolated"; "audited": only by policies in audit mode, so nothing is stopped; "open". */
const char *pod_isolation(const struct world *world, const struct object *pod, enum weir_direction direction);

#endif
