/* SPDX-License-Identifier: BSD-2-Clause */
/* Small random clusters as manifests, out of few enough words that policies and pods often meet. */
#ifndef WEIR_TESTS_RANDOM_CLUSTER_H
#define WEIR_TESTS_RANDOM_CLUSTER_H

#include "differential/random_tiers.h"

/* Lengths at, and beside, the edges of trie nodes; an except is longer and around an address of the same few. */
static inline void put_block(FILE *out, struct random *r)
{
	static const unsigned lengths4[] = { 0, 7, 8, 9, 15, 16, 17, 23, 24, 25, 30, 31 };
	static const unsigned lengths6[] = { 0, 8, 16, 31, 32, 33, 111, 112, 113, 126, 127 };
	const bool six = one_in(r, 3);
	const unsigned bits = six ? 128 : 32, length = six ? PICK(r, lengths6) : PICK(r, lengths4);
	char addr[64];

	six ? random_addr6(r, addr) : random_addr4(r, addr);
	fprintf(out, "{ipBlock: {cidr: '%s/%u'", addr, length);
	if (one_in(r, 2))
		fprintf(out, ", except: ['%s/%u', '%s/%u']", addr, length + 1 + pick(r, bits - length), addr, bits);
	fprintf(out, "}}");
}

static inline void put_peer(FILE *out, struct random *r)
{
	const uint32_t form = pick(r, 4);

	if (form == 0) {
		put_block(out, r);
		return;
	}
	fprintf(out, "{");
	if (form != 1) {
		fprintf(out, "namespaceSelector: ");
		put_namespace_selector(out, r);
	}
	if (form != 2) {
		fprintf(out, "%spodSelector: ", form == 3 ? ", " : "");
		put_selector(out, r);
	}
	fprintf(out, "}");
}

static inline void put_port(FILE *out, struct random *r)
{
	const unsigned port = PICK(r, random_ports);

	fprintf(out, "{protocol: %s", PICK(r, random_protocols));
	if (one_in(r, 4))
		fprintf(out, ", port: %s", PICK(r, random_names));
	else if (one_in(r, 3))
		fprintf(out, ", port: %u, endPort: %u", port, port + pick(r, 65536 - port));
	else if (!one_in(r, 4))
		fprintf(out, ", port: %u", port);
	fprintf(out, "}");
}

static inline void put_limit(FILE *out, struct random *r)
{
	static const char *const units[] = { "packetsPerSecond", "bytesPerSecond", "connectionsPerSecond" };
	static const char *const scopes[] = { "", ", per: Rule", ", per: Identity", ", per: Address" };
	const char *unit = PICK(r, units), *scope = PICK(r, scopes);

	const bool marks = unit != units[2] && one_in(r, 4);

	fprintf(out, "{%s: %u%s%s}", unit, 1 + pick(r, 100), scope, marks ? ", onExceed: Mark" : "");
}

static inline void put_rule(FILE *out, struct random *r, const char *peers, bool is_traffic, unsigned index)
{
	const bool is_deny = is_traffic && one_in(r, 6),
		   has_limit = is_traffic && !is_deny && r->limits_left && one_in(r, 4);

	fprintf(out, "{");
	if (is_traffic && one_in(r, 2))
		fprintf(out, "name: r%u, ", index);
	if (is_deny)
		fprintf(out, "action: Deny, ");
	if (has_limit) {
		r->limits_left--;
		fprintf(out, "%slimits: [", one_in(r, 2) ? "action: Limit, " : "");
		put_limit(out, r);
		fprintf(out, "], ");
	}
	fprintf(out, "%s: [", peers);
	for (uint32_t i = pick(r, 3); i-- > 0;) {
		put_peer(out, r);
		fprintf(out, i ? ", " : "");
	}
	fprintf(out, "], ports: [");
	for (uint32_t i = pick(r, 3); i-- > 0;) {
		put_port(out, r);
		fprintf(out, i ? ", " : "");
	}
	fprintf(out, "]}");
}

static inline void put_policy_head(FILE *out, struct random *r, bool is_traffic, unsigned index)
{
	if (is_traffic && one_in(r, 3)) {
		fprintf(out,
			"{apiVersion: weir.dev/v1alpha1, kind: ClusterTrafficPolicy, metadata: {name: p%u}, spec: {",
			index);
		if (one_in(r, 2)) {
			fprintf(out, "namespaceSelector: ");
			put_namespace_selector(out, r);
			fprintf(out, ", ");
		}
		fprintf(out, "podSelector: ");
		return;
	}
	fprintf(out, is_traffic ? "{apiVersion: weir.dev/v1alpha1, kind: TrafficPolicy, "
				: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, ");
	fprintf(out, "metadata: {namespace: %s, name: p%u}, spec: {podSelector: ", PICK(r, random_namespaces), index);
}

static inline void put_policy(FILE *out, struct random *r, unsigned index)
{
	static const char *const types[] = { "", ", policyTypes: [Ingress]", ", policyTypes: [Egress]",
					     ", policyTypes: [Ingress, Egress]" };
	static const char *const sections[][2] = { { "ingress", "from" }, { "egress", "to" } };
	const bool is_traffic = one_in(r, 2);

	put_policy_head(out, r, is_traffic, index);
	put_selector(out, r);
	if (is_traffic && one_in(r, 3))
		fprintf(out, ", mode: Audit");
	if (is_traffic && one_in(r, 3))
		fprintf(out, ", onDeny: Reject");
	fprintf(out, "%s", PICK(r, types));
	for (size_t i = 0; i < 2; i++) {
		if (one_in(r, 3))
			continue;
		fprintf(out, ", %s: [", sections[i][0]);
		for (uint32_t k = pick(r, 4); k-- > 0;) {
			put_rule(out, r, sections[i][1], is_traffic, k);
			fprintf(out, k ? ", " : "");
		}
		fprintf(out, "]");
	}
	fprintf(out, "}}\n---\n");
}

static inline void put_pod(FILE *out, struct random *r, unsigned index)
{
	const bool host = one_in(r, 8);

	fprintf(out, "{apiVersion: v1, kind: Pod, metadata: {namespace: %s, name: pod%u, labels: {",
		PICK(r, random_namespaces), index);
	put_labels(out, r);
	fprintf(out, "}}, spec: {hostNetwork: %s", host ? "true" : "false");
	if (one_in(r, 2))
		fprintf(out, ", nodeName: n%u", pick(r, 2));
	fprintf(out, ", containers: [{name: c, ports: [");
	if (one_in(r, 2))
		fprintf(out, "{name: web, containerPort: %u}, ", PICK(r, random_ports));
	if (one_in(r, 3))
		fprintf(out, "{name: dns, protocol: UDP, containerPort: %u}", PICK(r, random_ports));
	fprintf(out, "]}]}, status: {phase: %s, podIPs: [", one_in(r, 10) ? "Succeeded" : "Running");
	/* Distinct, and all over the blocks; some pods have one family, some none. */
	if (!one_in(r, 5))
		fprintf(out, host ? "{ip: 192.0.2.%u}, " : "{ip: 10.%u.%u.%u}, ", host ? 10 + index : index % 2,
			index / 2 % 3, index % 8);
	if (one_in(r, 2))
		fprintf(out, "{ip: 'fd00:%u::%u:%u'}", index % 2, host ? 9 : index / 2 % 2, index % 16);
	fprintf(out, "]}}\n---\n");
}

/* The caller frees. */
static inline char *random_cluster(struct random *r, unsigned n_pods)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	r->limits_left = 4;
	for (size_t i = 0; i < 2; i++) {
		fprintf(out, "{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {", random_namespaces[i]);
		put_labels(out, r);
		fprintf(out, "}}}\n---\n");
	}
	for (unsigned i = 0; i < n_pods; i++)
		put_pod(out, r, i);
	for (unsigned i = 0, n = pick(r, 8); i < n; i++)
		put_policy(out, r, i);
	put_tiers(out, r);
	fclose(out);
	return text;
}

#endif
