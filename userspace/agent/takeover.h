/* SPDX-License-Identifier: BSD-2-Clause */
/* What an earlier agent left in the kernel. */
#ifndef WEIR_AGENT_TAKEOVER_H
#define WEIR_AGENT_TAKEOVER_H

#include "agent/core.h"

/* Learns it, so that the first reconcile changes only what differs. */
int take_over(struct agent *agent, struct error *error);

#endif
