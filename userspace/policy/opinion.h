/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. The rules of all tiers that match one cell -> who of them
 * decides, and how. Audited policies are left out of one opinion and count in a
 * second one; what becomes of the two is said in decisions.h.
 */
#ifndef WEIR_POLICY_OPINION_H
#define WEIR_POLICY_OPINION_H

#include "policy/ruleset.h"
#include "weir/reason.h"

struct opinion {
	enum weir_reason reason;
	bool rejects;	 /* a denial that is to be answered */
	struct ids said; /* rules, or for a default deny the policies; ascending */
};

/* Where the rules match somebody whom the policies isolate in the direction. Both ascending. */
struct grounds {
	const struct ids *policies; /* of the network tier */
	const struct ids *rules;    /* of all tiers */
};

enum electorate {
	OPINION_OF_ALL,
	OPINION_OF_ENFORCED, /* as if there were no audited policies */
};

/* ret: zeroed. */
void opinion_form(const struct ruleset *rules, const struct grounds *grounds, enum electorate electorate,
		  struct opinion *ret);
void opinion_free(struct opinion *opinion); /* what it holds */

bool opinion_denies(const struct opinion *opinion);
bool opinion_is_of_policies(const struct opinion *opinion); /* said: policies, not rules */
/* How many limits its rules bring; of audited policies alone with audited set. */
size_t opinion_limits(const struct ruleset *rules, const struct opinion *opinion, bool audited);

#endif
