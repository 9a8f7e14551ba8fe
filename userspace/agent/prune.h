/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that nothing uses any more are freed, so that a cluster in which
 * policies and pods come and go never runs out of them. In use is what the
 * image in force or the kernel's tables refer to; a flow refers to a counter
 * only under the running generation, so only to one of the image in force.
 */
#ifndef WEIR_AGENT_PRUNE_H
#define WEIR_AGENT_PRUNE_H

#include "agent/core.h"

/* When a policy has been put in force. A rule that comes back soon finds its counters and buckets as they were. */
void prune_idle(struct agent *agent);
/* When numbers have run out: everything that is not in use. */
void prune_all(struct agent *agent);

#endif
