/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which system calls the process may make from now on, in all its threads. What
 * the agent and its libraries use is allowed; what nobody but an intruder would
 * ask for ends the process; anything else is answered EPERM, so that a library
 * of another distribution that asks for more goes on without.
 */
#ifndef WEIR_AGENT_SYSCALLS_H
#define WEIR_AGENT_SYSCALLS_H

#include "base/error.h"

/* -EOPNOTSUPP where the kernel has no seccomp. */
int syscalls_confine(struct error *error);

#endif
