/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. Pods -> identities: all pods that no policy can ever
 * tell apart but by their address. Other nodes likewise.
 */
#ifndef WEIR_POLICY_IDENTITY_H
#define WEIR_POLICY_IDENTITY_H

#include "policy/numbering.h"
#include "policy/ruleset.h"

struct identity {
	uint32_t number;
	/* Any one of its pods; of a retained one, what its pods were. Of a node, its Node; of a service, its Service.
	 */
	const struct object *pod;
	uint32_t namespace;		   /* index in namespaces; of no use for a node */
	size_t n_pods;			   /* or nodes; 0: retained */
	struct ids terms;		   /* peer terms that match it, ascending */
	struct ids policies;		   /* that select it, ascending */
	struct ids marks;		   /* of its named ports, ascending */
	struct ids regions[WEIR_FAMILIES]; /* that its pods' addresses are in, ascending */
	uint32_t subject;		   /* subject class */
	uint32_t peer[WEIR_FAMILIES];	   /* struct weir_image_identity.peer */
};

struct pod_namespace {
	const char *name;
	const struct labels *labels;
	struct labels scratch;
	struct ids identities;
};

#define IDENTITY_IS_NODE   UINT32_MAX
#define IDENTITY_IS_NOBODY UINT32_MAX

struct identities {
	VEC(struct identity) list;
	VEC(struct pod_namespace) namespaces;
	struct ids nodes;		      /* index in list, ascending */
	VEC(const struct object *) this_node; /* Node objects that have this node's addresses */
	struct ids this_node_terms;
	uint32_t *of_service;	       /* by index of world.services */
	uint32_t *of_node;	       /* by index of world.nodes: index in list, or IDENTITY_IS_NODE */
	uint32_t *of_pod;	       /* by index of world.pods: index in list, or IDENTITY_IS_NODE */
	struct ids by_number;	       /* index in list, or IDENTITY_IS_NOBODY */
	VEC(struct object *) retained; /* owned */
	struct interner keys, namespace_keys;
};

int identities_build(struct identities *identities, const struct world *world, struct numbering *numbers,
		     struct error *error);
/* The index of a number in list, or IDENTITY_IS_NOBODY. */
uint32_t identities_find(const struct identities *identities, uint32_t number);
/* Which regions the identities' addresses are in; the image's tries must be there. */
void identities_locate(struct identities *identities, const struct world *world, const struct weir_image *image);
void identities_free(struct identities *identities); /* what it holds */

#endif
