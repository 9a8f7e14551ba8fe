/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. For naive.c: what selectors said of the last two who met.
 * Who goes through the ports of a pair asks them the same again and again; they
 * answer once.
 */
#ifndef WEIR_POLICY_NAIVE_RECALL_H
#define WEIR_POLICY_NAIVE_RECALL_H

#include "policy/naive.h"

struct recollection {
	const struct object *subject;
	struct naive_end peer;
	enum weir_direction direction;
	enum recalled { NOT_ASKED, NO, YES } own_node;
	VEC(uint8_t) rules; /* enum recalled, by place among the rules of all who are about the subject */
};

/* From now on it is about the two of this probe; of others nothing is remembered. */
void recall_pair(struct recollection *recalled, const struct naive_probe *probe, enum weir_direction direction);
bool recall_own_node(const struct world *world, struct recollection *recalled);
/* Whether the rule matches; place: the rule's, among all of those who are about the subject. */
bool recall_matches(const struct world *world, const struct naive_probe *probe, const struct naive_rule *rule,
		    size_t place, struct recollection *recalled);

#endif
