/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of root's rights the process has left. */
#ifndef WEIR_AGENT_PRIVILEGES_H
#define WEIR_AGENT_PRIVILEGES_H

#include <stddef.h>

#include "base/error.h"

/*
 * Gives up every capability that is not among these, for good where the process
 * may say so (CAP_SETPCAP): from the bounding set too, and root's number gives
 * none back. Nor does a program that it would run: no_new_privs. May be called
 * again with fewer.
 */
int privileges_keep(const int *capabilities, size_t n, struct error *error);
/* "bpf net_admin perfmon"; the caller frees. */
char *privileges_text(void);

#endif
