/* SPDX-License-Identifier: BSD-2-Clause */
/* Random policies of the admin and baseline tiers, and nodes. */
#ifndef WEIR_TESTS_RANDOM_TIERS_H
#define WEIR_TESTS_RANDOM_TIERS_H

#include "differential/random_parts.h"

enum random_tier { RANDOM_ADMIN, RANDOM_BASELINE, RANDOM_CLUSTER, RANDOM_TIERS };

/* The first two are Node objects of this node, or of another, as the addresses fall. */
static inline void put_node(FILE *out, struct random *r, unsigned index)
{
	fprintf(out, "{apiVersion: v1, kind: Node, metadata: {name: m%u, labels: {", index);
	put_labels(out, r);
	fprintf(out, "}}, status: {addresses: [{type: Hostname, address: m%u}", index);
	for (uint32_t i = pick(r, 3); i-- > 0;)
		fprintf(out, ", {type: %s, address: 192.0.2.%u}", one_in(r, 3) ? "ExternalIP" : "InternalIP",
			one_in(r, 2) ? pick(r, 4) : 10 + pick(r, 14));
	fprintf(out, "]}}\n---\n");
}

static inline void put_pods(FILE *out, struct random *r)
{
	fprintf(out, "{pods: {namespaceSelector: ");
	put_namespace_selector(out, r);
	fprintf(out, ", podSelector: ");
	put_selector(out, r);
	fprintf(out, "}}");
}

static inline void put_namespaces(FILE *out, struct random *r)
{
	fprintf(out, "{namespaces: ");
	put_namespace_selector(out, r);
	fprintf(out, "}");
}

static inline void put_networks(FILE *out, struct random *r)
{
	static const unsigned lengths[] = { 0, 8, 9, 16, 23, 24, 31, 32 };
	char addr[64];

	random_addr4(r, addr);
	fprintf(out, "{networks: ['%s/%u'", addr, PICK(r, lengths));
	random_addr6(r, addr);
	fprintf(out, ", '%s/%u']}", addr, 96 + PICK(r, lengths));
}

static inline void put_tier_peer(FILE *out, struct random *r, bool is_egress)
{
	const uint32_t form = pick(r, is_egress ? 4 : 2);

	if (form == 0) {
		put_pods(out, r);
	} else if (form == 1) {
		put_namespaces(out, r);
	} else if (form == 2) {
		put_networks(out, r);
	} else {
		fprintf(out, "{nodes: ");
		put_selector(out, r);
		fprintf(out, "}");
	}
}

static inline void put_tier_port(FILE *out, struct random *r, enum random_tier tier, bool may_name)
{
	static const char *const lower[] = { "tcp", "udp", "sctp" };
	const unsigned port = 1 + pick(r, 65534), end = port + 1 + pick(r, 65535 - port);

	if (may_name && one_in(r, 3))
		fprintf(out, "{%s: %s}", tier == RANDOM_CLUSTER ? "destinationNamedPort" : "namedPort",
			PICK(r, random_names));
	else if (tier == RANDOM_CLUSTER && one_in(r, 2))
		fprintf(out, "{%s: {destinationPort: {number: %u}}}", PICK(r, lower), PICK(r, random_ports));
	else if (tier == RANDOM_CLUSTER)
		fprintf(out, "{%s: {destinationPort: {range: {start: %u, end: %u}}}}", PICK(r, lower), port, end);
	else if (one_in(r, 2))
		fprintf(out, "{portNumber: {protocol: %s, port: %u}}", PICK(r, random_protocols),
			PICK(r, random_ports));
	else
		fprintf(out, "{portRange: {protocol: %s, start: %u, end: %u}}", PICK(r, random_protocols), port, end);
}

static inline void put_tier_rule(FILE *out, struct random *r, enum random_tier tier, bool is_egress)
{
	const char *const actions[] = { tier == RANDOM_CLUSTER ? "Accept" : "Allow", "Deny", "Pass" };
	const bool may_name = one_in(r, 2);

	fprintf(out, "{action: %s, %s: [", actions[pick(r, tier == RANDOM_BASELINE ? 2 : 3)],
		is_egress ? "to" : "from");
	for (uint32_t i = 1 + pick(r, 2); i-- > 0;) {
		put_tier_peer(out, r, is_egress && !may_name);
		fprintf(out, i ? ", " : "]");
	}
	if (one_in(r, 2)) {
		fprintf(out, ", %s: [", tier == RANDOM_CLUSTER ? "protocols" : "ports");
		for (uint32_t i = 1 + pick(r, 2); i-- > 0;) {
			put_tier_port(out, r, tier, may_name);
			fprintf(out, i ? ", " : "]");
		}
	}
	fprintf(out, "}");
}

/* Few names and priorities, so that some are equal. */
static inline void put_tier_policy(FILE *out, struct random *r, enum random_tier tier, unsigned index)
{
	static const char *const kinds[] = { "AdminNetworkPolicy", "BaselineAdminNetworkPolicy",
					     "ClusterNetworkPolicy" };

	fprintf(out, "{apiVersion: policy.networking.k8s.io/%s, kind: %s, ",
		tier == RANDOM_CLUSTER ? "v1alpha2" : "v1alpha1", kinds[tier]);
	if (tier == RANDOM_BASELINE)
		fprintf(out, "metadata: {name: default}, spec: {");
	else
		fprintf(out, "metadata: {name: t%u}, spec: {priority: %u, ", index, pick(r, 3));
	if (tier == RANDOM_CLUSTER)
		fprintf(out, "tier: %s, ", one_in(r, 2) ? "Admin" : "Baseline");
	fprintf(out, "subject: ");
	one_in(r, 2) ? put_pods(out, r) : put_namespaces(out, r);
	for (int is_egress = 0; is_egress < 2; is_egress++) {
		fprintf(out, is_egress ? ", egress: [" : ", ingress: [");
		for (uint32_t i = pick(r, 4); i-- > 0;) {
			put_tier_rule(out, r, tier, is_egress);
			fprintf(out, i ? ", " : "");
		}
		fprintf(out, "]");
	}
	fprintf(out, "}}\n---\n");
}

static inline void put_service(FILE *out, struct random *r, unsigned index)
{
	const unsigned port = PICK(r, random_ports), target = PICK(r, random_ports);
	const char *protocol = PICK(r, random_protocols);
	char addr[64];

	random_addr4(r, addr);
	fprintf(out,
		"{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: s%u}, spec: {clusterIP: %s, ports: "
		"[{name: a, port: %u, protocol: %s}, {name: b, port: 7}]}}\n---\n",
		index, addr, port, protocol);
	fprintf(out,
		"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: shop, name: e%u, labels: "
		"{kubernetes.io/service-name: s%u}}, addressType: IPv4, ports: [{name: a, port: %u, protocol: %s}, "
		"{name: b, port: %u}], endpoints: [",
		index, index, target, protocol, PICK(r, random_ports));
	for (uint32_t i = pick(r, 4); i-- > 0;) {
		random_addr4(r, addr);
		fprintf(out, "{addresses: [%s], conditions: {ready: %s}}%s", addr, one_in(r, 4) ? "false" : "true",
			i ? ", " : "");
	}
	fprintf(out, "]}\n---\n");
}

/* In half of the clusters none. */
static inline void put_tiers(FILE *out, struct random *r)
{
	if (one_in(r, 2))
		return;
	for (unsigned i = 0, n = pick(r, 4); i < n; i++)
		put_node(out, r, i);
	for (unsigned i = 0, n = pick(r, 4); i < n; i++)
		put_service(out, r, i);
	for (unsigned i = 0, n = pick(r, 3); i < n; i++)
		put_tier_policy(out, r, RANDOM_ADMIN, i);
	for (unsigned i = 0, n = pick(r, 4); i < n; i++)
		put_tier_policy(out, r, RANDOM_CLUSTER, i);
	if (one_in(r, 2))
		put_tier_policy(out, r, RANDOM_BASELINE, 0);
}

#endif
