/* SPDX-License-Identifier: BSD-2-Clause */
/* A runtime's list of plugins, with and without weir-cni. All else in it stays as it is. */
#ifndef WEIR_CNI_CONFLIST_H
#define WEIR_CNI_CONFLIST_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

#define CONFLIST_TYPE "weir-cni"

/*
 * *ret: the list with weir-cni twice, as the gate before all others and last. A configuration of a single plugin
 * becomes a list. socket: NULL is the default. -EINVAL when it is neither.
 */
int conflist_add(const json_t *config, const char *socket, json_t **ret, struct error *error);
/* *ret: the list without. */
int conflist_remove(const json_t *config, json_t **ret, struct error *error);
bool conflist_has(const json_t *config);

#endif
