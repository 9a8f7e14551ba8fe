/* SPDX-License-Identifier: BSD-2-Clause */
/* The result of the plugins that went before: which interfaces there are, and which addresses they have. */
#ifndef WEIR_CNI_PREVIOUS_H
#define WEIR_CNI_PREVIOUS_H

#include <jansson.h>

#include "cni/error.h"

/* Its interfaces and ips are lists of what they must be, and each address is one. */
int previous_check(const json_t *result, struct cni_error *error);
/* The addresses of a container's interface, as a list of text; of a result that was checked. */
json_t *previous_addresses(const json_t *result, const char *ifname);

#endif
