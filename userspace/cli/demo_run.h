/* SPDX-License-Identifier: BSD-2-Clause */
/* The demo's child processes: this very program, as a user would run it. */
#ifndef WEIR_CLI_DEMO_RUN_H
#define WEIR_CLI_DEMO_RUN_H

#include <sys/types.h>

#include "base/error.h"

/* Starts `weir ARGUMENT...` (ended by NULL), which dies with us; its output goes to log where given. Its pid or -errno.
 */
pid_t demo_spawn(const char *const arguments[], const char *log);

/* Shows the command as typed, runs it and waits. Its exit code, or -errno. */
int demo_run(const char *const arguments[]);

/* Waits until the agent enforces what its sources hold; an agent that ends instead is an error, with its last words. */
int demo_await_agent(pid_t agent, const char *log, struct error *error);

/* SIGTERM, and SIGKILL for one that takes longer than five seconds. */
void demo_stop(pid_t pid);

#endif
