// SPDX-License-Identifier: BSD-2-Clause
/*
 * The situations of Kubernetes' own network policy suite and of cyclonus, in
 * our own words: namespaces x, y and z, in each the pods a, b and c; and the
 * same for ClusterTrafficPolicy.
 */
#include "unit/policy/probes.h"

#define NS(name) "{kind: Namespace, apiVersion: v1, metadata: {name: " name ", labels: {ns: " name "}}}\n---\n"
#define POD(ns, name, addr)                                                                                          \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: " ns ", name: " name ", labels: {pod: " name "}}, spec: " \
	"{containers: [{name: c, ports: [{name: serve-80, containerPort: 80}, {name: serve-81-udp, containerPort: "  \
	"81, protocol: UDP}]}]}, status: {podIP: " addr "}}\n---\n"
#define PODS(ns, third) \
	POD(ns, "a", "10.1." third ".1") POD(ns, "b", "10.1." third ".2") POD(ns, "c", "10.1." third ".3")
#define CLUSTER NS("x") NS("y") NS("z") PODS("x", "1") PODS("y", "2") PODS("z", "3")
#define POLICY(name, spec)                                                                             \
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: x, name: " name \
	"}, spec: {" spec "}}\n---\n"
#define WIDE(name, spec)                                                                                       \
	"{kind: ClusterTrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {name: " name "}, spec: {" spec \
	"}}\n---\n"
#define A	   "podSelector: {matchLabels: {pod: a}}"
#define IN(names)  "namespaceSelector: {matchExpressions: [{key: ns, operator: In, values: [" names "]}]}"
#define NOT(names) "namespaceSelector: {matchExpressions: [{key: ns, operator: NotIn, values: [" names "]}]}"

static const char no_ingress[] = CLUSTER POLICY("deny", "podSelector: {}, policyTypes: [Ingress]");
static const struct probe no_ingress_probes[] = {
	{ "no pod of the namespace is reached from inside", "x/b", "x/a", "TCP", 80, "ingress",
	  "NetworkPolicy x/deny" },
	{ "nor from outside", "y/a", "x/c", "SCTP", 81, "ingress", "NetworkPolicy x/deny" },
	{ "pods of it reach other namespaces", "x/a", "y/a", "TCP", 80, "allow", "" },
	{ "other namespaces reach each other", "y/b", "z/c", "UDP", 80, "allow", "" },
};

static const char no_egress[] = CLUSTER POLICY("deny", "podSelector: {}, policyTypes: [Egress]");
static const struct probe no_egress_probes[] = {
	{ "no pod of the namespace reaches another", "x/b", "x/a", "TCP", 80, "egress", NULL },
	{ "nor another namespace", "x/b", "z/a", "UDP", 81, "egress", NULL },
	{ "nor the world", "x/b", "198.51.100.7", "TCP", 443, "egress", NULL },
	{ "and every pod of it is reached", "z/a", "x/b", "TCP", 80, "allow", "" },
};

static const char client[] =
	CLUSTER POLICY("client-a", A ", ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}]");
static const struct probe client_probes[] = {
	{ "the client of the same namespace is let in", "x/b", "x/a", "TCP", 81, "allow", NULL },
	{ "its namesake elsewhere is not", "y/b", "x/a", "TCP", 81, "ingress", NULL },
	{ "another pod is not", "x/c", "x/a", "TCP", 81, "ingress", NULL },
	{ "the others stay open", "y/b", "x/b", "TCP", 81, "allow", "" },
};

static const char other_ns[] =
	CLUSTER POLICY("from-y", A ", ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}]}]");
static const struct probe other_ns_probes[] = {
	{ "the other namespace is let in", "y/c", "x/a", "TCP", 80, "allow", NULL },
	{ "a third is not", "z/c", "x/a", "TCP", 80, "ingress", NULL },
	{ "its own is not", "x/c", "x/a", "TCP", 80, "ingress", NULL },
};

static const char ns_or_pod[] =
	CLUSTER POLICY("or", A ", ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}, "
			       "{podSelector: {matchLabels: {pod: b}}}]}]");
static const struct probe ns_or_pod_probes[] = {
	{ "two peers add up: the namespace", "y/c", "x/a", "TCP", 80, "allow", NULL },
	{ "two peers add up: the pod", "x/b", "x/a", "TCP", 80, "allow", NULL },
	{ "neither", "x/c", "x/a", "TCP", 80, "ingress", NULL },
	{ "the pod's namesake in a third namespace", "z/b", "x/a", "TCP", 80, "ingress", NULL },
};

static const char ns_and_pod[] =
	CLUSTER POLICY("and", A ", ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}, "
				"podSelector: {matchLabels: {pod: b}}}]}]");
static const struct probe ns_and_pod_probes[] = {
	{ "one peer of two selectors needs both", "y/b", "x/a", "TCP", 80, "allow", NULL },
	{ "the namespace alone is not enough", "y/c", "x/a", "TCP", 80, "ingress", NULL },
	{ "the pod alone is not enough", "x/b", "x/a", "TCP", 80, "ingress", NULL },
};

static const char expressions[] = CLUSTER POLICY(
	"expr",
	A ", ingress: [{from: [{" NOT("x") ", podSelector: "
					   "{matchExpressions: [{key: pod, operator: In, values: [b, c]}]}}]}]");
static const struct probe expressions_probes[] = {
	{ "b of another namespace", "y/b", "x/a", "TCP", 80, "allow", NULL },
	{ "c of another namespace", "z/c", "x/a", "TCP", 80, "allow", NULL },
	{ "a of another namespace", "z/a", "x/a", "TCP", 80, "ingress", NULL },
	{ "b of the excluded namespace", "x/b", "x/a", "TCP", 80, "ingress", NULL },
};

static const char port_80[] =
	CLUSTER POLICY("p80", A ", ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}], "
				"ports: [{port: 80}]}]");
static const struct probe port_80_probes[] = {
	{ "the port is open to the peer", "y/a", "x/a", "TCP", 80, "allow", NULL },
	{ "the other port is not", "y/a", "x/a", "TCP", 81, "ingress", NULL },
	{ "the port is closed to others", "z/a", "x/a", "TCP", 80, "ingress", NULL },
	{ "the port is closed to UDP", "y/a", "x/a", "UDP", 80, "ingress", NULL },
	{ "and to SCTP", "y/a", "x/a", "SCTP", 80, "ingress", NULL },
};

static const char stacked[] = CLUSTER POLICY("p80",
					     A ", ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}], "
					       "ports: [{port: 80}]}]")
	POLICY("p81", A ", ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}], ports: [{port: 81}]}]")
		POLICY("z", A ", ingress: [{from: [{namespaceSelector: {matchLabels: {ns: z}}}], ports: [{port: "
			      "serve-81-udp, protocol: "
			      "UDP}]}]");
static const struct probe stacked_probes[] = {
	{ "stacked policies open the first port", "y/a", "x/a", "TCP", 80, "allow", "NetworkPolicy x/p80" },
	{ "and the second", "y/a", "x/a", "TCP", 81, "allow", "NetworkPolicy x/p81" },
	{ "and a named one to another", "z/a", "x/a", "UDP", 81, "allow", "NetworkPolicy x/z" },
	{ "not crosswise", "z/a", "x/a", "TCP", 80, "ingress", NULL },
	{ "nor the other way", "y/a", "x/a", "UDP", 81, "ingress", NULL },
	{ "a third port is closed", "y/a", "x/a", "TCP", 82, "ingress", NULL },
};

static const char wide_open[] = CLUSTER POLICY("deny", "podSelector: {}, policyTypes: [Ingress]")
	POLICY("open", "podSelector: {}, ingress: [{}]");
static const struct probe wide_open_probes[] = {
	{ "allow-all undoes deny-all", "y/a", "x/a", "TCP", 80, "allow", "NetworkPolicy x/open" },
	{ "for the world too", "198.51.100.7", "x/b", "UDP", 7, "allow", "NetworkPolicy x/open" },
	{ "and for ICMP", "z/a", "x/b", "ICMP", 0, "allow", "NetworkPolicy x/open" },
};

static const char both_ways[] =
	CLUSTER POLICY("a", A ", policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: "
			      "{matchLabels: {pod: b}}}]}], egress: [{to: [{namespaceSelector: {matchLabels: {ns: y}}, "
			      "podSelector: {matchLabels: "
			      "{pod: a}}}], ports: [{port: serve-80}]}, {ports: [{protocol: UDP, port: 53}]}]");
static const struct probe both_ways_probes[] = {
	{ "ingress from its client", "x/b", "x/a", "TCP", 80, "allow", NULL },
	{ "no new connection back", "x/a", "x/b", "TCP", 80, "egress", NULL },
	{ "egress to its server", "x/a", "y/a", "TCP", 80, "allow", NULL },
	{ "by the name of the server's port only", "x/a", "y/a", "TCP", 81, "egress", NULL },
	{ "another server is out of reach", "x/a", "y/b", "TCP", 80, "egress", NULL },
	{ "names are resolved anywhere", "x/a", "198.51.100.53", "UDP", 53, "allow", NULL },
	{ "not over TCP", "x/a", "198.51.100.53", "TCP", 53, "egress", NULL },
};

static const char blocks[] =
	CLUSTER POLICY("cidr", A ", policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16, "
				 "except: [10.1.2.0/24]}}]}]")
		POLICY("hole", A ", policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.1.2.2/32}}]}]");
static const struct probe blocks_probes[] = {
	{ "pods of the block are reached", "x/a", "z/a", "TCP", 80, "allow", "NetworkPolicy x/cidr" },
	{ "pods of the exception are not", "x/a", "y/a", "TCP", 80, "egress", NULL },
	{ "what another policy allows of the exception is", "x/a", "y/b", "TCP", 80, "allow", "NetworkPolicy x/hole" },
	{ "nobody's address in the block is reached", "x/a", "10.1.200.200", "UDP", 1, "allow", NULL },
	{ "outside the block nothing is", "x/a", "10.2.0.1", "TCP", 80, "egress", NULL },
};

static const char wide[] =
	CLUSTER WIDE("client", IN("x, y") ", " A ", ingress: [{from: [{podSelector: {matchLabels: {pod: "
					  "b}}}], ports: [{port: 80}]}]");
static const struct probe wide_probes[] = {
	{ "a cluster-wide policy selects in the first namespace", "z/c", "x/a", "TCP", 80, "ingress",
	  "ClusterTrafficPolicy client" },
	{ "and in the second", "z/c", "y/a", "TCP", 80, "ingress", "ClusterTrafficPolicy client" },
	{ "and in no third", "z/c", "z/a", "TCP", 80, "allow", "" },
	{ "its podSelector peers are pods of all namespaces", "z/b", "x/a", "TCP", 80, "allow",
	  "ClusterTrafficPolicy client" },
	{ "of the subject's own too", "x/b", "x/a", "TCP", 80, "allow", NULL },
	{ "on the port", "x/b", "x/a", "TCP", 81, "ingress", NULL },
	{ "other pods are left alone", "z/c", "x/b", "TCP", 81, "allow", "" },
};

static const char everywhere[] =
	CLUSTER WIDE("deny", "ingress: [{name: no-c, action: Deny, from: [{" IN(
				     "z") ", podSelector: "
					  "{matchLabels: {pod: c}}}]}, {from: [{namespaceSelector: {}}]}]")
		POLICY("open", "podSelector: {}, ingress: [{}]");
static const struct probe everywhere_probes[] = {
	{ "without selectors every pod is selected", "198.51.100.7", "y/a", "TCP", 80, "ingress",
	  "ClusterTrafficPolicy deny" },
	{ "its Deny beats a NetworkPolicy's allow", "z/c", "x/a", "TCP", 80, "ingress", "ClusterTrafficPolicy deny" },
	{ "for its peer alone", "y/c", "x/a", "TCP", 80, "allow", "NetworkPolicy x/open, ClusterTrafficPolicy deny" },
	{ "its allow adds up with a NetworkPolicy's", "198.51.100.7", "x/a", "TCP", 80, "allow",
	  "NetworkPolicy x/open" },
	{ "any pod enters elsewhere", "z/b", "y/a", "TCP", 80, "allow", "ClusterTrafficPolicy deny" },
};

static const struct scenario scenarios[] = {
	SCENARIO("no ingress", no_ingress, NULL, no_ingress_probes),
	SCENARIO("no egress", no_egress, NULL, no_egress_probes),
	SCENARIO("one client", client, NULL, client_probes),
	SCENARIO("another namespace", other_ns, NULL, other_ns_probes),
	SCENARIO("namespace or pod", ns_or_pod, NULL, ns_or_pod_probes),
	SCENARIO("namespace and pod", ns_and_pod, NULL, ns_and_pod_probes),
	SCENARIO("expressions", expressions, NULL, expressions_probes),
	SCENARIO("one port", port_80, NULL, port_80_probes),
	SCENARIO("stacked", stacked, NULL, stacked_probes),
	SCENARIO("allow all", wide_open, NULL, wide_open_probes),
	SCENARIO("both ways", both_ways, NULL, both_ways_probes),
	SCENARIO("blocks", blocks, NULL, blocks_probes),
	SCENARIO("cluster-wide", wide, NULL, wide_probes),
	SCENARIO("everywhere", everywhere, NULL, everywhere_probes),
};

int main(void)
{
	return run_scenarios("policy/conformance_netpol", scenarios, ARRAY_SIZE(scenarios));
}
