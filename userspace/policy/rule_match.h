/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to policy/. Which parts of a rule, as written, a connection matches. For explanations, one at a time. */
#ifndef WEIR_POLICY_RULE_MATCH_H
#define WEIR_POLICY_RULE_MATCH_H

#include "policy/nearest.h"

bool rule_matches_peer(const struct world *world, const struct object *policy, const struct policy_rule *rule,
		       const struct eval_end *peer);
/* Whether any of the rule's peers means pods of this namespace. */
bool rule_matches_namespace(const struct world *world, const struct object *policy, const struct policy_rule *rule,
			    const char *namespace);
bool rule_matches_protocol(const struct policy_rule *rule, uint8_t protocol);
/* The protocol too. */
bool rule_matches_port(const struct policy_rule *rule, const struct nearest_question *question);

#endif
