/* SPDX-License-Identifier: BSD-2-Clause */
/* Admin, baseline and cluster-wide policies, and nodes, that must be refused. */
#include "unit/object/bad_manifests.h"

#define CLUSTER_WIDE(version, kind, name) "apiVersion: " version "\nkind: " kind "\nmetadata: {name: " name "}\nspec:\n"
#define ADMIN				  CLUSTER_WIDE("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "p")
#define BASELINE			  CLUSTER_WIDE("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", "default")
#define CLUSTER				  CLUSTER_WIDE("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "p")
#define CLUSTER_TRAFFIC			  CLUSTER_WIDE("weir.dev/v1alpha1", "ClusterTrafficPolicy", "p")
#define NODE				  "apiVersion: v1\nkind: Node\nmetadata: {name: n}\n"

static const struct bad_manifest cases[] = {
	/* AdminNetworkPolicy */
	{ "an admin policy has no spec",
	  "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: p}\n",
	  { "1:1: spec: is missing" } },
	{ "an admin policy has another kind's version",
	  "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: AdminNetworkPolicy\nmetadata: {name: p}\n",
	  { "1:13: apiVersion: \"policy.networking.k8s.io/v1alpha2\" must be" } },
	{ "an admin policy is in a namespace",
	  "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: p, namespace: "
	  "shop}\nspec: {priority: 1, subject: {namespaces: {}}}\n",
	  { "3:21: metadata.namespace: a AdminNetworkPolicy belongs to no namespace" } },
	{ "priority and subject are missing",
	  ADMIN "  ingress: []\n",
	  { "5:3: spec.priority: is missing", "5:3: spec.subject: is missing" } },
	{ "a priority is negative",
	  ADMIN "  priority: -1\n  subject: {namespaces: {}}\n",
	  { "5:13: spec.priority: must be from 0 to 1000, not -1" } },
	{ "a priority is above 1000",
	  ADMIN "  priority: 1001\n  subject: {namespaces: {}}\n",
	  { "5:13: spec.priority: must be from 0 to 1000, not 1001" } },
	{ "a priority is a string",
	  ADMIN "  priority: \"5\"\n  subject: {namespaces: {}}\n",
	  { "5:13: spec.priority: must be a whole number, not a string" } },
	{ "a priority is a fraction",
	  ADMIN "  priority: 1.5\n  subject: {namespaces: {}}\n",
	  { "5:13: spec.priority: must be a whole number, not a fraction" } },
	{ "an admin policy has policyTypes",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  policyTypes: [Ingress]\n",
	  { "7:3: spec.policyTypes: unknown field (known here: priority," } },
	{ "an admin policy has a tier",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  tier: Admin\n",
	  { "7:3: spec.tier: unknown field (known here: priority," } },
	{ "a subject is empty",
	  ADMIN "  priority: 1\n  subject: {}\n",
	  { "6:12: spec.subject: must have one of its fields" } },
	{ "a subject is both",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}, pods: {namespaceSelector: {}, podSelector: {}}}\n",
	  { "6:12: spec.subject: must have only one of its fields" } },
	{ "a subject is of nodes",
	  ADMIN "  priority: 1\n  subject: {nodes: {}}\n",
	  { "6:13: spec.subject.nodes: unknown field (known here: namespaces, pods)" } },
	{ "a pods subject lacks its namespaces",
	  ADMIN "  priority: 1\n  subject: {pods: {podSelector: {}}}\n",
	  { "6:19: spec.subject.pods.namespaceSelector: is missing ({} means every namespace)" } },
	{ "a pods subject lacks its pods",
	  ADMIN "  priority: 1\n  subject: {pods: {namespaceSelector: {}}}\n",
	  { "6:19: spec.subject.pods.podSelector: is missing ({} means every pod)" } },
	{ "a subject's selector has an unknown operator",
	  ADMIN "  priority: 1\n  subject: {namespaces: {matchExpressions: [{key: a, operator: Is, values: [x]}]}}\n",
	  { "6:64: spec.subject.namespaces.matchExpressions[0].operator: \"Is\" must be In, NotIn, Exists or" } },
	{ "a rule has no action",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{from: [{namespaces: {}}]}]\n",
	  { "7:13: spec.ingress[0].action: is missing" } },
	{ "v1alpha1 has no Accept",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Accept, from: [{namespaces: {}}]}]\n",
	  { "7:22: spec.ingress[0].action: \"Accept\" must be Allow, Deny or Pass" } },
	{ "an action is in lower case",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: deny, from: [{namespaces: {}}]}]\n",
	  { "7:22: spec.ingress[0].action: \"deny\" must be Allow, Deny or Pass" } },
	{ "an ingress rule has no peers",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny}]\n",
	  { "7:13: spec.ingress[0].from: is missing: name at least one peer" } },
	{ "an ingress rule's peers are empty",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: []}]\n",
	  { "7:34: spec.ingress[0].from: must not be empty" } },
	{ "an egress rule has no peers",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Deny}]\n",
	  { "7:12: spec.egress[0].to: is missing: name at least one peer" } },
	{ "an ingress rule says to",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, to: [{namespaces: {}}]}]\n",
	  { "7:28: spec.ingress[0].to: unknown field (known here: name, action,",
	    "7:13: spec.ingress[0].from: is missing: name at least one peer" } },
	{ "a rule's name is too long",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{name: "
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,"
		" action: Deny, from: [{namespaces: {}}]}]\n",
	  { "7:20: spec.ingress[0].name: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" } },
	{ "a rule's name has a line break",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{name: \"a\\nb\", action: Deny, from: "
		"[{namespaces: {}}]}]\n",
	  { "7:20: spec.ingress[0].name: \"a?b\" must be at most 100 characters, none" } },
	{ "a peer is empty",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{}]}]\n",
	  { "7:35: spec.ingress[0].from[0]: must have one of its fields" } },
	{ "a peer is two",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Deny, to: [{namespaces: {}, networks: "
		"[10.0.0.0/8]}]}]\n",
	  { "7:32: spec.egress[0].to[0]: must have only one of its fields" } },
	{ "networks are no peers of ingress",
	  ADMIN
	  "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{networks: [10.0.0.0/8]}]}]\n",
	  { "7:36: spec.ingress[0].from[0].networks: unknown field (known here: namespaces, pods)" } },
	{ "nodes are no peers of ingress",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{nodes: {}}]}]\n",
	  { "7:36: spec.ingress[0].from[0].nodes: unknown field (known here: namespaces, pods)" } },
	{ "a peer is a NetworkPolicy's",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Deny, to: [{podSelector: {}}]}]\n",
	  { "7:33: spec.egress[0].to[0].podSelector: unknown field (known here: namespaces," } },
	{ "domain names are refused",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Allow, to: [{domainNames: "
		"[example.com]}]}]\n",
	  { "7:34: spec.egress[0].to[0].domainNames: domain names are not enforced by this" } },
	{ "networks are empty",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Deny, to: [{networks: []}]}]\n",
	  { "7:43: spec.egress[0].to[0].networks: must not be empty" } },
	{ "a network is an address",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Deny, to: [{networks: [10.0.0.0/8, "
		"10.0.0.1]}]}]\n",
	  { "7:56: spec.egress[0].to[0].networks[1]: \"10.0.0.1\" must be a CIDR such as" } },
	{ "a network is there twice",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Deny, to: [{networks: [10.0.0.0/8, "
		"'fd00::/8', 10.0.0.0/8]}]}]\n",
	  { "7:68: spec.egress[0].to[0].networks[2]: is in the list already" } },
	{ "there are 26 networks",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Deny, to: [{networks: [10.0.0.0/16, "
		"10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16, 10.4.0.0/16, 10.5.0.0/16, 10.6.0.0/16, 10.7.0.0/16, "
		"10.8.0.0/16, 10.9.0.0/16, 10.10.0.0/16, 10.11.0.0/16, 10.12.0.0/16, 10.13.0.0/16, 10.14.0.0/16, "
		"10.15.0.0/16, 10.16.0.0/16, 10.17.0.0/16, 10.18.0.0/16, 10.19.0.0/16, 10.20.0.0/16, 10.21.0.0/16, "
		"10.22.0.0/16, 10.23.0.0/16, 10.24.0.0/16, 10.25.0.0/16]}]}]\n",
	  { "7:43: spec.egress[0].to[0].networks: must have at most 25 items, not 26" } },
	{ "ports are empty",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: []}]\n",
	  { "7:61: spec.ingress[0].ports: must not be empty" } },
	{ "a port is a NetworkPolicy's",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: [{port: 80}]}]\n",
	  { "7:63: spec.ingress[0].ports[0].port: unknown field (known here: portNumber," } },
	{ "a port is two",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: [{portNumber: {port: 1}, namedPort: web}]}]\n",
	  { "7:62: spec.ingress[0].ports[0]: must have only one of its fields" } },
	{ "a port number is missing",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: [{portNumber: {protocol: UDP}}]}]\n",
	  { "7:75: spec.ingress[0].ports[0].portNumber.port: is missing" } },
	{ "a port number is 0",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: [{portNumber: {port: 0}}]}]\n",
	  { "7:82: spec.ingress[0].ports[0].portNumber.port: must be from 1 to 65535, not 0" } },
	{ "a port's protocol is ICMP",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: [{portNumber: {protocol: ICMP, port: 1}}]}]\n",
	  { "7:86: spec.ingress[0].ports[0].portNumber.protocol: \"ICMP\" must be TCP, UDP or SCTP" } },
	{ "a port range lacks its end",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: [{portRange: {start: 1}}]}]\n",
	  { "7:74: spec.ingress[0].ports[0].portRange.end: is missing" } },
	{ "a port range is backwards",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: [{portRange: {start: 9, end: 8}}]}]\n",
	  { "7:90: spec.ingress[0].ports[0].portRange.end: must be above start, which is 9" } },
	{ "a port range is one port",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: [{portRange: {start: 9, end: 9}}]}]\n",
	  { "7:90: spec.ingress[0].ports[0].portRange.end: must be above start, which is 9" } },
	{ "a port range ends behind the last port",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: [{portRange: {start: 9, end: 65536}}]}]\n",
	  { "7:90: spec.ingress[0].ports[0].portRange.end: must be from 1 to 65535, not 65536" } },
	{ "a named port is a number",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: [{namedPort: 80}]}]\n",
	  { "7:74: spec.ingress[0].ports[0].namedPort: must be a string, not a number: write it in" } },
	{ "a named port has upper case",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: {}}], "
		"ports: [{namedPort: Web}]}]\n",
	  { "7:74: spec.ingress[0].ports[0].namedPort: \"Web\" must be a port number without quotes," } },
	{ "a named port is asked of networks",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Deny, to: [{networks: [10.0.0.0/8]}], "
		"ports: [{namedPort: web}]}]\n",
	  { "7:12: spec.egress[0]: a named port can't be used with networks or" } },
	{ "a named port is asked of nodes",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Deny, to: [{namespaces: {}}, {nodes: "
		"{}}], ports: [{namedPort: web}]}]\n",
	  { "7:12: spec.egress[0]: a named port can't be used with networks or" } },
	{ "there are 101 rules",
	  ADMIN "  priority: 1\n  subject: {namespaces: {}}\n  ingress: [&r {action: Deny, from: [{namespaces: {}}]}, "
		"*r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, "
		"*r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, "
		"*r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, "
		"*r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r]\n",
	  { "7:12: spec.ingress: must have at most 100 items, not 101" } },

	/* BaselineAdminNetworkPolicy */
	{ "a baseline policy has another name",
	  "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {name: "
	  "p}\nspec:\n  subject: {namespaces: {}}\n",
	  { "3:18: metadata.name: \"p\" must be default: a cluster has one" } },
	{ "a baseline policy has a priority",
	  BASELINE "  subject: {namespaces: {}}\n  priority: 5\n",
	  { "6:3: spec.priority: unknown field (known here: subject," } },
	{ "a baseline policy passes",
	  BASELINE "  subject: {namespaces: {}}\n  ingress: [{action: Pass, from: [{namespaces: {}}]}]\n",
	  { "6:22: spec.ingress[0].action: \"Pass\" must be Allow or Deny" } },
	{ "a baseline policy's subject is missing",
	  BASELINE "  egress: [{action: Deny, to: [{namespaces: {}}]}]\n",
	  { "5:3: spec.subject: is missing" } },
	{ "a baseline policy's ingress is a mapping",
	  BASELINE "  subject: {namespaces: {}}\n  ingress: {action: Deny}\n",
	  { "6:12: spec.ingress: must be a list, not a mapping" } },

	/* ClusterNetworkPolicy */
	{ "tier, priority and subject are missing",
	  CLUSTER "  egress: []\n",
	  { "5:3: spec.tier: is missing", "5:3: spec.priority: is missing", "5:3: spec.subject: is missing" } },
	{ "a tier is unknown",
	  CLUSTER "  tier: Security\n  priority: 1\n  subject: {namespaces: {}}\n",
	  { "5:9: spec.tier: \"Security\" must be Admin or Baseline" } },
	{ "v1alpha2 has no Allow",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Allow, from: "
		  "[{namespaces: {}}]}]\n",
	  { "8:22: spec.ingress[0].action: \"Allow\" must be Accept, Deny or Pass" } },
	{ "v1alpha2 has no ports",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: "
		  "[{namespaces: {}}], ports: [{portNumber: {port: 80}}]}]\n",
	  { "8:54: spec.ingress[0].ports: unknown field (known here: name, action," } },
	{ "protocols are empty",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: "
		  "[{namespaces: {}}], protocols: []}]\n",
	  { "8:65: spec.ingress[0].protocols: must not be empty" } },
	{ "a protocol is empty",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: "
		  "[{namespaces: {}}], protocols: [{}]}]\n",
	  { "8:66: spec.ingress[0].protocols[0]: must have one of its fields" } },
	{ "a protocol is unknown",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: "
		  "[{namespaces: {}}], protocols: [{icmp: {}}]}]\n",
	  { "8:67: spec.ingress[0].protocols[0].icmp: unknown field (known here: tcp, udp, sctp," } },
	{ "a protocol is two",
	  CLUSTER
	  "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: "
	  "{}}], protocols: [{tcp: {destinationPort: {number: 1}}, udp: {destinationPort: {number: 1}}}]}]\n",
	  { "8:66: spec.ingress[0].protocols[0]: must have only one of its fields" } },
	{ "a protocol says nothing",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: "
		  "[{namespaces: {}}], protocols: [{udp: {}}]}]\n",
	  { "8:72: spec.ingress[0].protocols[0].udp.destinationPort: is missing" } },
	{ "a destination port is empty",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: "
		  "[{namespaces: {}}], protocols: [{sctp: {destinationPort: {}}}]}]\n",
	  { "8:91: spec.ingress[0].protocols[0].sctp.destinationPort: must have one of its fields" } },
	{ "a destination port is two",
	  CLUSTER
	  "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{namespaces: "
	  "{}}], protocols: [{tcp: {destinationPort: {number: 1, range: {start: 1, end: 2}}}}]}]\n",
	  { "8:90: spec.ingress[0].protocols[0].tcp.destinationPort: must have only one of its fields" } },
	{ "a destination range lacks its start",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: "
		  "[{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {end: 2}}}}]}]\n",
	  { "8:98: spec.ingress[0].protocols[0].tcp.destinationPort.range.start: is missing" } },
	{ "a destination range is backwards",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: "
		  "[{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 5, end: 2}}}}]}]\n",
	  { "8:114: spec.ingress[0].protocols[0].tcp.destinationPort.range.end: must be above start, which is 5" } },
	{ "a destination name is asked of networks",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Deny, to: "
		  "[{networks: ['::/0']}], protocols: [{destinationNamedPort: web}]}]\n",
	  { "8:12: spec.egress[0]: a named port can't be used with networks or" } },
	{ "domain names are refused in v1alpha2 too",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Accept, to: "
		  "[{domainNames: ['*.example.com']}]}]\n",
	  { "8:35: spec.egress[0].to[0].domainNames: domain names are not enforced by this" } },
	{ "a pods peer of v1alpha2 lacks its pods",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: [{pods: "
		  "{}}]}]\n",
	  { "8:42: spec.ingress[0].from[0].pods.podSelector: is missing ({} means every pod)" } },
	{ "there are 26 rules",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  egress: [&r {action: Deny, to: "
		  "[{namespaces: {}}]}, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, *r, "
		  "*r, *r, *r, *r, *r, *r]\n",
	  { "8:11: spec.egress: must have at most 25 items, not 26" } },
	{ "there are 26 peers",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  egress: [{action: Deny, to: [{nodes: "
		  "{}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, "
		  "{nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: "
		  "{}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, {nodes: {}}, "
		  "{nodes: {}}, {nodes: {}}, {nodes: {}}]}]\n",
	  { "8:31: spec.egress[0].to: must have at most 25 items, not 26" } },
	{ "two rules are wrong in one policy",
	  CLUSTER "  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n  ingress: [{action: Deny, from: "
		  "[{}]}]\n  egress: [{action: No, to: [{namespaces: {}}]}]\n",
	  { "8:35: spec.ingress[0].from[0]: must have one of its fields",
	    "9:21: spec.egress[0].action: \"No\" must be Accept, Deny or Pass" } },

	/* ClusterTrafficPolicy */
	{ "a cluster traffic policy is in a namespace",
	  "apiVersion: weir.dev/v1alpha1\nkind: ClusterTrafficPolicy\nmetadata: {name: p, namespace: shop}\nspec: {}\n",
	  { "3:21: metadata.namespace: a ClusterTrafficPolicy belongs to no" } },
	{ "a cluster traffic policy has no spec",
	  "apiVersion: weir.dev/v1alpha1\nkind: ClusterTrafficPolicy\nmetadata: {name: p}\n",
	  { "1:1: spec: is missing" } },
	{ "a namespace selector is a list",
	  CLUSTER_TRAFFIC "  namespaceSelector: []\n",
	  { "5:22: spec.namespaceSelector: must be a mapping, not a list" } },
	{ "a cluster traffic policy has a subject",
	  CLUSTER_TRAFFIC "  subject: {}\n",
	  { "5:3: spec.subject: unknown field (known here:" } },
	{ "a cluster traffic rule passes",
	  CLUSTER_TRAFFIC "  ingress: [{action: Pass}]\n",
	  { "5:22: spec.ingress[0].action: \"Pass\" must be Allow, Deny or Limit" } },
	{ "a namespaced traffic policy selects namespaces",
	  "apiVersion: weir.dev/v1alpha1\nkind: TrafficPolicy\nmetadata: {name: p}\nspec:\n  namespaceSelector: {}\n",
	  { "5:3: spec.namespaceSelector: unknown field (known here: podSelector," } },

	/* Node */
	{ "a node's address is no address",
	  NODE "status: {addresses: [{type: InternalIP, address: node-1}]}\n",
	  { "4:50: status.addresses[0].address: \"node-1\" must be an IPv4 or IPv6 address" } },
	{ "a node's address lacks its type",
	  NODE "status: {addresses: [{address: 192.0.2.1}]}\n",
	  { "4:22: status.addresses[0]: must have type and address" } },
	{ "a node's addresses are a mapping",
	  NODE "status: {addresses: {}}\n",
	  { "4:21: status.addresses: must be a list, not a mapping" } },
};

int main(void)
{
	static struct CMUnitTest tests[ARRAY_SIZE(cases)];

	bad_manifest_tests(cases, ARRAY_SIZE(cases), tests);
	return cmocka_run_group_tests_name("object: refused tiers", tests, NULL, NULL);
}
