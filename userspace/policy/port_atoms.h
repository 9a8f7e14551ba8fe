/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to policy/. Ports that two images, each for itself, take for the same. */
#ifndef WEIR_POLICY_PORT_ATOMS_H
#define WEIR_POLICY_PORT_ATOMS_H

#include "policy/intern.h"
#include "weir/image.h"

struct port_run {
	enum weir_port_protocol protocol;
	uint16_t first, last;
};

struct port_atom {
	uint32_t class[2]; /* in each image */
	VEC(struct port_run) runs;
};

struct port_atoms {
	struct interner keys;
	VEC(struct port_atom) list;
};

void port_atoms_build(struct port_atoms *atoms, const struct weir_image images[static 2]);
void port_atoms_free(struct port_atoms *atoms); /* what it holds */

/* Those of the atoms that are chosen, as people write them; the caller frees. */
char *port_atoms_format(const struct port_atoms *atoms, const bool *chosen);

#endif
