/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to policy/. For naive.c: whom a policy is about, and what a rule matches, as written. */
#ifndef WEIR_POLICY_NAIVE_MATCH_H
#define WEIR_POLICY_NAIVE_MATCH_H

#include "policy/naive.h"

/* A pod with a network of its own, not one that stands for its node. */
bool naive_is_ordinary(const struct object *pod);
/* Whether the peer is the node that runs the subject. */
bool naive_is_own_node(const struct world *world, const struct object *subject, const struct naive_end *peer);
bool naive_is_about(const struct world *world, const struct object *policy, const struct object *subject);
/* A rule matches if both do. */
bool naive_ports_match(const struct policy_rule *rule, const struct naive_probe *probe);
bool naive_peers_match(const struct world *world, const struct object *policy, const struct policy_rule *rule,
		       const struct naive_end *peer);

#endif
