/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. Peer classes: everybody in the same terms, with the same
 * meaning of named ports, in the same region. The node is apart.
 */
#ifndef WEIR_POLICY_PEERS_H
#define WEIR_POLICY_PEERS_H

#include "policy/identity.h"
#include "policy/region.h"

struct peer_class {
	uint32_t labels; /* index in peers.labels */
	uint32_t region;
	uint32_t is_node;
	uint32_t service; /* 1 + its shape (services.h); 0: none */
};

/* In peers.labels a mark is told from a term by this bit. */
#define PEER_MARK 0x80000000u

struct peers {
	struct interner labels; /* lists of terms, then marks */
	struct interner keys;	/* struct peer_class */
	struct interner shapes; /* of services, see services.c */
	VEC(struct peer_class) classes;
	struct ids *of_term, *of_block; /* classes, ascending */
	size_t n_terms, n_blocks;
	uint32_t world, node; /* struct weir_image_identity.peer, the same for both families */
};

/* Fills identities' peer words, those of services left out. */
void peers_build(struct peers *peers, const struct ruleset *rules, const struct regions *regions,
		 struct identities *identities, struct writer *writer);
/* The class of a service's address. */
uint32_t peers_service_class(struct peers *peers, uint32_t region, uint32_t shape);
/* Fills of_term and of_block, when all classes are known. */
void peers_index(struct peers *peers, const struct ruleset *rules, const struct regions *regions);
void peers_free(struct peers *peers); /* what it holds */

bool peers_have_mark(const struct peers *peers, uint32_t class, uint32_t mark);

#endif
