/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. What policies and rules are called: to people
 * (struct rule_ref), and in the keys that numbers are kept under.
 */
#ifndef WEIR_POLICY_REFS_H
#define WEIR_POLICY_REFS_H

#include <stdio.h>

#include "policy/compile.h"
#include "policy/ruleset.h"

struct rule_ref policy_ref_of(const struct ruleset *rules, uint32_t policy);
struct rule_ref rule_ref_of(const struct ruleset *rules, uint32_t rule);
void rule_ref_free(struct rule_ref *rule);
void decision_info_free(struct decision_info *info); /* what it holds */

const char *direction_name(enum weir_direction direction);

/* "NetworkPolicy shop/backend" */
void policy_key_write(FILE *out, const struct object *policy);
/* "NetworkPolicy shop/backend from-frontend", or "... [0]": an index can't be mistaken for a name. */
void rule_key_write(FILE *out, const struct ruleset *rules, uint32_t rule);
/* "TrafficPolicy shop/backend ingress from-frontend limit 0"; the caller frees. */
char *limit_key(const struct ruleset *rules, uint32_t rule, uint32_t index);

#endif
