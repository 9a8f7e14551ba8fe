/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to policy/. What a compilation hands out beside the image: who is who. */
#ifndef WEIR_POLICY_RESULT_H
#define WEIR_POLICY_RESULT_H

#include "policy/compile.h"
#include "policy/identity.h"

/* Fills addresses and pods. */
void result_addresses(struct compiled *compiled, const struct world *world, const struct identities *identities);
void result_identities(struct compiled *compiled, const struct identities *identities);

#endif
