/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. Subject classes: identities that the same policies
 * select, and that mean the same by the named ports of these policies' ingress
 * rules. Class 0 is selected by none.
 */
#ifndef WEIR_POLICY_SUBJECTS_H
#define WEIR_POLICY_SUBJECTS_H

#include "policy/identity.h"

struct subject_class {
	const struct identity *example; /* any one of the class; NULL for class 0 */
};

struct subjects {
	struct interner keys;
	VEC(struct subject_class) classes;
};

/* Fills identities' subject. */
void subjects_build(struct subjects *subjects, const struct ruleset *rules, struct identities *identities);
void subjects_free(struct subjects *subjects); /* what it holds */

#endif
