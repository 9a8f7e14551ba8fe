/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy as written: every kind comes to the same structure. Nothing is
 * resolved here; policy/ gives it meaning.
 */
#ifndef WEIR_OBJECT_POLICY_H
#define WEIR_OBJECT_POLICY_H

#include <stdint.h>

#include "base/addr.h"
#include "object/labels.h"

/* One element of from/to: a CIDR, nodes, or pods. Several networks of one element are as many peers. */
struct policy_peer {
	bool is_cidr;
	struct cidr cidr;
	VEC(struct cidr) except;
	bool is_node;
	struct selector nodes;
	bool has_namespace_selector; /* without it: the policy's own namespace; peers of cluster-wide kinds have it */
	struct selector namespaces;
	bool has_pod_selector; /* without it: every pod */
	struct selector pods;
};

/* With a name: whatever protocol the container port of that name has. */
#define PROTOCOL_OF_NAME 0

/* One element of ports. */
struct policy_port {
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, or PROTOCOL_OF_NAME */
	bool any_port;	  /* port is absent */
	char *name;	  /* a named port, or NULL */
	uint16_t port;	  /* first and last, host order; equal without endPort */
	uint16_t end_port;
};

enum limit_unit { LIMIT_PACKETS, LIMIT_BYTES, LIMIT_CONNECTIONS, LIMIT_MAX_CONNECTIONS };
enum limit_scope { LIMIT_PER_RULE, LIMIT_PER_IDENTITY, LIMIT_PER_ADDRESS };

/* What becomes of packets as the bucket runs empty. */
enum limit_on_exceed {
	LIMIT_DROPS, /* what is over it is dropped */
	LIMIT_MARKS, /* before that, what allows it carries a congestion mark */
	LIMIT_PACES, /* what is over it leaves later */
};

struct policy_limit {
	enum limit_unit unit;
	enum limit_scope scope;
	uint64_t rate_milli; /* thousandths of a unit per second (of a connection, for maxConnections) */
	uint64_t burst;	     /* units; the default is filled in */
	enum limit_on_exceed on_exceed;
};

enum rule_action { RULE_ALLOW, RULE_DENY, RULE_LIMIT, RULE_PASS };

struct policy_rule {
	char *name; /* or NULL */
	enum rule_action action;
	VEC(struct policy_peer) peers; /* empty: everybody */
	VEC(struct policy_port) ports; /* empty: every protocol and port */
	VEC(struct policy_limit) limits;
	int line; /* of the manifest, for messages; 0 when unknown */
};

/*
 * Admin and baseline rules are ordered: the first that matches decides, Pass
 * hands over to the next tier. Those of the network tier add up.
 */
enum policy_tier { TIER_NETWORK, TIER_ADMIN, TIER_BASELINE };

/* Beyond what priority may be: a BaselineAdminNetworkPolicy has none and comes last in its tier. */
#define POLICY_PRIORITY_LAST 1001u

enum policy_mode { POLICY_ENFORCE, POLICY_AUDIT };
enum policy_on_deny { POLICY_DROP, POLICY_REJECT };

struct policy {
	enum policy_tier tier;
	unsigned priority;	     /* admin and baseline: the lowest counts first */
	struct selector subjects;    /* podSelector */
	bool has_namespace_selector; /* cluster-wide kinds, always */
	struct selector namespaces;
	bool isolates[WEIR_DIRECTIONS]; /* network tier: policyTypes, defaulted as NetworkPolicy defines */
	enum policy_mode mode;
	enum policy_on_deny on_deny;
	VEC(struct policy_rule) rules[WEIR_DIRECTIONS];
};

void policy_free(struct policy *policy); /* what it holds */

#endif
