/* SPDX-License-Identifier: BSD-2-Clause */
/* What policies of every kind are made of. Each reader's target is named in its comment. */
#ifndef WEIR_OBJECT_POLICY_PARTS_H
#define WEIR_OBJECT_POLICY_PARTS_H

#include "object/field.h"
#include "object/policy.h"

void read_selector(const struct field *field, void *target); /* struct selector */
void read_peers(const struct field *field, void *target);    /* struct policy_rule */
void read_cidr(const struct field *field, void *target);     /* struct policy_peer */
void read_ports(const struct field *field, void *target);    /* struct policy_rule */
void read_protocol(const struct field *field, void *target); /* uint8_t: IPPROTO_* */

void read_pod_selector(const struct field *field, void *target); /* struct policy */
void read_policy_types(const struct field *field, void *target); /* struct policy */

/* The directions that are isolated when none is named, and a warning for rules that have no effect. */
void finish_policy_types(const struct field *spec, struct policy *policy);

/* Appends a rule to a direction and has its members read into it. */
struct policy_rule *read_rule(const struct field *field, struct policy *policy, enum weir_direction direction,
			      const struct member *members, size_t n);

#endif
