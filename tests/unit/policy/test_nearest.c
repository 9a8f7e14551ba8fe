// SPDX-License-Identifier: BSD-2-Clause
/* Which rule came nearest, and what it says was missing. */
#include "policy/nearest.h"
#include "unit/policy/fixture.h"

#define POD(ns, name, labels, addr, ports)                                                                        \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: " ns ", name: " name ", labels: {" labels "}}, spec: " \
	"{nodeName: near, containers: [{name: c, image: i, ports: [" ports "]}]}, status: {podIPs: [{ip: " addr   \
	"}]}}\n---\n"
#define PODS                                                                                                          \
	"{kind: Namespace, apiVersion: v1, metadata: {name: shop, labels: {team: red}}}\n---\n"                       \
	"{kind: Namespace, apiVersion: v1, metadata: {name: lab, labels: {team: blue}}}\n---\n" POD(                  \
		"shop", "front", "app: frontend", "10.0.0.1", "") POD("shop", "back", "app: backend", "10.0.0.2", "") \
		POD("shop", "bare", "", "10.0.0.4", "")                                                               \
			POD("shop", "db", "app: db", "10.0.0.3", "{name: sql, containerPort: 5432}")                  \
				POD("lab", "back", "app: backend", "10.0.1.1",                                        \
				    "") "{kind: Pod, apiVersion: v1, metadata: {namespace: lab, name: host}, spec: "  \
					"{nodeName: far, hostNetwork: true}, "                                        \
					"status: {podIP: 192.0.2.1}}\n---\n"
#define POLICY(name, rules)                                                                               \
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: shop, name: " name \
	"}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [" rules "]}}\n---\n"
#define EGRESS(name, rules)                                                                               \
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: shop, name: " name \
	"}, spec: {podSelector: {matchLabels: {app: frontend}}, policyTypes: [Egress], egress: [" rules "]}}\n---\n"
#define TRAFFIC(name, rules)                                                                           \
	"{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: shop, name: " name \
	"}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [" rules "]}}\n---\n"

#define ADMIN(name, priority, rules)                                                                       \
	"{kind: AdminNetworkPolicy, apiVersion: policy.networking.k8s.io/v1alpha1, metadata: {name: " name \
	"}, spec: {priority: " priority ", subject: {namespaces: {}}, ingress: [" rules "]}}\n---\n"

#define BACKEND	 "from: [{podSelector: {matchLabels: {app: backend}}}]"
#define FRONTEND "from: [{podSelector: {matchLabels: {app: frontend}}}]"
#define SQL	 "ports: [{port: 5432}]"

struct nearest_case {
	const char *sentence;
	const char *policies;
	const char *from, *to;
	const char *protocol;
	uint16_t port;
	const char *expect; /* NULL: no rule is near */
};

static const struct nearest_case cases[] = {
	{ "the peer's labels are said where the rule asks for others", POLICY("db", "{" BACKEND ", " SQL "}"),
	  "shop/front", "shop/db", "TCP", 5432,
	  "NetworkPolicy shop/db rule 0: allows TCP 5432 from app=backend; the peer is app=frontend" },
	{ "the port is said where the rule asks for another", POLICY("db", "{" BACKEND ", " SQL "}"), "shop/back",
	  "shop/db", "TCP", 80,
	  "NetworkPolicy shop/db rule 0: allows TCP 5432 from app=backend; the connection is TCP 80" },
	{ "another protocol is said with its port", POLICY("db", "{" BACKEND ", " SQL "}"), "shop/back", "shop/db",
	  "UDP", 5432, "NetworkPolicy shop/db rule 0: allows TCP 5432 from app=backend; the connection is UDP 5432" },
	{ "a protocol without ports is said without one", POLICY("db", "{" BACKEND ", " SQL "}"), "shop/back",
	  "shop/db", "ICMP", 0,
	  "NetworkPolicy shop/db rule 0: allows TCP 5432 from app=backend; the connection is ICMP" },
	{ "where nothing matches, everything is said", POLICY("db", "{" BACKEND ", " SQL "}"), "shop/front", "shop/db",
	  "TCP", 80,
	  "NetworkPolicy shop/db rule 0: allows TCP 5432 from app=backend; the peer is app=frontend; the "
	  "connection is TCP 80" },
	{ "a label that the peer lacks is said to be missing", POLICY("db", "{" BACKEND "}"), "shop/bare", "shop/db",
	  "TCP", 80,
	  "NetworkPolicy shop/db rule 0: allows everything from app=backend; the peer is without label app" },
	{ "the peer's namespace is said where the rule means another", POLICY("db", "{" BACKEND "}"), "lab/back",
	  "shop/db", "TCP", 80,
	  "NetworkPolicy shop/db rule 0: allows everything from app=backend; the peer is app=backend in namespace "
	  "lab" },
	{ "a rule for the whole namespace names it", POLICY("db", "{from: [{podSelector: {}}]}"), "lab/back", "shop/db",
	  "TCP", 80,
	  "NetworkPolicy shop/db rule 0: allows everything from every pod in namespace shop; the peer is in "
	  "namespace lab" },
	{ "a namespace selector is said", POLICY("db", "{from: [{namespaceSelector: {matchLabels: {team: blue}}}]}"),
	  "shop/back", "shop/db", "TCP", 80,
	  "NetworkPolicy shop/db rule 0: allows everything from every pod in namespaces with team=blue; the peer is "
	  "in namespace shop" },
	{ "operators are said in words",
	  POLICY("db", "{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: app, operator: In, "
		       "values: [x, y]}, {key: app, operator: NotIn, values: [z]}, {key: tier, operator: Exists}, "
		       "{key: old, operator: DoesNotExist}]}}]}"),
	  "shop/back", "shop/db", "TCP", 80,
	  "NetworkPolicy shop/db rule 0: allows everything from app in (x, y), app!=z, no label old, a label tier in "
	  "any namespace; the peer is app=backend, without label old, without label tier" },
	{ "an ipBlock is said with its exceptions, and the peer by its address",
	  POLICY("db", "{from: [{ipBlock: {cidr: 198.51.100.0/24, except: [198.51.100.7/32]}}]}"), "198.51.100.7",
	  "shop/db", "TCP", 80,
	  "NetworkPolicy shop/db rule 0: allows everything from 198.51.100.0/24 except 198.51.100.7/32; the peer is "
	  "198.51.100.7, which is no pod's" },
	{ "to a rule of ipBlocks a pod is its address", POLICY("db", "{from: [{ipBlock: {cidr: 10.9.0.0/16}}]}"),
	  "shop/back", "shop/db", "TCP", 80,
	  "NetworkPolicy shop/db rule 0: allows everything from 10.9.0.0/16; the peer is 10.0.0.2" },
	{ "somebody's address from outside is no pod's", POLICY("db", "{" BACKEND "}"), "203.0.113.9", "shop/db", "TCP",
	  80,
	  "NetworkPolicy shop/db rule 0: allows everything from app=backend; the peer is 203.0.113.9, which is no "
	  "pod's" },
	{ "a pod on the host's network is said to be there", POLICY("db", "{" BACKEND "}"), "lab/host", "shop/db",
	  "TCP", 80,
	  "NetworkPolicy shop/db rule 0: allows everything from app=backend; the peer is 192.0.2.1, on the host's "
	  "network" },
	{ "the rule that matches the peer is nearer than the one that matches the port",
	  POLICY("db", "{" BACKEND ", ports: [{port: 80}]}, {" FRONTEND ", ports: [{port: 81}]}"), "shop/front",
	  "shop/db", "TCP", 80,
	  "NetworkPolicy shop/db rule 1: allows TCP 81 from app=frontend; the connection is TCP 80" },
	{ "of two that match as much the first is named", POLICY("b", "{" BACKEND "}") POLICY("a", "{" BACKEND "}"),
	  "shop/front", "shop/db", "TCP", 80,
	  "NetworkPolicy shop/a rule 0: allows everything from app=backend; the peer is app=frontend" },
	{ "the right protocol is nearer than the wrong one",
	  POLICY("db", "{ports: [{protocol: UDP, port: 53}]}, {ports: [{port: 53, endPort: 54}]}"), "shop/front",
	  "shop/db", "TCP", 80,
	  "NetworkPolicy shop/db rule 1: allows TCP 53-54 from everybody; the connection is TCP 80" },
	{ "a named port is the destination's own", POLICY("db", "{" BACKEND ", ports: [{port: sql}]}"), "shop/front",
	  "shop/db", "TCP", 5432,
	  "NetworkPolicy shop/db rule 0: allows TCP sql from app=backend; the peer is app=frontend" },
	{ "a rule is called by its name", TRAFFIC("t", "{name: from-backend, " BACKEND "}"), "shop/front", "shop/db",
	  "TCP", 80,
	  "TrafficPolicy shop/t rule from-backend: allows everything from app=backend; the peer is app=frontend" },
	{ "a rule that limits or denies is not near", TRAFFIC("t", "{action: Deny, " BACKEND "}"), "shop/front",
	  "shop/db", "TCP", 80, NULL },
	{ "an egress rule says to whom", EGRESS("e", "{to: [{podSelector: {matchLabels: {app: backend}}}], " SQL "}"),
	  "shop/front", "shop/db", "TCP", 5432,
	  "NetworkPolicy shop/e rule 0: allows TCP 5432 to app=backend; the peer is app=db" },
	{ "several peers and ports are all said",
	  POLICY("db", "{from: [{podSelector: {matchLabels: {app: backend}}}, {ipBlock: {cidr: 192.0.2.0/24}}], "
		       "ports: [{port: 1}, {protocol: UDP}]}"),
	  "shop/front", "shop/db", "TCP", 1,
	  "NetworkPolicy shop/db rule 0: allows TCP 1, UDP on any port from app=backend or 192.0.2.0/24; the peer is "
	  "app=frontend" },
	{ "to a pod a rule for pods is nearer than one for addresses",
	  POLICY("db", "{from: [{ipBlock: {cidr: 10.9.0.0/16}}]}, {" BACKEND "}"), "shop/front", "shop/db", "TCP", 80,
	  "NetworkPolicy shop/db rule 1: allows everything from app=backend; the peer is app=frontend" },
	{ "to an address a rule for addresses is nearer than one for pods",
	  POLICY("db", "{" BACKEND "}, {from: [{ipBlock: {cidr: 10.9.0.0/16}}]}"), "203.0.113.9", "shop/db", "TCP", 80,
	  "NetworkPolicy shop/db rule 1: allows everything from 10.9.0.0/16; the peer is 203.0.113.9, which is no "
	  "pod's" },
	{ "a cluster-wide policy has no namespace",
	  "{kind: ClusterTrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {name: wide}, spec: {podSelector: "
	  "{matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{" BACKEND "}]}}\n---\n",
	  "shop/front", "shop/db", "TCP", 80,
	  "ClusterTrafficPolicy wide rule 0: allows everything from app=backend in any namespace; the peer is "
	  "app=frontend" },
	{ "of an admin tier's denial a rule before it is near, which would have allowed it",
	  ADMIN("a", "1",
		"{action: Allow, from: [{namespaces: {matchLabels: {team: blue}}}]}, {name: no, action: Deny, "
		"from: [{namespaces: {}}]}, {action: Allow, from: [{namespaces: {}}]}") POLICY("db", "{" BACKEND "}"),
	  "shop/front", "shop/db", "TCP", 80,
	  "AdminNetworkPolicy a rule 0: allows everything from every pod in namespaces with team=blue; the peer is "
	  "in namespace shop" },
	{ "or left it to others, in a policy of higher precedence",
	  ADMIN("b", "1", "{action: Pass, from: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 81}}]}")
		  ADMIN("a", "2", "{action: Deny, from: [{namespaces: {}}]}"),
	  "shop/front", "shop/db", "TCP", 80,
	  "AdminNetworkPolicy b rule 0: leaves to other policies TCP 81 from every pod; the connection is TCP 80" },
	{ "not one of lower precedence",
	  ADMIN("a", "1", "{action: Deny, from: [{namespaces: {}}]}")
		  ADMIN("b", "2",
			"{action: Allow, from: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 81}}]}"),
	  "shop/front", "shop/db", "TCP", 80, NULL },
	{ "what an audited policy allows is not near what another one denies",
	  POLICY("db", "") "{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: shop, name: t}, "
			   "spec: {podSelector: {}, mode: Audit, ingress: [{" BACKEND "}]}}\n---\n",
	  "shop/front", "shop/db", "TCP", 80, NULL },
	{ "without a rule nothing is near", POLICY("db", ""), "shop/front", "shop/db", "TCP", 80, NULL },
};

static void run_case(void **state)
{
	const struct nearest_case *c = *state;
	char yaml[8192];
	struct fixture fixture;
	struct eval_end from, to;
	struct eval_result result;
	const struct decision_info *decision;
	struct nearest nearest;
	struct nearest_question question = { .port = c->port };
	char *text = NULL;

	snprintf(yaml, sizeof(yaml), "%s%s", PODS, c->policies);
	fixture_load(&fixture, yaml);
	assert_int_equal(eval_protocol_parse(c->protocol, &question.protocol), 0);
	assert_int_equal(eval_end_parse(&fixture.world, c->from, NULL, &from, NULL), 0);
	assert_int_equal(eval_end_parse(&fixture.world, c->to, NULL, &to, NULL), 0);
	eval(fixture.compiled, &from, &to, question.protocol, question.port, &result);
	assert_false(result.allowed);
	question.direction = result.denied_by[WEIR_EGRESS] ? WEIR_EGRESS : WEIR_INGRESS;
	question.pod = question.direction == WEIR_EGRESS ? from.pod : to.pod;
	question.peer = question.direction == WEIR_EGRESS ? &to : &from;
	decision = result.decision[question.direction];
	if (decision->reason == WEIR_REASON_ADMIN_DENY || decision->reason == WEIR_REASON_BASELINE_DENY)
		question.denied_by = &decision->rules.items[0];
	if (nearest_find(&fixture.world, &question, &nearest))
		text = nearest_format(&fixture.world, &question, &nearest);
	if (!c->expect)
		assert_null(text);
	else
		assert_string_equal(text, c->expect);
	free(text);
	fixture_free(&fixture);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases)] = {};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].sentence,
						.test_func = run_case,
						.initial_state = (void *)&cases[i] };
	return _cmocka_run_group_tests("policy nearest", tests, ARRAY_SIZE(tests), NULL, NULL);
}
