/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short way for pods that come and go: a few entries of the kernel's
 * tables in place of a compilation, wherever policy/increment.h says that the
 * image in force would be the same.
 */
#ifndef WEIR_AGENT_INCREMENT_H
#define WEIR_AGENT_INCREMENT_H

#include "agent/core.h"

/*
 * Enforces what the last refresh of the sources changed, if it can be done so.
 * False: it can't, or not wholly, and everything is to be compiled.
 */
bool increment(struct agent *agent);
/*
 * The same of a change that is not made yet: whether it can be; and, when it
 * has been made, doing it. The pods in delta become those with what the CNI
 * plugin said of them.
 */
bool increment_fits(struct agent *agent, struct objects_delta *delta);
bool increment_delta(struct agent *agent, const struct objects_delta *delta);

#endif
