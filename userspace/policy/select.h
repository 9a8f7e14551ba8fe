/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. Which identities each term of the ruleset matches, and
 * what each identity means by named ports.
 */
#ifndef WEIR_POLICY_SELECT_H
#define WEIR_POLICY_SELECT_H

#include "policy/identity.h"
#include "policy/ruleset.h"

/* Fills terms' matches, and identities' terms, policies and marks. */
void select_identities(struct ruleset *rules, struct identities *identities);

#endif
