/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports and addresses such that no two of what policies can tell apart have
 * the same one only: every end of every port range and of every CIDR, and its
 * neighbour outside. Read off the objects; the compiler has no part in it.
 */
#ifndef WEIR_POLICY_REPRESENTATIVES_H
#define WEIR_POLICY_REPRESENTATIVES_H

#include "policy/world.h"

struct port_representative {
	uint8_t protocol; /* of IP */
	uint16_t port;	  /* host order */
};

struct representatives {
	VEC(struct port_representative) ports; /* distinct; the last is ICMP, which has none */
	VEC(struct addr) addrs;		       /* sorted, distinct; a pod may own one */
};

/* Adds to what is there: of several worlds, call it for each. */
void representatives_add(struct representatives *representatives, const struct world *world);
/* To be called once after the last add. */
void representatives_finish(struct representatives *representatives);
void representatives_free(struct representatives *representatives); /* what it holds */

#endif
