// SPDX-License-Identifier: BSD-2-Clause
/* The demo's containers and what it asks of them. */
#include "base/mem.h"
#include "cli/demo.h"

const struct demo_pod_info demo_pods[DEMO_PODS] = {
	[FRONTEND] = { "shop", "frontend", "weir-frontend", { "10.77.0.11", "fd77::11" }, 80 },
	[BACKEND] = { "shop", "backend", "weir-backend", { "10.77.0.12", "fd77::12" }, 8080 },
	[DB] = { "shop", "db", "weir-db", { "10.77.0.13", "fd77::13" }, 5432 },
	[INTRUDER] = { "guest", "intruder", "weir-intruder", { "10.77.0.14", "fd77::14" }, 8080 },
};

char *demo_pods_yaml(void)
{
	char *yaml = xstrdup("");

	for (const struct demo_pod_info *pod = demo_pods; pod < demo_pods + DEMO_PODS; pod++) {
		char *longer = xasprintf("%s"
					 "---\n"
					 "apiVersion: v1\n"
					 "kind: Pod\n"
					 "metadata:\n"
					 "  name: %s\n"
					 "  namespace: %s\n"
					 "  labels: {app: %s}\n"
					 "  annotations: {weir.dev/interface: %s}\n"
					 "status:\n"
					 "  podIPs: [{ip: %s}, {ip: \"%s\"}]\n",
					 yaml, pod->name, pod->namespace, pod->name, pod->interface,
					 pod->address[WEIR_IPV4], pod->address[WEIR_IPV6]);

		free(yaml);
		yaml = longer;
	}
	return yaml;
}

/* Two policies of Kubernetes' kind, and one of weir's for the limit. */
char *demo_policy_yaml(void)
{
	return xasprintf("apiVersion: networking.k8s.io/v1\n"
			 "kind: NetworkPolicy\n"
			 "metadata: {name: closed, namespace: shop}\n"
			 "spec:\n"
			 "  podSelector: {}\n"
			 "---\n"
			 "apiVersion: networking.k8s.io/v1\n"
			 "kind: NetworkPolicy\n"
			 "metadata: {name: db, namespace: shop}\n"
			 "spec:\n"
			 "  podSelector: {matchLabels: {app: db}}\n"
			 "  policyTypes: [Ingress, Egress]\n"
			 "  ingress:\n"
			 "  - from: [{podSelector: {matchLabels: {app: backend}}}]\n"
			 "    ports: [{protocol: TCP, port: %u}]\n"
			 "---\n"
			 "apiVersion: weir.dev/v1alpha1\n"
			 "kind: TrafficPolicy\n"
			 "metadata: {name: backend, namespace: shop}\n"
			 "spec:\n"
			 "  podSelector: {matchLabels: {app: backend}}\n"
			 "  ingress:\n"
			 "  - name: requests\n"
			 "    from: [{podSelector: {matchLabels: {app: frontend}}}]\n"
			 "    ports: [{protocol: TCP, port: %u}]\n"
			 "  - name: telemetry\n"
			 "    from: [{podSelector: {matchLabels: {app: frontend}}}]\n"
			 "    ports: [{protocol: UDP, port: %u}]\n"
			 "    limits: [{packetsPerSecond: %u}]\n",
			 demo_pods[DB].port, demo_pods[BACKEND].port, DEMO_UDP_PORT, DEMO_UDP_LIMIT);
}
