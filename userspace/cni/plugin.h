/* SPDX-License-Identifier: BSD-2-Clause */
/* The CNI plugin: one command, from environment and standard input to standard output. */
#ifndef WEIR_CNI_PLUGIN_H
#define WEIR_CNI_PLUGIN_H

#include "cni/request.h"

/* The exit code; prints the result, or the error, and nothing else. */
int plugin_run(const struct cni_environment *environment);

#endif
