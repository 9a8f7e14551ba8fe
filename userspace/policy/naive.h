/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The meaning of policies read straight off the objects, one connection at a
 * time, with no thought of speed: what compiled images are checked against. It
 * shares the object model and the world with the compiler, and nothing else.
 */
#ifndef WEIR_POLICY_NAIVE_H
#define WEIR_POLICY_NAIVE_H

#include "policy/world.h"
#include "weir/reason.h"

struct naive_end {
	const struct object *pod; /* NULL: an address that is nobody's */
	struct addr addr;
	bool has_addr;
};

typedef VEC(const struct object *) naive_policies;

struct naive_probe {
	struct naive_end from, to;
	const naive_policies *about; /* the pod that is judged, as naive_about() finds them; or NULL */
	uint8_t protocol;
	uint16_t port; /* host order */
};

/* A rule that had a say, or a policy as a whole. */
struct naive_rule {
	const struct object *policy;
	const struct policy_rule *rule; /* NULL: the policy */
	size_t index;			/* in the policy's rules of the direction */
};

typedef VEC(struct naive_rule) naive_rules;

struct naive_limit {
	const struct naive_rule *by;
	const struct policy_limit *limit;
	size_t index; /* in the rule's limits */
};

struct naive_answer {
	struct naive_scratch *scratch; /* naive.c's own, kept for the next answer */
	bool judged;		       /* false: this side is no pod of its own, or both are one pod */
	enum weir_reason reason;
	bool audited;			/* passes all the same: only audited policies deny it */
	bool rejects;			/* the denial is to be answered */
	size_t n_limits;		/* that apply */
	size_t n_audited_limits;	/* of these, such as only count */
	VEC(struct naive_limit) limits; /* the same, one by one; of rules that are in scratch */
	naive_rules by;			/* those that decided; empty where no rule or policy did */
};

/* Appends the policies that are about a pod: to be found once where it is judged often. */
void naive_about(const struct world *world, const struct object *pod, naive_policies *ret);
/* What one side says. answer: zeroed before the first use, of one world, and to be freed after the last. */
void naive_judge(const struct world *world, const struct naive_probe *probe, enum weir_direction direction,
		 struct naive_answer *answer);
enum weir_verdict naive_verdict(const struct naive_answer *answer);
void naive_answer_free(struct naive_answer *answer); /* what it holds */

#endif
