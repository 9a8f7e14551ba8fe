/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world -> image. Everything that policy does not tell apart is made one
 * class, and the classes index the tables of include/weir/image.h.
 */
#ifndef WEIR_POLICY_COMPILE_H
#define WEIR_POLICY_COMPILE_H

#include "base/error.h"
#include "policy/numbering.h"
#include "policy/world.h"
#include "weir/reason.h"

/* One rule that had a say in a decision; an isolating policy with no matching rule has rule -1. */
struct rule_ref {
	enum object_kind kind;
	char *namespace; /* or NULL */
	char *policy;
	char *rule; /* its name, else its index as text; NULL for the policy as a whole */
};

/* What people are told about one decision record of the image. */
struct decision_info {
	uint32_t at; /* word offset of the record in the image */
	uint32_t counter;
	enum weir_direction direction;
	enum weir_verdict verdict;
	enum weir_reason reason;
	uint8_t flags;		    /* WEIR_DECISION_* */
	VEC(struct rule_ref) rules; /* those that allow or deny; for a default deny, the policies that isolate */
};

/* One token bucket of the image. */
struct limit_info {
	uint32_t bucket;
	enum weir_direction direction;
	struct rule_ref rule;
	struct policy_limit limit;
	unsigned index; /* in the rule's limits */
	bool audit;	/* it only counts what is over it */
};

struct address_owner {
	struct addr addr;
	uint32_t identity;
	const struct object *pod;  /* borrowed from the world, as node is; neither: this node */
	const struct object *node; /* another node that has a Node object */
	const struct object *service;
};

struct identity_info {
	uint32_t identity;
	char *namespace; /* NULL: of nodes, not of pods */
	struct labels labels;
	size_t pods;			      /* or nodes */
	VEC(uint32_t) regions[WEIR_FAMILIES]; /* that the image knows it in, ascending */
};

/* Pods on the host's network are WEIR_IDENTITY_NODE. */
struct pod_identity {
	const struct object *pod; /* borrowed from the world */
	uint32_t identity;
};

struct compiled {
	uint32_t *words; /* mask + 1 words, those beyond n_words zero */
	uint32_t n_words;
	uint32_t mask;
	uint32_t revision;
	VEC(struct address_owner) addresses;  /* sorted by address, distinct */
	VEC(struct identity_info) identities; /* sorted by number; without the built-in ones */
	VEC(uint32_t) retained;		      /* identities that only the kernel still refers to */
	VEC(struct pod_identity) pods;	      /* sorted by pointer */
	VEC(const struct object *) by_name;   /* the same pods, sorted by namespace, name */
	VEC(const struct object *) disputed;  /* the world's; borrowed likewise */
	VEC(struct addr) backends;	      /* of services, whose cells say what theirs say; sorted */
	VEC(struct decision_info) decisions;  /* sorted by at */
	VEC(struct limit_info) limits;	      /* sorted by bucket */
	uint32_t n_subjects, n_peer_classes, n_port_classes, n_regions;
};

/*
 * Compiles the world. Identities that nobody has any more and that
 * world.in_kernel names keep what they were, judged by the new policies: the
 * kernel's tables are brought in step only after the swap. The result borrows
 * pods from the world's objects and must be freed before them. Numbers are taken from, and added to, numberings. -E2BIG
 * when the image would not fit in max_words.
 */
int compile(const struct world *world, struct numberings *numberings, uint32_t revision, uint32_t max_words,
	    struct compiled **ret, struct error *error);
void compiled_free(struct compiled *compiled);
DEFINE_CLEANUP(struct compiled, compiled_free);

/* Whether the packet goes on: also where an audited policy would drop it. */
static inline bool decision_passes(const struct decision_info *decision)
{
	return decision->verdict == WEIR_VERDICT_PASS || decision->flags & WEIR_DECISION_AUDIT;
}

static inline struct weir_image compiled_image(const struct compiled *compiled)
{
	return (struct weir_image){ .words = compiled->words, .mask = compiled->mask };
}

/* By word offset of the record; NULL when there is none. */
const struct decision_info *compiled_decision(const struct compiled *compiled, uint32_t at);
/* By address; NULL when it is nobody's. */
const struct address_owner *compiled_owner(const struct compiled *compiled, const struct addr *addr);
const struct limit_info *compiled_limit(const struct compiled *compiled, uint32_t bucket);
const struct identity_info *compiled_identity(const struct compiled *compiled, uint32_t identity);
/* False for an identity that is the world's to the image: nobody has it, and what it was is lost. */
bool compiled_knows(const struct compiled *compiled, uint32_t identity);
/* The identity of a pod; -ENOENT when the pod is not in the world that was compiled. */
int compiled_pod_identity(const struct compiled *compiled, const struct object *pod, uint32_t *ret);

/* "NetworkPolicy shop/backend" or, with a rule, "NetworkPolicy shop/backend rule from-frontend"; the caller frees. */
char *rule_ref_format(const struct rule_ref *rule, bool with_rule);

#endif
