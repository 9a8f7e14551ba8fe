/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom the kernel's numbers and addresses stand for, by name. */
#ifndef WEIR_AGENT_SOURCE_NAME_H
#define WEIR_AGENT_SOURCE_NAME_H

#include "agent/core.h"

/* "shop/frontend": what its pods are called by; "world", "node". NULL: nobody knows it. The caller frees. */
char *identity_name(const struct agent *agent, uint32_t identity);
/* "shop/frontend-1": whose address it is; else as its identity is called. NULL: nobody's. The caller frees. */
char *address_name(const struct agent *agent, const struct addr *addr);

#endif
