/* SPDX-License-Identifier: BSD-2-Clause */
/* What the admin and baseline policies of policy.networking.k8s.io are made of. */
#ifndef WEIR_OBJECT_TIER_PARTS_H
#define WEIR_OBJECT_TIER_PARTS_H

#include "object/field.h"
#include "object/policy.h"

/* v1alpha1 and v1alpha2 bound their lists differently. */
#define TIER_LIST_V1ALPHA1 100u
#define TIER_LIST_V1ALPHA2 25u

/* Both versions; in v1alpha2 a pods peer may leave its namespaceSelector out. struct policy and struct policy_rule. */
void read_tier_subject_v1alpha1(const struct field *field, void *target);
void read_tier_subject_v1alpha2(const struct field *field, void *target);
void read_tier_from_v1alpha1(const struct field *field, void *target);
void read_tier_from_v1alpha2(const struct field *field, void *target);
void read_tier_to_v1alpha1(const struct field *field, void *target);
void read_tier_to_v1alpha2(const struct field *field, void *target);

void read_tier_ports(const struct field *field, void *target);	   /* v1alpha1; struct policy_rule */
void read_tier_protocols(const struct field *field, void *target); /* v1alpha2; struct policy_rule */

/* Reports a mapping with none or several members, and answers false. */
bool tier_exactly_one(const struct field *mapping);
/* Reports a list that is empty or longer than max. */
void tier_check_length(const struct field *list, size_t max);

#endif
