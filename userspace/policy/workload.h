/* SPDX-License-Identifier: BSD-2-Clause */
/* What people call those that policy tells apart: not pods, which come and go, but what they are pods of. */
#ifndef WEIR_POLICY_WORKLOAD_H
#define WEIR_POLICY_WORKLOAD_H

#include <stdint.h>

#include "object/object.h"
#include "policy/numbering.h"

/*
 * "shop/frontend": by the label app.kubernetes.io/name, app or k8s-app, else by
 * what made the pod, else by its own name. "shop/service:frontend" of a
 * Service, "node" of a Node. The caller frees.
 */
char *workload_name(const struct object *owner);
/* What an identity is called: "world", "node", or as above. Never NULL. */
const char *workload_of(const struct numbering *identities, uint32_t identity);

#endif
