// SPDX-License-Identifier: BSD-2-Clause
/* What is meant: ports, blocks of addresses, directions, and several policies at once. */
#include "unit/policy/probes.h"

#define POD(name, labels, addrs)                                                                   \
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: " name ", labels: {" labels \
	"}}, status: {podIPs: [" addrs "]}}\n---\n"
#define IP(addr) "{ip: '" addr "'}"
#define NETWORK_POLICY(name, spec)                                                                        \
	"{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: shop, name: " name \
	"}, spec: {" spec "}}\n---\n"
#define TRAFFIC_POLICY(name, spec)                                                                     \
	"{kind: TrafficPolicy, apiVersion: weir.dev/v1alpha1, metadata: {namespace: shop, name: " name \
	"}, spec: {" spec "}}\n---\n"
#define ON(app)	  "podSelector: {matchLabels: {app: " app "}}"
#define FROM(app) "[{podSelector: {matchLabels: {app: " app "}}}]"

#define PODS                                                    \
	POD("a", "app: a", IP("10.0.0.1") ", " IP("fd00::1"))   \
	POD("b", "app: b", IP("10.0.0.2") ", " IP("fd00::2"))   \
	POD("c", "app: c", IP("10.1.0.3") ", " IP("fd00:1::3")) \
	POD("four", "app: four", IP("10.0.0.4"))                \
	POD("six", "app: six", IP("fd00::6"))                   \
	POD("bare", "app: bare", "")

static const char ports[] = PODS NETWORK_POLICY(
	"p", ON("b") ", ingress: [{ports: [{port: 80}, {protocol: UDP, port: 53}, {port: 8000, endPort: 8100}, "
		     "{protocol: SCTP}]}, {from: " FROM("c") ", ports: [{protocol: TCP, port: 443}]}]");
static const struct probe ports_probes[] = {
	{ "the port is let in", "shop/a", "shop/b", "TCP", 80, "allow", NULL },
	{ "the port before is not", "shop/a", "shop/b", "TCP", 79, "ingress", NULL },
	{ "the port after is not", "shop/a", "shop/b", "TCP", 81, "ingress", NULL },
	{ "a port without protocol means TCP", "shop/a", "shop/b", "UDP", 80, "ingress", NULL },
	{ "a UDP port is let in", "shop/a", "shop/b", "UDP", 53, "allow", NULL },
	{ "and not as TCP", "shop/a", "shop/b", "TCP", 53, "ingress", NULL },
	{ "before a range nothing is let in", "shop/a", "shop/b", "TCP", 7999, "ingress", NULL },
	{ "a range's first port is let in", "shop/a", "shop/b", "TCP", 8000, "allow", NULL },
	{ "a range's middle is let in", "shop/a", "shop/b", "TCP", 8050, "allow", NULL },
	{ "a range's last port is let in", "shop/a", "shop/b", "TCP", 8100, "allow", NULL },
	{ "after a range nothing is let in", "shop/a", "shop/b", "TCP", 8101, "ingress", NULL },
	{ "a protocol without port means every port", "shop/a", "shop/b", "SCTP", 1, "allow", NULL },
	{ "up to the last", "shop/a", "shop/b", "SCTP", 65535, "allow", NULL },
	{ "ICMP matches no rule with ports", "shop/a", "shop/b", "ICMP", 0, "ingress", NULL },
	{ "a rule's ports count only for its peers", "shop/a", "shop/b", "TCP", 443, "ingress", NULL },
	{ "and for these they do", "shop/c", "shop/b", "TCP", 443, "allow", NULL },
	{ "the other rule holds for them too", "shop/c", "shop/b", "TCP", 80, "allow", NULL },
	{ "the last port is not let in by chance", "shop/a", "shop/b", "TCP", 65535, "ingress", NULL },
};

static const char blocks[] = PODS NETWORK_POLICY(
	"p", ON("b") ", ingress: [{from: [{ipBlock: {cidr: 198.51.100.0/24, except: [198.51.100.64/26, "
		     "198.51.100.7/32]}}, {ipBlock: {cidr: 10.1.0.0/16}}, {ipBlock: {cidr: 'fd00:1::/32'}}], ports: "
		     "[{port: 80}]}], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}], "
		     "policyTypes: [Ingress, Egress]");
static const struct probe blocks_probes[] = {
	{ "an address of the block is let in", "198.51.100.1", "shop/b", "TCP", 80, "allow", NULL },
	{ "its first address is let in", "198.51.100.0", "shop/b", "TCP", 80, "allow", NULL },
	{ "its last address is let in", "198.51.100.255", "shop/b", "TCP", 80, "allow", NULL },
	{ "one before it is not", "198.51.99.255", "shop/b", "TCP", 80, "ingress", NULL },
	{ "one after it is not", "198.51.101.0", "shop/b", "TCP", 80, "ingress", NULL },
	{ "an excepted address is not", "198.51.100.7", "shop/b", "TCP", 80, "ingress", NULL },
	{ "an excepted range's first is not", "198.51.100.64", "shop/b", "TCP", 80, "ingress", NULL },
	{ "an excepted range's last is not", "198.51.100.127", "shop/b", "TCP", 80, "ingress", NULL },
	{ "what follows the excepted range is", "198.51.100.128", "shop/b", "TCP", 80, "allow", NULL },
	{ "a block matches a pod by its address", "shop/c", "shop/b", "TCP", 80, "allow", NULL },
	{ "and not a pod outside", "shop/a", "shop/b", "TCP", 80, "ingress", NULL },
	{ "a block does not widen the ports", "198.51.100.1", "shop/b", "TCP", 81, "ingress", NULL },
	{ "an IPv6 block matches", "fd00:1::99", "shop/b", "TCP", 80, "allow", NULL },
	{ "and only inside", "fd00:2::99", "shop/b", "TCP", 80, "ingress", NULL },
	{ "egress to everywhere reaches the world", "shop/b", "192.0.2.5", "UDP", 9, "allow", NULL },
	{ "but not the excepted block", "shop/b", "10.255.0.1", "UDP", 9, "egress", NULL },
	{ "nor a pod whose address is excepted", "shop/b", "shop/a", "UDP", 9, "egress", NULL },
	{ "an IPv4 block of everything holds no IPv6 address", "shop/b", "2001:db8::1", "UDP", 9, "egress", NULL },
	{ "a pod without an address is in no block", "shop/bare", "shop/b", "TCP", 80, "ingress", NULL },
};

static const char directions[] = PODS NETWORK_POLICY("in", ON("b") ", ingress: [{from: " FROM("a") "}]")
	NETWORK_POLICY("out", ON("a") ", policyTypes: [Egress], egress: [{to: " FROM("b") ", ports: [{port: 80}]}]")
		NETWORK_POLICY("both", ON("c") ", egress: [{to: " FROM("b") "}]")
			NETWORK_POLICY("closed", ON("four") ", policyTypes: [Egress]")
				NETWORK_POLICY("ignored", ON("six") ", policyTypes: [Ingress], ingress: [{}]");
static const struct probe directions_probes[] = {
	{ "both sides let the connection pass", "shop/a", "shop/b", "TCP", 80, "allow",
	  "NetworkPolicy shop/out, NetworkPolicy shop/in" },
	{ "the sender's side alone denies", "shop/a", "shop/b", "TCP", 81, "egress", "NetworkPolicy shop/out" },
	{ "the receiver's side alone denies", "shop/six", "shop/b", "TCP", 80, "ingress", "NetworkPolicy shop/in" },
	{ "egress allowed is not ingress allowed", "shop/c", "shop/b", "TCP", 80, "ingress", "NetworkPolicy shop/in" },
	{ "both deny", "shop/four", "shop/b", "TCP", 80, "both", "NetworkPolicy shop/closed, NetworkPolicy shop/in" },
	{ "egress rules alone isolate ingress as well by default", "shop/b", "shop/c", "TCP", 80, "ingress",
	  "NetworkPolicy shop/both" },
	{ "policyTypes Egress leaves ingress open", "shop/b", "shop/a", "TCP", 80, "allow", "" },
	{ "policyTypes Egress without rules lets nothing out", "shop/four", "192.0.2.1", "TCP", 80, "egress", NULL },
	{ "policyTypes Ingress leaves egress open", "shop/six", "2001:db8::1", "TCP", 80, "allow", "" },
};

static const char several[] = PODS NETWORK_POLICY("one", ON("b") ", ingress: [{from: " FROM("a") "}]")
	NETWORK_POLICY("two", ON("b") ", ingress: [{from: " FROM("c") ", ports: [{port: 80}]}]")
		NETWORK_POLICY("three", "podSelector: {}, ingress: [{ports: [{port: 80}]}]");
static const struct probe several_probes[] = {
	{ "what one policy allows is allowed", "shop/a", "shop/b", "UDP", 7, "allow", "NetworkPolicy shop/one" },
	{ "what two allow names both", "shop/a", "shop/b", "TCP", 80, "allow",
	  "NetworkPolicy shop/one, NetworkPolicy shop/three" },
	{ "another pair is named for another peer", "shop/c", "shop/b", "TCP", 80, "allow",
	  "NetworkPolicy shop/three, NetworkPolicy shop/two" },
	{ "what none allows is denied and names all that isolate", "shop/c", "shop/b", "TCP", 81, "ingress",
	  "NetworkPolicy shop/one, NetworkPolicy shop/three, NetworkPolicy shop/two" },
	{ "a pod selected by one alone is judged by one alone", "shop/a", "shop/c", "TCP", 81, "ingress",
	  "NetworkPolicy shop/three" },
};

static const char dual[] = PODS NETWORK_POLICY("p", ON("b") ", ingress: [{from: [{ipBlock: {cidr: 'fd00::/64'}}]}]");
static const struct probe dual_probes[] = {
	{ "dual-stack pods speak IPv4 when not asked otherwise", "shop/a", "shop/b", "TCP", 80, "ingress", NULL },
	{ "a dual-stack pod answers an IPv6 address by its own", "fd00::1", "shop/b", "TCP", 80, "allow", NULL },
	{ "and an IPv4 address by its other", "10.0.0.1", "shop/b", "TCP", 80, "ingress", NULL },
	{ "an IPv6-only pod is met by IPv6", "shop/six", "shop/b", "TCP", 80, "allow", NULL },
	{ "an IPv4-only pod is met by IPv4", "shop/four", "shop/b", "TCP", 80, "ingress", NULL },
	{ "an IPv6 address outside is not let in", "fd00:1::3", "shop/b", "TCP", 80, "ingress", NULL },
};

static const char traffic[] = PODS NETWORK_POLICY("kube", ON("b") ", ingress: [{from: " FROM("a") "}]")
	TRAFFIC_POLICY("weir",
		       ON("b") ", ingress: [{name: from-c, from: " FROM(
			       "c") ", ports: [{port: 80}], limits: "
				    "[{packetsPerSecond: 100}]}, {name: not-7, action: Deny, ports: [{protocol: UDP, "
				    "port: 7}]}, {name: slow, action: Limit, limits: [{bytesPerSecond: 1Mi}]}]")
		TRAFFIC_POLICY("lone", ON("four") ", ingress: [{action: Limit, limits: [{packetsPerSecond: 5}]}]");
static const struct probe traffic_probes[] = {
	{ "a NetworkPolicy's allow adds up with a TrafficPolicy's", "shop/a", "shop/b", "TCP", 9, "allow",
	  "NetworkPolicy shop/kube, TrafficPolicy shop/weir" },
	{ "a TrafficPolicy's allow adds up with a NetworkPolicy's", "shop/c", "shop/b", "TCP", 80, "allow",
	  "TrafficPolicy shop/weir" },
	{ "neither allows", "shop/c", "shop/b", "TCP", 81, "ingress",
	  "NetworkPolicy shop/kube, TrafficPolicy shop/weir" },
	{ "Deny beats another policy's allow", "shop/a", "shop/b", "UDP", 7, "ingress", "TrafficPolicy shop/weir" },
	{ "Limit alone allows nothing", "shop/a", "shop/four", "TCP", 80, "ingress", "TrafficPolicy shop/lone" },
};

static const char named[] =
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: one, labels: {app: one, s: x}}, spec: "
	"{containers: "
	"[{name: c, ports: [{name: web, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]}]}, "
	"status: "
	"{podIP: 10.0.0.1}}\n---\n"
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: two, labels: {app: two, s: x}}, spec: "
	"{containers: "
	"[{name: c, ports: [{name: web, containerPort: 9090}]}]}, status: {podIP: 10.0.0.2}}\n---\n"
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: none, labels: {app: none, s: x}}, status: "
	"{podIP: "
	"10.0.0.3}}\n---\n"
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: user, labels: {app: user}}, status: {podIP: "
	"10.0.0.4}}\n---\n"
	"{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: free, labels: {app: free}}, status: {podIP: "
	"10.0.0.5}}\n---\n" NETWORK_POLICY(
		"in", "podSelector: {matchLabels: {s: x}}, ingress: [{from: " FROM(
			      "free") ", ports: [{port: web}, {protocol: UDP, port: dns}, {port: 22}]}]")
		NETWORK_POLICY("out",
			       ON("user") ", policyTypes: [Egress], egress: [{ports: [{port: web}]}, {to: "
					  "[{ipBlock: {cidr: 10.0.0.0/24}}], ports: [{protocol: UDP, port: dns}]}]")
			NETWORK_POLICY("open",
				       "podSelector: {matchLabels: {s: x}}, ingress: [{from: " FROM("user") "}]");
static const struct probe named_probes[] = {
	{ "a name means the first pod's own port", "shop/free", "shop/one", "TCP", 8080, "allow", NULL },
	{ "and not the second's", "shop/free", "shop/one", "TCP", 9090, "ingress", NULL },
	{ "a name means the second pod's own port", "shop/free", "shop/two", "TCP", 9090, "allow", NULL },
	{ "and not the first's", "shop/free", "shop/two", "TCP", 8080, "ingress", NULL },
	{ "a pod without the name has no such port", "shop/free", "shop/none", "TCP", 8080, "ingress", NULL },
	{ "but the numbers beside it", "shop/free", "shop/none", "TCP", 22, "allow", NULL },
	{ "a name counts for its protocol", "shop/free", "shop/one", "UDP", 53, "allow", NULL },
	{ "and for no other", "shop/free", "shop/one", "UDP", 8080, "ingress", NULL },
	{ "egress asks the receiver for its port", "shop/user", "shop/one", "TCP", 8080, "allow", NULL },
	{ "each receiver anew", "shop/user", "shop/two", "TCP", 9090, "allow", NULL },
	{ "the port of another receiver does not count", "shop/user", "shop/two", "TCP", 8080, "egress", NULL },
	{ "nobody's address has no names", "shop/user", "192.0.2.1", "TCP", 8080, "egress", NULL },
	{ "a name in a block is resolved by the pod behind the address", "shop/user", "shop/one", "UDP", 53, "allow",
	  NULL },
	{ "a name in a block means nothing to nobody's address", "shop/user", "10.0.0.77", "UDP", 53, "egress", NULL },
};

static const struct scenario scenarios[] = {
	SCENARIO("ports", ports, NULL, ports_probes),
	SCENARIO("blocks", blocks, NULL, blocks_probes),
	SCENARIO("directions", directions, NULL, directions_probes),
	SCENARIO("several policies", several, NULL, several_probes),
	SCENARIO("dual stack", dual, NULL, dual_probes),
	SCENARIO("TrafficPolicy", traffic, NULL, traffic_probes),
	SCENARIO("named ports", named, NULL, named_probes),
};

int main(void)
{
	return run_scenarios("policy/eval_traffic", scenarios, ARRAY_SIZE(scenarios));
}
