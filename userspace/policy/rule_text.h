/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to policy/. Rules in the words of a sentence. */
#ifndef WEIR_POLICY_RULE_TEXT_H
#define WEIR_POLICY_RULE_TEXT_H

#include <stdio.h>

#include "object/object.h"

/* "NetworkPolicy shop/db rule from-web", or its number for a name. */
void rule_text_name(FILE *out, const struct object *policy, const struct policy_rule *rule, size_t number);
/* "TCP 5432, UDP 53 from app=backend or 10.0.0.0/8"; an egress rule's peers are behind "to". */
void rule_text_matches(FILE *out, const struct object *policy, const struct policy_rule *rule,
		       enum weir_direction direction);
/* "app=frontend, no label tier": what the labels say of every key that the rule's peers ask for. False: of none. */
bool rule_text_asked_labels(FILE *out, const struct policy_rule *rule, const struct labels *labels);
/* "TCP 5432"; without the port where the protocol has none. */
void rule_text_port(FILE *out, uint8_t protocol, uint16_t port);

#endif
