/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy as written: NetworkPolicy and TrafficPolicy come to the same
 * structure. Nothing is resolved here; policy/ gives it meaning.
 */
#ifndef WEIR_OBJECT_POLICY_H
#define WEIR_OBJECT_POLICY_H

#include <stdint.h>

#include "base/addr.h"
#include "object/labels.h"

/* One element of from/to: either an ipBlock, or selectors. */
struct policy_peer {
	bool is_cidr;
	struct cidr cidr;
	VEC(struct cidr) except;
	bool has_namespace_selector; /* without it: the policy's own namespace */
	struct selector namespaces;
	bool has_pod_selector; /* without it: every pod */
	struct selector pods;
};

/* One element of ports. */
struct policy_port {
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP */
	bool any_port;	  /* port is absent */
	char *name;	  /* a named port, or NULL */
	uint16_t port;	  /* first and last, host order; equal without endPort */
	uint16_t end_port;
};

enum limit_unit { LIMIT_PACKETS, LIMIT_BYTES, LIMIT_CONNECTIONS, LIMIT_MAX_CONNECTIONS };
enum limit_scope { LIMIT_PER_RULE, LIMIT_PER_IDENTITY, LIMIT_PER_ADDRESS };

struct policy_limit {
	enum limit_unit unit;
	enum limit_scope scope;
	uint64_t rate_milli; /* thousandths of a unit per second (of a connection, for maxConnections) */
	uint64_t burst;	     /* units; the default is filled in */
};

enum rule_action { RULE_ALLOW, RULE_DENY, RULE_LIMIT };

struct policy_rule {
	char *name; /* or NULL */
	enum rule_action action;
	VEC(struct policy_peer) peers; /* empty: everybody */
	VEC(struct policy_port) ports; /* empty: every protocol and port */
	VEC(struct policy_limit) limits;
	int line; /* of the manifest, for messages; 0 when unknown */
};

enum policy_mode { POLICY_ENFORCE, POLICY_AUDIT };
enum policy_on_deny { POLICY_DROP, POLICY_REJECT };

struct policy {
	struct selector subjects;    /* podSelector */
	bool has_namespace_selector; /* cluster-wide kinds only */
	struct selector namespaces;
	bool isolates[WEIR_DIRECTIONS]; /* policyTypes, defaulted as NetworkPolicy defines */
	enum policy_mode mode;
	enum policy_on_deny on_deny;
	VEC(struct policy_rule) rules[WEIR_DIRECTIONS];
};

void policy_free(struct policy *policy); /* what it holds */

#endif
