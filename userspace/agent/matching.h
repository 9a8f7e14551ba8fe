/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sightings of pods' addresses -> which interface is which pod's.
 *
 * A mistake here gives one pod another's identity, so what could have been made
 * up counts for less, and whatever contradicts itself gives nobody anything:
 *
 * - A route for the one address was written by the host (the CNI plugin, Calico,
 *   the VPC CNI). No pod can make one. It decides alone.
 * - What an interface's other end has for addresses was written by the CNI
 *   plugin, but a pod with CAP_NET_ADMIN can add its neighbour's address to its
 *   own. Then two interfaces have it and neither is taken.
 * - Neighbours and bridges repeat what somebody sent; a pod with CAP_NET_RAW, a
 *   common default, can send anything. They count only for an interface whose
 *   other end shows no address at all (a virtual machine's, for instance).
 * - What an earlier agent had found and the kernel still enforces counts where
 *   nothing else is seen.
 *
 * An interface that is a pod's is no evidence for another pod, whatever is seen
 * behind it; only a route that says so is a contradiction.
 */
#ifndef WEIR_AGENT_MATCHING_H
#define WEIR_AGENT_MATCHING_H

#include "datapath/links.h"
#include "datapath/whereabouts.h"

enum match {
	MATCH_NOWHERE, /* not seen */
	MATCH_FOUND,
	MATCH_SEVERAL, /* behind ifindex, and behind rival too */
	MATCH_TAKEN,   /* a route leads to ifindex, which is another pod's */
	MATCH_SHARED,  /* another sought pod is behind ifindex, too */
};

struct sought {
	const addr_list *addrs;
	enum match match; /* in: FOUND when it had ifindex before, found as how says */
	uint32_t ifindex;
	uint32_t rival;
	enum interface_found how;
};
typedef VEC(struct sought) sought_list;

/* seen gets sorted. taken: the interfaces of pods that are not sought. */
void matching_resolve(sought_list *list, sightings *seen, const ifindexes *taken);

#endif
