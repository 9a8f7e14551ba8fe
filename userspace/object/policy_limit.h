/* SPDX-License-Identifier: BSD-2-Clause */
/* The limits of a TrafficPolicy's rule. */
#ifndef WEIR_OBJECT_POLICY_LIMIT_H
#define WEIR_OBJECT_POLICY_LIMIT_H

#include "object/field.h"

/* target: struct policy_rule */
void read_ingress_limits(const struct field *field, void *target);
void read_egress_limits(const struct field *field, void *target);

#endif
