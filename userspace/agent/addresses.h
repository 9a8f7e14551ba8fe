/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose each address is: the kernel's table against the compiled policy's. */
#ifndef WEIR_AGENT_ADDRESSES_H
#define WEIR_AGENT_ADDRESSES_H

#include "agent/notes.h"
#include "datapath/datapath.h"
#include "policy/compile.h"

struct addresses {
	datapath_addresses kernel; /* what the kernel holds, sorted by address */
	datapath_addresses
		placed;	 /* those of it that are behind an interface of this node, and perhaps others; sorted */
	size_t n_failed; /* that the kernel would not take, last time */
	int failure;	 /* of the last of them, -errno */
};

/* Reads what an earlier agent left. */
int addresses_load(struct addresses *addresses, struct datapath *datapath);
void addresses_free(struct addresses *addresses); /* what it holds */

/* Adds whom the kernel takes each address for. */
void addresses_world(const struct addresses *addresses, struct world *world);
/* One address alone. On failure the kernel has what it had. */
int addresses_set(struct addresses *addresses, struct datapath *datapath, const struct addr *addr, uint32_t identity);
int addresses_delete(struct addresses *addresses, struct datapath *datapath, const struct addr *addr); /* absent: 0 */
/* Makes the kernel's table the compiled policy's. True when anything was changed. */
bool addresses_sync(struct addresses *addresses, struct datapath *datapath, const struct compiled *compiled);
/*
 * Says behind which interfaces of this node they are. places is sorted by
 * address; what is not in it is elsewhere. True when anything was changed.
 */
bool addresses_place(struct addresses *addresses, struct datapath *datapath, const datapath_addresses *places);

#endif
