/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For people who ask why a connection is denied by default, or by a rule of the
 * admin or baseline tier: the rule that came nearest to allowing it. Read
 * straight from the objects; it decides nothing.
 */
#ifndef WEIR_POLICY_NEAREST_H
#define WEIR_POLICY_NEAREST_H

#include "policy/eval.h"

/* A connection as one of its ends sees it. */
struct nearest_question {
	const struct object *pod; /* whom the policies select */
	enum weir_direction direction;
	const struct eval_end *peer;
	uint8_t protocol;
	uint16_t port; /* that is connected to */
	bool audited;  /* audited policies have a say */
	/* The rule of a tier that denies it, before which the nearest one must come; NULL: it is denied by default. */
	const struct rule_ref *denied_by;
};

struct nearest {
	const struct object *policy; /* borrowed from the world */
	size_t rule;		     /* index in the policy's rules of the direction */
	bool peer, protocol, port;   /* which of these it matches; not all three */
};

/*
 * Of all allowing rules of the policies that isolate the pod (or, of a tier, of
 * those that would have decided first, the passing ones too), the one that
 * matches most: who counts before what. Of several the first, but for a pod one
 * that asks for pods, and for an address one that asks for addresses. False when
 * there is none.
 */
bool nearest_find(const struct world *world, const struct nearest_question *question, struct nearest *ret);

/*
 * "NetworkPolicy shop/db rule 0: allows TCP 5432 from app=backend; the peer is
 * app=frontend". The caller frees.
 */
char *nearest_format(const struct world *world, const struct nearest_question *question, const struct nearest *nearest);

#endif
