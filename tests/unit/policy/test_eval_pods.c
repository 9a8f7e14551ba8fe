// SPDX-License-Identifier: BSD-2-Clause
/* Who is meant: pods, namespaces, selectors, addresses of nobody, the node. */
#include "unit/policy/probes.h"

#define NS(name, labels) "{kind: Namespace, apiVersion: v1, metadata: {name: " name ", labels: {" labels "}}}\n---\n"
#define POD(ns, name, labels, addr)                                                                                 \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: " ns ", name: " name ", labels: {" labels "}}, status: " \
	"{podIP: '" addr "'}}\n---\n"
#define POLICY(ns, name, spec)                                                                              \
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: " ns ", name: " name \
	"}, spec: {" spec "}}\n---\n"

#define SHOP                                                                                                       \
	NS("shop", "team: red")                                                                                    \
	NS("lab", "team: blue, stage: test")                                                                       \
	POD("shop", "front", "app: front, tier: web", "10.0.0.1")                                                  \
	POD("shop", "back", "app: back, tier: api", "10.0.0.2")                                                    \
	POD("shop", "db", "app: db", "10.0.0.3")                                                                   \
	POD("lab", "front", "app: front", "10.0.1.1")                                                              \
	POD("lab", "probe", "app: probe, tier: web", "10.0.1.2")                                                   \
	POD("lost", "front", "app: front", "10.0.2.1")                                                             \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: host}, spec: {hostNetwork: true}, status: " \
	"{podIP: 192.0.2.1}}\n---\n"                                                                               \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: done, labels: {app: front}}, status: "      \
	"{phase: Succeeded, podIP: 10.0.0.9}}\n---\n"

static const struct probe open_probes[] = {
	{ "pods of one namespace reach each other", "shop/front", "shop/back", "TCP", 80, "allow", "" },
	{ "pods of two namespaces reach each other", "lab/front", "shop/db", "UDP", 53, "allow", "" },
	{ "pods reach the world", "shop/front", "198.51.100.1", "TCP", 443, "allow", "" },
	{ "the world reaches pods", "198.51.100.1", "shop/front", "TCP", 443, "allow", "" },
	{ "ICMP passes", "shop/front", "shop/back", "ICMP", 0, "allow", "" },
	{ "what concerns no pod passes", "198.51.100.1", "198.51.100.2", "TCP", 80, "allow", "" },
};

static const char deny_all[] = SHOP POLICY("shop", "deny", "podSelector: {}, policyTypes: [Ingress, Egress]");
static const struct probe deny_all_probes[] = {
	{ "nothing enters from the namespace itself", "shop/front", "shop/back", "TCP", 80, "both",
	  "NetworkPolicy shop/deny" },
	{ "nothing enters from another namespace", "lab/front", "shop/back", "TCP", 80, "ingress",
	  "NetworkPolicy shop/deny" },
	{ "nothing leaves for another namespace", "shop/back", "lab/front", "TCP", 80, "egress",
	  "NetworkPolicy shop/deny" },
	{ "nothing leaves for the world", "shop/back", "198.51.100.1", "UDP", 53, "egress", NULL },
	{ "nothing enters from the world", "198.51.100.1", "shop/back", "UDP", 53, "ingress", NULL },
	{ "protocols without ports are denied too", "lab/front", "shop/back", "ICMP", 0, "ingress", NULL },
	{ "protocols by number are denied too", "lab/front", "shop/back", "47", 0, "ingress", NULL },
	{ "other namespaces are left alone", "lab/front", "lab/probe", "TCP", 80, "allow", "" },
	{ "a pod reaches itself", "shop/back", "shop/back", "TCP", 80, "allow", "" },
	{ "a pod reaches itself by address", "10.0.0.2", "shop/back", "TCP", 80, "allow", "" },
	{ "an address of a pod is the pod", "10.0.1.1", "10.0.0.2", "TCP", 80, "ingress", NULL },
	{ "a pod on the host's network reaches the pods of its node", "shop/host", "shop/back", "TCP", 80, "allow",
	  "" },
	{ "a pod on the host's network is not selected", "198.51.100.1", "shop/host", "TCP", 80, "allow", "" },
	{ "what is denied egress does not reach the host's network", "shop/back", "shop/host", "TCP", 80, "egress",
	  NULL },
	{ "the address of a finished pod is nobody's", "10.0.0.9", "lab/front", "TCP", 80, "allow", "" },
	{ "nobody's address is not let in", "10.0.0.9", "shop/back", "TCP", 80, "ingress", NULL },
};

static const char by_label[] = SHOP POLICY("shop", "back",
					   "podSelector: {matchLabels: {app: back}}, ingress: [{from: [{podSelector: "
					   "{matchLabels: {app: front}}}]}]");
static const struct probe by_label_probes[] = {
	{ "a pod with the label is let in", "shop/front", "shop/back", "TCP", 80, "allow", "NetworkPolicy shop/back" },
	{ "a pod with another label is not", "shop/db", "shop/back", "TCP", 80, "ingress", "NetworkPolicy shop/back" },
	{ "the same label in another namespace is not enough", "lab/front", "shop/back", "TCP", 80, "ingress", NULL },
	{ "the same label in an unknown namespace is not enough", "lost/front", "shop/back", "TCP", 80, "ingress",
	  NULL },
	{ "the world is not let in", "198.51.100.1", "shop/back", "TCP", 80, "ingress", NULL },
	{ "pods that aren't selected stay open", "lab/probe", "shop/db", "TCP", 80, "allow", "" },
	{ "egress of a pod isolated for ingress stays open", "shop/back", "shop/db", "TCP", 80, "allow", "" },
	{ "any port and protocol is let in", "shop/front", "shop/back", "SCTP", 9999, "allow", NULL },
	{ "ICMP is let in by a rule without ports", "shop/front", "shop/back", "ICMP", 0, "allow", NULL },
	{ "replies need no rule of their own but new connections back do not either", "shop/back", "shop/front", "TCP",
	  80, "allow", "" },
	{ "the address of a finished pod with the label is not let in", "10.0.0.9", "shop/back", "TCP", 80, "ingress",
	  NULL },
};

#define EXPRESSION(ns, key, operator)                                                                                  \
	POLICY(ns, "p",                                                                                                \
	       "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchExpressions: [{key: " key \
	       ", operator: "                                                                                          \
	       operator"}]}}]}]")

static const char in[] = SHOP EXPRESSION("shop", "app", "In, values: [front, other]");
static const struct probe in_probes[] = {
	{ "a listed value matches", "shop/front", "shop/db", "TCP", 80, "allow", NULL },
	{ "another value does not", "shop/back", "shop/db", "TCP", 80, "ingress", NULL },
};
static const char not_in[] =
	SHOP POD("shop", "bare", "x: y", "10.0.0.7") EXPRESSION("shop", "app", "NotIn, values: [front]");
static const struct probe not_in_probes[] = {
	{ "a listed value does not match", "shop/front", "shop/db", "TCP", 80, "ingress", NULL },
	{ "another value matches", "shop/back", "shop/db", "TCP", 80, "allow", NULL },
	{ "the absence of the label matches", "shop/bare", "shop/db", "TCP", 80, "allow", NULL },
	{ "pods of other namespaces still don't match", "lab/probe", "shop/db", "TCP", 80, "ingress", NULL },
	{ "the world has no labels to be absent", "198.51.100.1", "shop/db", "TCP", 80, "ingress", NULL },
};
static const char exists[] = SHOP EXPRESSION("shop", "tier", "Exists");
static const struct probe exists_probes[] = {
	{ "the label with any value matches", "shop/front", "shop/db", "TCP", 80, "allow", NULL },
	{ "the label with another value matches", "shop/back", "shop/db", "TCP", 80, "allow", NULL },
	{ "its absence does not", "10.0.0.9", "shop/db", "TCP", 80, "ingress", NULL },
};
static const char absent[] = SHOP POD("shop", "bare", "x: y", "10.0.0.7") EXPRESSION("shop", "tier", "DoesNotExist");
static const struct probe absent_probes[] = {
	{ "a pod without the label matches", "shop/bare", "shop/db", "TCP", 80, "allow", NULL },
	{ "a pod with it does not", "shop/front", "shop/db", "TCP", 80, "ingress", NULL },
};

static const char namespaces[] = SHOP POLICY("shop", "db",
					     "podSelector: {matchLabels: {app: db}}, ingress: [{from: "
					     "[{namespaceSelector: {matchLabels: {team: blue}}}]}]");
static const struct probe namespaces_probes[] = {
	{ "every pod of a selected namespace is let in", "lab/front", "shop/db", "TCP", 80, "allow", NULL },
	{ "really every pod", "lab/probe", "shop/db", "TCP", 80, "allow", NULL },
	{ "pods of the policy's own namespace are not", "shop/front", "shop/db", "TCP", 80, "ingress", NULL },
	{ "pods of an unknown namespace are not", "lost/front", "shop/db", "TCP", 80, "ingress", NULL },
	{ "the world is not", "198.51.100.1", "shop/db", "TCP", 80, "ingress", NULL },
};

static const char all_namespaces[] = SHOP POLICY("shop", "db",
						 "podSelector: {matchLabels: {app: db}}, ingress: [{from: "
						 "[{namespaceSelector: {}}]}]");
static const struct probe all_namespaces_probes[] = {
	{ "pods of other namespaces are let in", "lab/front", "shop/db", "TCP", 80, "allow", NULL },
	{ "pods of the own namespace are let in", "shop/front", "shop/db", "TCP", 80, "allow", NULL },
	{ "pods of an unknown namespace are let in", "lost/front", "shop/db", "TCP", 80, "allow", NULL },
	{ "the world is in no namespace", "198.51.100.1", "shop/db", "TCP", 80, "ingress", NULL },
};

static const char by_name[] =
	SHOP POLICY("shop", "db",
		    "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: "
		    "{matchLabels: {kubernetes.io/metadata.name: lost}}}]}]");
static const struct probe by_name_probes[] = {
	{ "an unknown namespace has its name as a label", "lost/front", "shop/db", "TCP", 80, "allow", NULL },
	{ "others have another name", "lab/front", "shop/db", "TCP", 80, "ingress", NULL },
};

static const char one_peer[] =
	SHOP POLICY("shop", "db",
		    "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: "
		    "{matchLabels: {team: blue}}, podSelector: {matchLabels: {app: front}}}]}]");
static const struct probe one_peer_probes[] = {
	{ "both selectors of one peer hold", "lab/front", "shop/db", "TCP", 80, "allow", NULL },
	{ "the namespace alone is not enough", "lab/probe", "shop/db", "TCP", 80, "ingress", NULL },
	{ "the label alone is not enough", "shop/front", "shop/db", "TCP", 80, "ingress", NULL },
};

static const char two_peers[] =
	SHOP POLICY("shop", "db",
		    "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: "
		    "{matchLabels: {team: blue}}}, {podSelector: {matchLabels: {app: front}}}]}]");
static const struct probe two_peers_probes[] = {
	{ "the first of two peers is enough", "lab/probe", "shop/db", "TCP", 80, "allow", NULL },
	{ "the second of two peers is enough", "shop/front", "shop/db", "TCP", 80, "allow", NULL },
	{ "neither is not", "shop/back", "shop/db", "TCP", 80, "ingress", NULL },
	{ "the second peer means the policy's namespace", "lost/front", "shop/db", "TCP", 80, "ingress", NULL },
};

static const char everybody[] = SHOP POLICY("shop", "db", "podSelector: {matchLabels: {app: db}}, ingress: [{}]")
	POLICY("shop", "back", "podSelector: {matchLabels: {app: back}}, ingress: [{from: []}]")
		POLICY("shop", "front", "podSelector: {matchLabels: {app: front}}, ingress: []");
static const struct probe everybody_probes[] = {
	{ "an empty rule lets everybody in", "198.51.100.1", "shop/db", "TCP", 80, "allow", "NetworkPolicy shop/db" },
	{ "a rule with empty from lets everybody in", "lab/front", "shop/back", "TCP", 80, "allow", NULL },
	{ "a policy without rules lets nobody in", "shop/db", "shop/front", "TCP", 80, "ingress",
	  "NetworkPolicy shop/front" },
};

static const char node[] = SHOP POLICY("shop", "all",
				       "podSelector: {}, policyTypes: [Ingress, Egress], egress: [{to: "
				       "[{ipBlock: {cidr: 203.0.113.7/32}}]}]");
static const struct probe node_probes[] = {
	{ "the node reaches its pods whatever policy says", "203.0.113.7", "shop/db", "TCP", 80, "allow", "" },
	{ "a block that holds the node's address lets out to it", "shop/db", "203.0.113.7", "TCP", 80, "allow", NULL },
	{ "another address beside it is nobody's", "203.0.113.8", "shop/db", "TCP", 80, "ingress", NULL },
	{ "nor is it let out to", "shop/db", "203.0.113.8", "TCP", 80, "egress", NULL },
};

static const struct scenario scenarios[] = {
	SCENARIO("no policy", SHOP, NULL, open_probes),
	SCENARIO("default deny", deny_all, NULL, deny_all_probes),
	SCENARIO("allow by label", by_label, NULL, by_label_probes),
	SCENARIO("operator In", in, NULL, in_probes),
	SCENARIO("operator NotIn", not_in, NULL, not_in_probes),
	SCENARIO("operator Exists", exists, NULL, exists_probes),
	SCENARIO("operator DoesNotExist", absent, NULL, absent_probes),
	SCENARIO("namespace selector", namespaces, NULL, namespaces_probes),
	SCENARIO("empty namespace selector", all_namespaces, NULL, all_namespaces_probes),
	SCENARIO("namespace by name", by_name, NULL, by_name_probes),
	SCENARIO("both selectors in one peer", one_peer, NULL, one_peer_probes),
	SCENARIO("two peers", two_peers, NULL, two_peers_probes),
	SCENARIO("empty and missing from", everybody, NULL, everybody_probes),
	SCENARIO("the node", node, "203.0.113.7", node_probes),
};

int main(void)
{
	return run_scenarios("policy/eval_pods", scenarios, ARRAY_SIZE(scenarios));
}
