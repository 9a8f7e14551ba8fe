// SPDX-License-Identifier: BSD-2-Clause
#include "packet/cluster.h"

void cluster_address(unsigned i, uint8_t ret[static 4])
{
	ret[0] = 10;
	ret[1] = (uint8_t)(i >> 16);
	ret[2] = (uint8_t)(i >> 8);
	ret[3] = (uint8_t)i;
}

void cluster_write_pods(FILE *out, const struct cluster *cluster, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		uint8_t addr[4];

		cluster_address(i, addr);
		fprintf(out,
			"---\napiVersion: v1\nkind: Pod\n"
			"metadata: {name: pod-%u, namespace: ns-%u, labels: {app: app-%u, managed-by: test}}\n"
			"spec: {nodeName: node-%u}\nstatus: {phase: Running, podIP: %u.%u.%u.%u}\n",
			i, i % CLUSTER_NAMESPACES, i / CLUSTER_NAMESPACES % cluster->kinds, i % 1000, addr[0], addr[1],
			addr[2], addr[3]);
	}
}

void cluster_write_policies(FILE *out, const struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->policies; i++) {
		const unsigned kind = i / CLUSTER_NAMESPACES % cluster->kinds;

		fprintf(out,
			"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
			"metadata: {name: policy-%u, namespace: ns-%u}\n"
			"spec:\n  podSelector: {matchLabels: {app: app-%u}}\n  ingress:\n"
			"  - from: [{podSelector: {matchLabels: {app: app-%u}}}, {podSelector: {matchLabels: {app: "
			"app-%u}}}]\n"
			"    ports: [{protocol: TCP, port: %u}]\n"
			"  - from: [{ipBlock: {cidr: 172.%u.%u.0/24}}]\n",
			i, i % CLUSTER_NAMESPACES, kind, (kind + 1) % cluster->kinds, (kind + 2) % cluster->kinds,
			CLUSTER_PORT + i % 100, 16 + i / 256, i % 256);
	}
}

char *cluster_manifests(const struct cluster *cluster)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	cluster_write_pods(out, cluster, 0, cluster->pods);
	cluster_write_policies(out, cluster);
	return fclose(out) == 0 ? text : NULL;
}
