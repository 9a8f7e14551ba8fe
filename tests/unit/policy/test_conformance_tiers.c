// SPDX-License-Identifier: BSD-2-Clause
/*
 * The situations of the network-policy-api conformance suite, in our own
 * words: three houses, each with pods on two servers' ports, and policies of
 * the admin, network and baseline tiers over them.
 */
#include "unit/policy/probes.h"

#define NS(name) "{kind: Namespace, apiVersion: v1, metadata: {name: " name ", labels: {house: " name "}}}\n---\n"
#define POD(ns, name, last, ports)                                                                                   \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: " ns ", name: " name ", labels: {pod: " name              \
	"}}, spec: {nodeName: n1, containers: [{name: c, ports: [" ports "]}]}, status: {podIPs: [{ip: 10.0.0." last \
	"}, {ip: 'fd00::" last "'}]}}\n---\n"
#define WEB "{name: web, containerPort: 80}, {name: dns, containerPort: 53, protocol: UDP}"
#define HOUSES                       \
	NS("fox")                    \
	NS("owl")                    \
	NS("elk")                    \
	POD("fox", "one", "1", WEB)  \
	POD("fox", "two", "2", "")   \
	POD("owl", "one", "11", WEB) \
	POD("owl", "two", "12", "")  \
	POD("elk", "one", "21", WEB) \
	POD("elk", "two", "22", "")

#define ADMIN(name, priority, rest)                                                                        \
	"{kind: AdminNetworkPolicy, apiVersion: policy.networking.k8s.io/v1alpha1, metadata: {name: " name \
	"}, spec: {priority: " priority ", " rest "}}\n---\n"
#define BASELINE(rest)                                                                                        \
	"{kind: BaselineAdminNetworkPolicy, apiVersion: policy.networking.k8s.io/v1alpha1, metadata: {name: " \
	"default}, spec: {" rest "}}\n---\n"
#define CLUSTER(name, tier, priority, rest)                                                                  \
	"{kind: ClusterNetworkPolicy, apiVersion: policy.networking.k8s.io/v1alpha2, metadata: {name: " name \
	"}, spec: {tier: " tier ", priority: " priority ", " rest "}}\n---\n"
#define NETWORK(ns, name, rest)                                                                             \
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: " ns ", name: " name \
	"}, spec: {" rest "}}\n---\n"
#define HOUSE(name) "namespaces: {matchLabels: {house: " name "}}"
#define ONE(house) \
	"pods: {namespaceSelector: {matchLabels: {house: " house "}}, podSelector: {matchLabels: {pod: one}}}"
#define SUBJECT(who)	"subject: {" who "}, "
#define EVERYBODY	"namespaces: {}"
#define TCP_80		"ports: [{portNumber: {protocol: TCP, port: 80}}]"
#define PROTOCOL_TCP_80 "protocols: [{tcp: {destinationPort: {number: 80}}}]"

static const char ingress[] =
	HOUSES ADMIN("gate", "5",
		     SUBJECT(HOUSE("fox")) "ingress: [{name: owls, action: Allow, from: [{" HOUSE(
			     "owl") "}], " TCP_80 "}, "
				    "{name: no-owls, action: Deny, from: [{" HOUSE(
					    "owl") "}]}, "
						   "{name: elks, action: Pass, from: [{" HOUSE(
							   "elk") "}]}, {name: rest, action: Deny, from: [{" EVERYBODY
								  "}]}]")
		NETWORK("fox", "only-two",
			"podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {pod: "
			"two}}}]}]");
static const struct probe ingress_probes[] = {
	{ "an allow beats the isolation below", "owl/one", "fox/one", "TCP", 80, "allow", "AdminNetworkPolicy gate" },
	{ "an allow is for its port", "owl/one", "fox/one", "TCP", 81, "ingress", "AdminNetworkPolicy gate" },
	{ "and for its protocol", "owl/one", "fox/one", "UDP", 80, "ingress", "AdminNetworkPolicy gate" },
	{ "a deny beats what is allowed below", "owl/two", "fox/one", "TCP", 81, "ingress", "AdminNetworkPolicy gate" },
	{ "a deny without ports is for ICMP too", "owl/two", "fox/one", "ICMP", 0, "ingress",
	  "AdminNetworkPolicy gate" },
	{ "a pass leaves the allow to the network tier", "elk/two", "fox/one", "TCP", 80, "allow",
	  "NetworkPolicy fox/only-two" },
	{ "a pass leaves the deny to the network tier", "elk/one", "fox/one", "TCP", 80, "ingress",
	  "NetworkPolicy fox/only-two" },
	{ "a pass skips the rules behind it", "elk/two", "fox/one", "UDP", 9, "allow", "NetworkPolicy fox/only-two" },
	{ "the last rule takes the rest of the pods", "fox/two", "fox/one", "TCP", 80, "ingress",
	  "AdminNetworkPolicy gate" },
	{ "namespaces are pods, not the world", "198.51.100.1", "fox/one", "TCP", 80, "ingress",
	  "NetworkPolicy fox/only-two" },
	{ "other houses are no subjects", "fox/one", "owl/one", "TCP", 80, "allow", "" },
	{ "egress of a subject is left alone", "fox/one", "198.51.100.1", "UDP", 53, "allow", "" },
	{ "IPv6 is judged alike", "fd00::11", "fd00::1", "TCP", 80, "allow", "AdminNetworkPolicy gate" },
	{ "and denied alike", "fd00::12", "fd00::1", "TCP", 443, "ingress", "AdminNetworkPolicy gate" },
};

static const char egress[] = HOUSES ADMIN(
	"out", "1",
	SUBJECT(ONE("fox")) "egress: [{action: Allow, to: [{" ONE(
		"owl") "}], ports: [{portRange: {protocol: TCP, start: "
		       "80, end: 90}}]}, {action: Deny, to: [{" HOUSE(
			       "owl") "}]}, {action: Deny, to: [{networks: [203.0.113.0/24, "
				      "'2001:db8::/32']}], ports: [{portNumber: {protocol: UDP, port: 53}}]}, {action: "
				      "Pass, to: [{networks: "
				      "[203.0.113.128/25]}]}, {action: Deny, to: [{networks: [0.0.0.0/0]}]}]");
static const struct probe egress_probes[] = {
	{ "a range's first port is allowed", "fox/one", "owl/one", "TCP", 80, "allow", "AdminNetworkPolicy out" },
	{ "a range's last port is allowed", "fox/one", "owl/one", "TCP", 90, "allow", "AdminNetworkPolicy out" },
	{ "the port behind it is denied", "fox/one", "owl/one", "TCP", 91, "egress", "AdminNetworkPolicy out" },
	{ "the port before it is denied", "fox/one", "owl/one", "TCP", 79, "egress", NULL },
	{ "another pod of the house is denied", "fox/one", "owl/two", "TCP", 80, "egress", NULL },
	{ "a pod that is no subject is left alone", "fox/two", "owl/two", "TCP", 80, "allow", "" },
	{ "a network is denied on its port", "fox/one", "203.0.113.200", "UDP", 53, "egress",
	  "AdminNetworkPolicy out" },
	{ "in IPv6 too", "fox/one", "2001:db8::9", "UDP", 53, "egress", NULL },
	{ "a network of the other half passes on other ports", "fox/one", "203.0.113.200", "UDP", 54, "allow", "" },
	{ "what no pass takes falls to the last rule", "fox/one", "203.0.113.1", "UDP", 54, "egress",
	  "AdminNetworkPolicy out" },
	{ "IPv6 is no part of 0.0.0.0/0", "fox/one", "2001:db8::9", "TCP", 443, "allow", "" },
	{ "a network of everything has the pods in it", "fox/one", "elk/one", "TCP", 80, "egress",
	  "AdminNetworkPolicy out" },
	{ "ingress of a subject is left alone", "owl/one", "fox/one", "TCP", 1, "allow", "" },
	{ "a pod reaches itself in spite of it all", "fox/one", "10.0.0.1", "TCP", 80, "allow", "" },
};

static const char order[] = HOUSES ADMIN("late", "20",
					 SUBJECT(EVERYBODY) "ingress: [{action: Deny, from: [{" EVERYBODY "}]}]")
	ADMIN("early", "10",
	      SUBJECT(HOUSE("fox")) "ingress: [{action: Allow, from: [{" HOUSE("owl") "}]}, {action: Pass, "
										      "from: [{" ONE("elk") "}]}]")
		ADMIN("tie-b", "5", SUBJECT(HOUSE("elk")) "ingress: [{action: Deny, from: [{" HOUSE("fox") "}]}]")
			ADMIN("tie-a", "5",
			      SUBJECT(HOUSE("elk")) "ingress: [{action: Allow, from: [{" HOUSE("fox") "}]}]")
				CLUSTER("first", "Admin", "0",
					SUBJECT(HOUSE("owl")) "ingress: [{action: Accept, from: [{" HOUSE(
						"elk") "}], " PROTOCOL_TCP_80 "}]")
					CLUSTER("early", "Admin", "10",
						SUBJECT(HOUSE("fox")) "ingress: [{action: Deny, from: [{" HOUSE(
							"owl") "}]}, "
							       "{action: Deny, from: [{" ONE("elk") "}]}]");
static const struct probe order_probes[] = {
	{ "the lower priority counts first", "owl/one", "fox/one", "TCP", 80, "allow", "AdminNetworkPolicy early" },
	{ "of one name and priority the older kind counts first", "owl/two", "fox/two", "TCP", 80, "allow",
	  "AdminNetworkPolicy early" },
	{ "a pass skips the tier's later policies, of any kind", "elk/one", "fox/one", "TCP", 80, "allow", "" },
	{ "what the earlier policy doesn't match the later one does", "elk/two", "fox/one", "TCP", 80, "ingress",
	  "AdminNetworkPolicy late" },
	{ "of one priority the first by name counts", "fox/one", "elk/one", "TCP", 80, "allow",
	  "AdminNetworkPolicy tie-a" },
	{ "priority 0 is the first of all", "elk/one", "owl/one", "TCP", 80, "allow", "ClusterNetworkPolicy first" },
	{ "and only for its protocol", "elk/one", "owl/one", "UDP", 80, "ingress", "AdminNetworkPolicy late" },
	{ "everybody is nobody outside", "198.51.100.1", "owl/one", "TCP", 80, "allow", "" },
};

static const char baseline[] = HOUSES BASELINE(SUBJECT(HOUSE("fox")) "ingress: [{action: Allow, from: [{" HOUSE(
	"owl") "}], " TCP_80 "}, {action: Deny, from: "
	       "[{" EVERYBODY "}]}], egress: [{action: Deny, to: [{networks: [198.51.100.0/24]}]}]")
	NETWORK("fox", "two",
		"podSelector: {matchLabels: {pod: two}}, ingress: [{from: [{namespaceSelector: {matchLabels: "
		"{house: elk}}}]}]");
static const struct probe baseline_probes[] = {
	{ "the baseline allows whom nobody isolates", "owl/one", "fox/one", "TCP", 80, "allow",
	  "BaselineAdminNetworkPolicy default" },
	{ "the baseline denies", "owl/one", "fox/one", "TCP", 81, "ingress", "BaselineAdminNetworkPolicy default" },
	{ "the baseline denies the same house", "fox/two", "fox/one", "TCP", 80, "ingress",
	  "BaselineAdminNetworkPolicy default" },
	{ "what isolates overrides a baseline deny", "elk/one", "fox/two", "TCP", 81, "allow",
	  "NetworkPolicy fox/two" },
	{ "what isolates overrides a baseline allow", "owl/one", "fox/two", "TCP", 80, "ingress",
	  "NetworkPolicy fox/two" },
	{ "isolation for ingress leaves the baseline's egress", "fox/two", "198.51.100.9", "TCP", 80, "egress",
	  "BaselineAdminNetworkPolicy default" },
	{ "what the baseline doesn't match is open", "fox/one", "203.0.113.1", "TCP", 80, "allow", "" },
	{ "the world enters where only namespaces are denied", "203.0.113.1", "fox/one", "TCP", 80, "allow", "" },
	{ "others are no subjects of the baseline", "fox/one", "owl/one", "TCP", 81, "allow", "" },
};

static const char three[] = HOUSES ADMIN("admin", "3",
					 SUBJECT(HOUSE("fox")) "ingress: [{action: Pass, from: [{" HOUSE(
						 "owl") "}]}, {action: Deny, from: [{" HOUSE("elk") "}]}]")
	BASELINE(SUBJECT(EVERYBODY) "ingress: [{action: Deny, from: [{" EVERYBODY
				    "}]}]") CLUSTER("floor", "Baseline", "1000",
						    SUBJECT(HOUSE("elk")) "ingress: [{action: Accept, from: [{" HOUSE(
							    "fox") "}]}, "
								   "{action: Pass, from: [{" HOUSE("elk") "}]}]")
		CLUSTER("upper", "Baseline", "2",
			SUBJECT(ONE("elk")) "ingress: [{action: Deny, from: [{" ONE("fox") "}]}]")
			NETWORK("fox", "one",
				"podSelector: {matchLabels: {pod: one}}, ingress: [{from: [{namespaceSelector: {}}]}]");
static const struct probe three_probes[] = {
	{ "pass, then allowed below", "owl/one", "fox/one", "TCP", 80, "allow", "NetworkPolicy fox/one" },
	{ "pass, nobody isolates, then the baseline", "owl/one", "fox/two", "TCP", 80, "ingress",
	  "BaselineAdminNetworkPolicy default" },
	{ "denied above in spite of all", "elk/one", "fox/one", "TCP", 80, "ingress", "AdminNetworkPolicy admin" },
	{ "a baseline of v1alpha2 comes before the default one", "fox/two", "elk/one", "TCP", 80, "allow",
	  "ClusterNetworkPolicy floor" },
	{ "by its priority", "fox/one", "elk/one", "TCP", 80, "ingress", "ClusterNetworkPolicy upper" },
	{ "for its subjects alone", "fox/one", "elk/two", "TCP", 80, "allow", "ClusterNetworkPolicy floor" },
	{ "a pass in the baseline leaves it open", "elk/two", "elk/one", "TCP", 80, "allow", "" },
	{ "whom none of them matches the default one denies", "owl/one", "elk/one", "TCP", 80, "ingress",
	  "BaselineAdminNetworkPolicy default" },
};

static const char names[] = HOUSES ADMIN("in", "1",
					 SUBJECT(HOUSE("fox")) "ingress: [{action: Deny, from: [{" HOUSE(
						 "owl") "}], ports: [{namedPort: web}, {namedPort: dns}]}]")
	CLUSTER("out", "Admin", "2",
		SUBJECT(HOUSE("elk")) "egress: [{action: Deny, to: [{" EVERYBODY "}], protocols: "
				      "[{destinationNamedPort: web}, {sctp: {destinationPort: {range: {start: 5, end: "
				      "7}}}}, {udp: {destinationPort: "
				      "{number: 9}}}]}]");
static const struct probe names_probes[] = {
	{ "a named port is denied by its number", "owl/one", "fox/one", "TCP", 80, "ingress", "AdminNetworkPolicy in" },
	{ "a named port brings its protocol", "owl/one", "fox/one", "UDP", 53, "ingress", "AdminNetworkPolicy in" },
	{ "the other protocol is not meant", "owl/one", "fox/one", "UDP", 80, "allow", "" },
	{ "nor the other number", "owl/one", "fox/one", "TCP", 53, "allow", "" },
	{ "a pod without the name has no such port", "owl/one", "fox/two", "TCP", 80, "allow", "" },
	{ "egress asks the receiver", "elk/two", "owl/one", "TCP", 80, "egress", "ClusterNetworkPolicy out" },
	{ "who has no such name", "elk/two", "owl/two", "TCP", 80, "allow", "" },
	{ "SCTP ranges are denied", "elk/two", "owl/two", "SCTP", 6, "egress", NULL },
	{ "and end", "elk/two", "owl/two", "SCTP", 8, "allow", "" },
	{ "UDP numbers are denied", "elk/two", "owl/two", "UDP", 9, "egress", NULL },
	{ "not as TCP", "elk/two", "owl/two", "TCP", 9, "allow", "" },
	{ "ICMP has no ports to deny", "elk/two", "owl/two", "ICMP", 0, "allow", "" },
	{ "the world has no names and is no namespace", "elk/two", "198.51.100.1", "TCP", 80, "allow", "" },
};

#define NODE(name, zone, addrs)                                                        \
	"{kind: Node, apiVersion: v1, metadata: {name: " name ", labels: {zone: " zone \
	"}}, status: {addresses: [" addrs "{type: Hostname, address: " name "}]}}\n---\n"
#define INTERNAL(addr) "{type: InternalIP, address: '" addr "'}, "
#define EXTERNAL(addr) "{type: ExternalIP, address: '" addr "'}, "
#define HOST(name, node, addr)                                                                               \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: owl, name: " name ", labels: {pod: one}}, spec: " \
	"{hostNetwork: true, nodeName: " node "}, status: {podIP: " addr "}}\n---\n"

static const char nodes[] = HOUSES NODE("n1", "a", INTERNAL("192.0.2.1")) NODE(
	"n2", "b",
	INTERNAL("192.0.2.2") EXTERNAL("203.0.113.2") INTERNAL(
		"fd01::2")) NODE("n3", "c", INTERNAL("192.0.2.3")) HOST("host-1", "n1",
									"192.0.2.1") HOST("host-2", "n2", "192.0.2.2")
	ADMIN("zones", "1",
	      SUBJECT(HOUSE("fox")) "egress: [{action: Deny, to: [{nodes: {matchLabels: {zone: b}}}], " TCP_80
				    "}, {action: Allow, to: [{nodes: {}}], ports: [{portNumber: {protocol: TCP, port: "
				    "6443}}]}, {action: Deny, to: "
				    "[{nodes: {matchExpressions: [{key: zone, operator: In, values: [a, b]}]}}, {" ONE(
					    "owl") "}]}], ingress: "
						   "[{action: Deny, from: [{" ONE("owl") "}]}]")
		NETWORK("elk", "closed", "podSelector: {}, policyTypes: [Ingress, Egress]");
static const struct probe nodes_probes[] = {
	{ "a node is denied by its labels", "fox/one", "192.0.2.2", "TCP", 80, "egress", "AdminNetworkPolicy zones" },
	{ "at its external address too", "fox/one", "203.0.113.2", "TCP", 80, "egress", "AdminNetworkPolicy zones" },
	{ "and in IPv6", "fox/one", "fd01::2", "TCP", 80, "egress", "AdminNetworkPolicy zones" },
	{ "a node is allowed among all", "fox/one", "192.0.2.2", "TCP", 6443, "allow", "AdminNetworkPolicy zones" },
	{ "also the own node", "fox/one", "192.0.2.1", "TCP", 6443, "allow", "AdminNetworkPolicy zones" },
	{ "the own node is denied by its labels", "fox/one", "192.0.2.1", "TCP", 22, "egress",
	  "AdminNetworkPolicy zones" },
	{ "a node of another zone is not", "fox/one", "192.0.2.3", "TCP", 22, "allow", "" },
	{ "an address of nobody is no node", "fox/one", "192.0.2.9", "TCP", 80, "allow", "" },
	{ "a pod is no node", "fox/one", "elk/two", "TCP", 22, "ingress", "NetworkPolicy elk/closed" },
	{ "a pod on the host's network is its node", "fox/one", "owl/host-2", "TCP", 80, "egress",
	  "AdminNetworkPolicy zones" },
	{ "a pod on the own host's network is the own node", "fox/one", "owl/host-1", "TCP", 6443, "allow",
	  "AdminNetworkPolicy zones" },
	{ "and is not met by its labels as a pod", "fox/one", "owl/one", "TCP", 22, "egress",
	  "AdminNetworkPolicy zones" },
	{ "nor comes in as a pod", "owl/host-2", "fox/one", "TCP", 80, "allow", "" },
	{ "the own node always enters", "192.0.2.1", "elk/one", "TCP", 80, "allow", "" },
	{ "another node does not", "192.0.2.2", "elk/one", "TCP", 80, "ingress", "NetworkPolicy elk/closed" },
	{ "a pod of the own host enters as its node", "owl/host-1", "elk/one", "TCP", 80, "allow", "" },
	{ "a pod of another host does not", "owl/host-2", "elk/one", "TCP", 80, "ingress", "NetworkPolicy elk/closed" },
	{ "a pod on the host's network is no subject", "owl/host-1", "198.51.100.1", "TCP", 80, "allow", "" },
};

static const char closed[] =
	HOUSES CLUSTER("lock", "Admin", "0",
		       SUBJECT(EVERYBODY) "ingress: [{action: Deny, from: [{" EVERYBODY
					  "}]}], egress: [{action: Deny, to: [{networks: [0.0.0.0/0, '::/0']}]}]")
		NETWORK("fox", "open", "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]");
static const struct probe closed_probes[] = {
	{ "nothing below opens what the admin locked", "fox/one", "fox/two", "TCP", 80, "both",
	  "ClusterNetworkPolicy lock" },
	{ "nor to the world", "fox/one", "198.51.100.1", "TCP", 80, "egress", "ClusterNetworkPolicy lock" },
	{ "nor in IPv6", "fox/one", "2001:db8::1", "TCP", 80, "egress", "ClusterNetworkPolicy lock" },
	{ "the world is no namespace", "198.51.100.1", "fox/one", "TCP", 80, "allow", "NetworkPolicy fox/open" },
	{ "this node's traffic enters", "192.0.2.1", "fox/one", "TCP", 10250, "allow", "" },
	{ "and the way to it is locked", "fox/one", "192.0.2.1", "TCP", 10250, "egress", "ClusterNetworkPolicy lock" },
};

static const struct scenario scenarios[] = {
	SCENARIO("admin ingress", ingress, NULL, ingress_probes),
	SCENARIO("admin egress", egress, NULL, egress_probes),
	SCENARIO("precedence", order, NULL, order_probes),
	SCENARIO("baseline", baseline, NULL, baseline_probes),
	SCENARIO("three tiers", three, NULL, three_probes),
	SCENARIO("named ports", names, NULL, names_probes),
	SCENARIO("nodes", nodes, NULL, nodes_probes),
	SCENARIO("nodes, this one known", nodes, "192.0.2.1", nodes_probes),
	SCENARIO("locked", closed, "192.0.2.1", closed_probes),
};

int main(void)
{
	return run_scenarios("policy/conformance_tiers", scenarios, ARRAY_SIZE(scenarios));
}
