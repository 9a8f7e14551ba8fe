/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. A service's address as a peer: each of its ports means
 * its ready backends, whatever translates the address later. Services whose
 * ports mean the same peers are one shape, and so one peer class.
 */
#ifndef WEIR_POLICY_SERVICES_H
#define WEIR_POLICY_SERVICES_H

#include "policy/decisions.h"
#include "policy/peers.h"
#include "policy/ports.h"

/* Fills the identities' peer words. The image's port classes must be there, and the backends' peer words. */
void services_place(struct peers *peers, const struct identities *identities, const struct world *world,
		    uint32_t n_ports, struct writer *writer);

/* Where a row is being made: columns are by peer class, cells is scratch of one column. */
struct services_row {
	const struct peers *peers;
	struct decisions *decisions;
	struct writer *writer;
	uint32_t *columns, *cells;
	uint32_t n_ports;
	uint32_t nobody; /* the decision where a port has no backend */
};

/* Puts what the backends' columns say into those of the services. Egress only: no connection comes from a service. */
int services_fill(const struct services_row *row, struct error *error);

#endif
