/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a captured packet's comment says: what became of it, why, and by which
 * policy and rule.
 */
#ifndef WEIR_OBSERVE_PACKET_COMMENT_H
#define WEIR_OBSERVE_PACKET_COMMENT_H

#include "base/vec.h"
#include "policy/compile.h"
#include "weir/capture.h"

/*
 * The rules of decisions by their counters. A packet that comes after the
 * policy has changed may have been judged by the one before, so that what was
 * known of a counter stays known.
 */
struct rule_name {
	char *text;	   /* NULL: no rule had a say, or none is known */
	uint32_t revision; /* as of which */
};

struct rule_names {
	VEC(struct rule_name) by_counter;
};

/* compiled may be NULL. Valid until the next call. */
const char *rule_names_find(struct rule_names *names, const struct compiled *compiled, uint32_t counter);
/* "packetsPerSecond of TrafficPolicy shop/db rule paced"; NULL: no such limit is known. The caller frees. */
char *limit_rule_text(const struct compiled *compiled, uint32_t bucket);
void rule_names_free(struct rule_names *names); /* what it holds */

/*
 * "drop policy-default: NetworkPolicy shop/db isolates; ingress of shop/db; revision 7".
 * rules and pod may be NULL. The caller frees.
 */
char *packet_comment(const struct weir_captured *about, const char *rules, const char *pod);

#endif
