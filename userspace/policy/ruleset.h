/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. The policies taken apart: every distinct selector,
 * ipBlock, port range and named port once, by number, and every rule as lists
 * of those numbers. Nothing is matched against pods here.
 */
#ifndef WEIR_POLICY_RULESET_H
#define WEIR_POLICY_RULESET_H

#include "base/error.h"
#include "policy/intern.h"
#include "policy/world.h"

/* A set of pods, as a peer or as what a policy selects; or a set of nodes, as a peer. */
struct term {
	const struct selector *nodes;	   /* NULL for a set of pods */
	const char *namespace;		   /* the one namespace, or NULL: those that namespaces selects */
	const struct selector *namespaces; /* NULL with namespace */
	const struct selector *pods;
	bool is_peer;
	struct ids matches; /* identities, by index; filled by select.h */
};

struct port_range {
	enum weir_port_protocol protocol;
	uint16_t first, last;
};

struct named_port {
	const char *name;
	enum weir_port_protocol protocol;
	bool used[WEIR_DIRECTIONS];
};

/* What one pod means by a named port. A mark on the identity, like a label of its own. */
struct port_mark {
	uint32_t named; /* index in named_ports */
	uint32_t range; /* index in ranges */
};

struct rule {
	const struct policy_rule *source;
	uint32_t policy; /* index */
	enum weir_direction direction;
	uint32_t index; /* in the policy's rules of this direction */
	bool any_peer;
	struct ids terms, blocks;
	bool any_port;
	struct ids ranges, named;
};

struct selecting_policy {
	const struct object *object;
	uint32_t term;				  /* whom it selects */
	uint32_t first_rule[WEIR_DIRECTIONS + 1]; /* a direction's rules end where the next one's begin */
};

struct ruleset {
	/* By tier: admin, network, baseline. The first and the last by precedence, the network tier in the world's
	 * order. */
	VEC(struct selecting_policy) policies;
	VEC(struct rule) rules;
	VEC(struct term) terms;
	VEC(const struct policy_peer *) blocks;
	VEC(struct port_range) ranges;
	VEC(struct named_port) named_ports;
	VEC(struct port_mark) marks;
	bool audits; /* some policy is in audit mode */
	struct interner term_keys, block_keys, range_keys, named_keys, mark_keys;
};

/* Of two policies of the admin or the baseline tier, which comes first. */
int policy_compare_precedence(const struct object *a, const struct object *b);

/* Borrows from the world. */
void ruleset_build(struct ruleset *rules, const struct world *world);
void ruleset_free(struct ruleset *rules); /* what it holds */

/* Whether the rule's policy is in audit mode. */
bool ruleset_is_audited(const struct ruleset *rules, uint32_t rule);
bool ruleset_rejects(const struct ruleset *rules, uint32_t rule); /* its policy has onDeny: Reject */

/* A pod's container port as a mark, when a rule names it. */
bool ruleset_mark(struct ruleset *rules, const struct pod_port *port, uint32_t *ret_mark);

#endif
