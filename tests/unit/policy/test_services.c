// SPDX-License-Identifier: BSD-2-Clause
/* Egress to a service's address means its ready backends at their ports. */
#include "unit/policy/probes.h"

#define POD(name, addr)                                                                                              \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: " name ", labels: {app: " name "}}, status: " \
	"{podIPs: [" addr "]}}\n---\n"
#define IP(addr) "{ip: '" addr "'}"
#define SERVICE(name, addrs, ports)                                                                               \
	"{kind: Service, apiVersion: v1, metadata: {namespace: shop, name: " name "}, spec: {clusterIPs: [" addrs \
	"], ports: [" ports "]}}\n---\n"
#define SLICE(service, name, type, ports, endpoints)                                                     \
	"{kind: EndpointSlice, apiVersion: discovery.k8s.io/v1, metadata: {namespace: shop, name: " name \
	", labels: {kubernetes.io/service-name: " service "}}, addressType: " type ", ports: [" ports    \
	"], endpoints: [" endpoints "]}\n---\n"
#define READY(addr)   "{addresses: ['" addr "'], conditions: {ready: true}}"
#define UNREADY(addr) "{addresses: ['" addr "'], conditions: {ready: false, serving: true, terminating: true}}"
#define POLICY(name, spec)                                                                                            \
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: shop, name: " name "}, spec: " \
	"{" spec "}}\n---\n"

static const char services[] = POD("user", IP("10.0.0.1") ", " IP("fd00::1")) POD("free", IP("10.0.0.2"))
	POD("web", IP("10.0.0.11") ", " IP("fd00::11")) POD("api", IP("10.0.0.12")) POD("db", IP("10.0.0.13")) SERVICE(
		"web", "10.96.0.1, 'fd96::1'",
		"{name: http, port: 80, targetPort: 8080}, {name: admin, port: 81, targetPort: 9090}")
		SLICE("web", "web-1", "IPv4", "{name: http, port: 8080}, {name: admin, port: 9090}",
		      READY("10.0.0.11")) SLICE("web", "web-2", "IPv6", "{name: http, port: 8080}",
						READY("fd00::11")) SERVICE("mixed", "10.96.0.2", "{port: 80}")
			SLICE("mixed", "m1", "IPv4", "{port: 8080}",
			      READY("10.0.0.11") ", " READY("10.0.0.12")) SERVICE("draining", "10.96.0.3", "{port: 80}")
				SLICE("draining", "d1", "IPv4", "{port: 8080}",
				      READY("10.0.0.11") ", " UNREADY("10.0.0.12")) SERVICE("empty", "10.96.0.4",
											    "{port: 80}")
					SERVICE("outside", "10.96.0.5", "{port: 443}") SLICE(
						"outside", "o1", "IPv4", "{port: 8443}", READY("203.0.113.1"))
						SERVICE("dead", "10.0.0.13", "{port: 80}") SERVICE("headless", "None",
												   "{port: 80}")
							POLICY("user",
							       "podSelector: {matchLabels: {app: user}}, policyTypes: "
							       "[Egress], egress: [{to: [{podSelector: "
							       "{matchLabels: {app: web}}}], ports: [{port: 8080}]}, "
							       "{to: [{ipBlock: {cidr: 203.0.113.0/24}}]}, {to: "
							       "[{ipBlock: {cidr: 10.96.0.4/32}}]}, {to: "
							       "[{podSelector: {matchLabels: {app: db}}}]}]");
static const struct probe services_probes[] = {
	{ "the backend's port is allowed, and so the service's", "shop/user", "10.96.0.1", "TCP", 80, "allow",
	  "NetworkPolicy shop/user" },
	{ "the backend's other port is not", "shop/user", "10.96.0.1", "TCP", 81, "egress", "NetworkPolicy shop/user" },
	{ "the service is not allowed by its backend's number", "shop/user", "10.96.0.1", "TCP", 8080, "egress", NULL },
	{ "the service is not another protocol's", "shop/user", "10.96.0.1", "UDP", 80, "egress", NULL },
	{ "the backend itself is reached at its own port", "shop/user", "shop/web", "TCP", 8080, "allow", NULL },
	{ "and not at the service's", "shop/user", "shop/web", "TCP", 80, "egress", NULL },
	{ "the service's IPv6 address means the IPv6 backends", "fd00::1", "fd96::1", "TCP", 80, "allow", NULL },
	{ "at their ports", "fd00::1", "fd96::1", "TCP", 81, "egress", NULL },
	{ "one backend that is denied denies the service", "shop/user", "10.96.0.2", "TCP", 80, "egress", NULL },
	{ "unless it is not ready", "shop/user", "10.96.0.3", "TCP", 80, "allow", NULL },
	{ "a service without backends is denied to who is isolated", "shop/user", "10.96.0.4", "TCP", 80, "egress",
	  "NetworkPolicy shop/user" },
	{ "though its address is allowed at other ports", "shop/user", "10.96.0.4", "TCP", 81, "allow", NULL },
	{ "a backend outside the cluster is judged by its address", "shop/user", "10.96.0.5", "TCP", 443, "allow",
	  NULL },
	{ "a pod's address is the pod, whatever a service says", "shop/user", "10.0.0.13", "TCP", 7, "allow", NULL },
	{ "who is not isolated reaches every service", "shop/free", "10.96.0.2", "TCP", 80, "allow", "" },
	{ "and the empty one", "shop/free", "10.96.0.4", "TCP", 80, "allow", "" },
	{ "an address of no service is nobody's", "shop/user", "10.96.0.99", "TCP", 80, "egress", NULL },
};

static const char tiers[] = POD("user", IP("10.0.0.1")) POD("web", IP("10.0.0.11")) POD("api", IP("10.0.0.12"))
	SERVICE("both", "10.96.0.1", "{port: 80}") SLICE("both", "b", "IPv4", "{port: 8080}",
							 READY("10.0.0.11") ", " READY("10.0.0.12"))
		SERVICE("none", "10.96.0.2",
			"{port: 80}") "{kind: ClusterNetworkPolicy, apiVersion: policy.networking.k8s.io/v1alpha2, "
				      "metadata: {name: c}, spec: {tier: Admin, "
				      "priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{pods: "
				      "{podSelector: {matchLabels: {app: "
				      "api}}}}], protocols: [{tcp: {destinationPort: {number: 8080}}}]}]}}\n---\n";
static const struct probe tiers_probes[] = {
	{ "a deny of the admin tier reaches through the service", "shop/user", "10.96.0.1", "TCP", 80, "egress",
	  "ClusterNetworkPolicy c" },
	{ "and concerns no other port", "shop/user", "10.96.0.1", "TCP", 8080, "allow", "" },
	{ "nobody is denied where nobody answers", "shop/user", "10.96.0.2", "TCP", 80, "allow", "" },
};

static const struct scenario scenarios[] = {
	SCENARIO("services", services, NULL, services_probes),
	SCENARIO("tiers", tiers, NULL, tiers_probes),
};

int main(void)
{
	return run_scenarios("policy/services", scenarios, ARRAY_SIZE(scenarios));
}
