/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. An identity as text, which outlives the pods: what its
 * number is kept under, and what it is known again by when only the kernel's
 * tables still refer to it.
 */
#ifndef WEIR_POLICY_IDENTITY_KEY_H
#define WEIR_POLICY_IDENTITY_KEY_H

#include <stdio.h>

#include "object/object.h"

/* "namespace;label=value,label=value,;service account;port=protocol/number,"; of a node all but the labels is empty;
 * "%service;namespace/name". */
void identity_key_write(FILE *out, const struct object *pod);
/* A pod, node or service that is all that the key says, without addresses; the caller frees. NULL when the key is no
 * identity's. */
struct object *identity_key_parse(const char *key);

#endif
