/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only an agent can count (errors, how long applies took, events, what a
 * collector took), kept in the state directory so that it goes on with the next
 * one. A reader is told no more than is on disk: no crash takes back what was
 * said.
 */
#ifndef WEIR_AGENT_COUNTS_H
#define WEIR_AGENT_COUNTS_H

#include <stdbool.h>

#include "base/error.h"

struct agent;

/*
 * Sets the agent's counters to what the one before left, where there is any: to
 * be called before anything is counted. A file that can't be used is logged, and
 * they begin at zero. same_tables: the kernel's are those that it had.
 */
int counts_restore(struct agent *agent, bool same_tables, struct error *error);
/* To be called before they are told of, and at the end. Writes only what has changed. */
int counts_save(struct agent *agent, struct error *error);

#endif
