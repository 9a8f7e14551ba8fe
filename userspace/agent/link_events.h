/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is told of what rtnetlink says of interfaces, and in which order. */
#ifndef WEIR_AGENT_LINK_EVENTS_H
#define WEIR_AGENT_LINK_EVENTS_H

#include "agent/core.h"

/* For links_open(). */
struct links_events link_events(struct agent *agent);

#endif
