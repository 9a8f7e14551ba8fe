/* SPDX-License-Identifier: BSD-2-Clause */
#include <netinet/in.h>
#include <stdlib.h>

#include "base/mem.h"
#include "unit/object/reading.h"

static const struct object *only(const struct read_text *read)
{
	assert_int_equal(read->objects.list.n, 1);
	return read->objects.list.items[0];
}

static void assert_selector(const struct selector *selector, const char *expected)
{
	_cleanup_free_ char *text = selector_format(selector);

	assert_string_equal(text, expected);
}

static void assert_cidr(const struct cidr *cidr, const char *expected)
{
	char text[CIDR_TEXT_MAX];

	assert_string_equal(cidr_format(cidr, text), expected);
}

static void assert_addr(const struct addr *addr, const char *expected)
{
	char text[ADDR_TEXT_MAX];

	assert_string_equal(addr_format(addr, text), expected);
}

static void test_namespace(void **state)
{
	struct read_text read;
	const struct object *namespace;

	read_good(&read, "apiVersion: v1\n"
			 "kind: Namespace\n"
			 "metadata:\n"
			 "  name: shop\n"
			 "  labels: {team: red, kubernetes.io/metadata.name: other}\n"
			 "spec: {finalizers: [kubernetes]}\n");
	namespace = only(&read);
	assert_int_equal(namespace->kind, KIND_NAMESPACE);
	assert_string_equal(namespace->name, "shop");
	assert_null(namespace->namespace);
	assert_string_equal(labels_get(&namespace->labels, "team"), "red");
	assert_string_equal(labels_get(&namespace->labels, "kubernetes.io/metadata.name"), "shop");
	assert_string_equal(namespace->file, "t");
	assert_int_equal(namespace->line, 1);
	read_free(&read);
}

static void test_pod(void **state)
{
	struct read_text read;
	const struct object *object;
	const struct pod *pod;

	read_good(&read, "apiVersion: v1\n"
			 "kind: Pod\n"
			 "metadata:\n"
			 "  name: web-0\n"
			 "  namespace: shop\n"
			 "  uid: 1234\n"
			 "  annotations: {weir.dev/interface: veth7, weir.dev/xdp: \"on\", note: anything goes,\n"
			 "    weir.dev/mac: 02:00:5e:00:53:01, weir.dev/anti-spoofing: off}\n"
			 "spec:\n"
			 "  nodeName: node-1\n"
			 "  serviceAccountName: web\n"
			 "  hostNetwork: true\n"
			 "  schedulerName: mine\n"
			 "  initContainers:\n"
			 "  - {name: once, ports: [{name: gone, containerPort: 1}]}\n"
			 "  - {name: mesh, restartPolicy: Always, ports: [{name: mesh, containerPort: 15001}]}\n"
			 "  containers:\n"
			 "  - name: web\n"
			 "    image: web:1\n"
			 "    ports:\n"
			 "    - {name: http, containerPort: 8080, hostPort: 80}\n"
			 "    - {containerPort: 9}\n"
			 "  - name: dns\n"
			 "    ports: [{name: dns, containerPort: 53, protocol: UDP}]\n"
			 "status:\n"
			 "  phase: Pending\n"
			 "  podIP: 10.0.0.7\n"
			 "  podIPs: [{ip: 10.0.0.7}, {ip: \"fd00::7\"}]\n"
			 "  conditions: [{type: Ready}]\n");
	object = only(&read);
	pod = &object->pod;
	assert_string_equal(object->namespace, "shop");
	assert_string_equal(pod->node, "node-1");
	assert_string_equal(pod->service_account, "web");
	assert_true(pod->host_network);
	assert_int_equal(pod->phase, POD_PENDING);
	assert_int_equal(pod->addrs.n, 2);
	assert_addr(&pod->addrs.items[0], "10.0.0.7");
	assert_addr(&pod->addrs.items[1], "fd00::7");
	assert_int_equal(pod->ports.n, 3);
	assert_string_equal(pod->ports.items[0].name, "mesh");
	assert_string_equal(pod->ports.items[1].name, "http");
	assert_int_equal(pod->ports.items[1].port, 8080);
	assert_int_equal(pod->ports.items[1].protocol, IPPROTO_TCP);
	assert_string_equal(pod->ports.items[2].name, "dns");
	assert_int_equal(pod->ports.items[2].protocol, IPPROTO_UDP);
	assert_string_equal(pod->interface, "veth7");
	assert_int_equal(pod->xdp, XDP_MODE_NATIVE);
	assert_memory_equal(pod->mac, "\x02\0\x5e\0\x53\x01", MAC_LENGTH);
	assert_true(pod->may_spoof);
	read_free(&read);
}

static void test_bare_pod(void **state)
{
	struct read_text read;
	const struct object *object;

	read_good(&read, "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {weir.dev/xdp: generic}}}");
	object = only(&read);
	assert_string_equal(object->namespace, "default");
	assert_null(object->pod.node);
	assert_null(object->pod.service_account);
	assert_null(object->pod.interface);
	assert_false(object->pod.host_network);
	assert_int_equal(object->pod.phase, POD_RUNNING);
	assert_int_equal(object->pod.addrs.n, 0);
	assert_int_equal(object->pod.xdp, XDP_MODE_GENERIC);
	assert_memory_equal(object->pod.mac, "\0\0\0\0\0\0", MAC_LENGTH);
	assert_false(object->pod.may_spoof);
	read_free(&read);
}

static void test_other_kinds(void **state)
{
	struct read_text read;
	const struct objects *objects = &read.objects;

	read_good(&read, "{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {zone: a}}, status: {x: []}}\n"
			 "---\n"
			 "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {clusterIP: None}}\n"
			 "---\n"
			 "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web-1, namespace: "
			 "s}, addressType: IPv4}\n");
	assert_int_equal(objects->list.n, 3);
	assert_int_equal(objects->list.items[0]->kind, KIND_NODE);
	assert_null(objects->list.items[0]->namespace);
	assert_string_equal(labels_get(&objects->list.items[0]->labels, "zone"), "a");
	assert_int_equal(objects->list.items[1]->kind, KIND_SERVICE);
	assert_int_equal(objects->list.items[1]->line, 3);
	assert_int_equal(objects->list.items[2]->kind, KIND_ENDPOINT_SLICE);
	assert_string_equal(objects->list.items[2]->namespace, "s");
	read_free(&read);
}

static void test_network_policy(void **state)
{
	struct read_text read;
	const struct policy *policy;
	const struct policy_rule *rule;

	read_good(&read, "apiVersion: networking.k8s.io/v1\n"
			 "kind: NetworkPolicy\n"
			 "metadata:\n"
			 "  name: backend\n"
			 "  namespace: shop\n"
			 "  creationTimestamp: null\n"
			 "  managedFields: [{manager: kubectl}]\n"
			 "spec:\n"
			 "  podSelector:\n"
			 "    matchLabels: {tier: back, app: api}\n"
			 "    matchExpressions: [{key: old, operator: DoesNotExist}]\n"
			 "  policyTypes: [Ingress, Egress]\n"
			 "  ingress:\n"
			 "  - from:\n"
			 "    - podSelector: {matchLabels: {app: web}}\n"
			 "    - namespaceSelector: {}\n"
			 "      podSelector: {matchExpressions: [{key: app, operator: In, values: [b, a]}]}\n"
			 "    - ipBlock: {except: [10.1.0.0/16, 10.2.0.0/16], cidr: 10.0.0.0/8}\n"
			 "    ports:\n"
			 "    - {port: 80}\n"
			 "    - {port: 0x1F90, endPort: 8090, protocol: UDP}\n"
			 "    - {port: http}\n"
			 "    - {protocol: SCTP}\n"
			 "  - {}\n"
			 "  egress:\n"
			 "  - to: []\n"
			 "    ports:\n"
			 "status: {conditions: []}\n");
	policy = &only(&read)->policy;
	assert_selector(&policy->subjects, "app in (api),!old,tier in (back)");
	assert_true(policy->isolates[WEIR_INGRESS] && policy->isolates[WEIR_EGRESS]);
	assert_int_equal(policy->rules[WEIR_INGRESS].n, 2);
	assert_int_equal(policy->rules[WEIR_EGRESS].n, 1);
	assert_int_equal(policy->rules[WEIR_EGRESS].items[0].peers.n, 0);
	assert_int_equal(policy->rules[WEIR_EGRESS].items[0].ports.n, 0);

	rule = &policy->rules[WEIR_INGRESS].items[0];
	assert_int_equal(rule->line, 14);
	assert_int_equal(rule->action, RULE_ALLOW);
	assert_int_equal(rule->peers.n, 3);
	assert_true(rule->peers.items[0].has_pod_selector && !rule->peers.items[0].has_namespace_selector);
	assert_selector(&rule->peers.items[0].pods, "app in (web)");
	assert_true(rule->peers.items[1].has_namespace_selector && !rule->peers.items[1].is_cidr);
	assert_selector(&rule->peers.items[1].namespaces, "");
	assert_selector(&rule->peers.items[1].pods, "app in (a,b)");
	assert_true(rule->peers.items[2].is_cidr);
	assert_cidr(&rule->peers.items[2].cidr, "10.0.0.0/8");
	assert_int_equal(rule->peers.items[2].except.n, 2);
	assert_cidr(&rule->peers.items[2].except.items[1], "10.2.0.0/16");

	assert_int_equal(rule->ports.n, 4);
	assert_int_equal(rule->ports.items[0].protocol, IPPROTO_TCP);
	assert_int_equal(rule->ports.items[0].port, 80);
	assert_int_equal(rule->ports.items[0].end_port, 80);
	assert_false(rule->ports.items[0].any_port);
	assert_int_equal(rule->ports.items[1].protocol, IPPROTO_UDP);
	assert_int_equal(rule->ports.items[1].port, 8080);
	assert_int_equal(rule->ports.items[1].end_port, 8090);
	assert_string_equal(rule->ports.items[2].name, "http");
	assert_false(rule->ports.items[2].any_port);
	assert_int_equal(rule->ports.items[3].protocol, IPPROTO_SCTP);
	assert_true(rule->ports.items[3].any_port);
	read_free(&read);
}

static void test_policy_types(void **state)
{
	static const struct {
		const char *spec;
		bool ingress, egress;
		size_t warnings;
	} cases[] = {
		{ "{}", true, false, 0 },
		{ "{podSelector: {}}", true, false, 0 },
		{ "{policyTypes: []}", true, false, 0 },
		{ "{ingress: [{}]}", true, false, 0 },
		{ "{egress: []}", true, false, 0 },
		{ "{egress: [{}]}", true, true, 0 },
		{ "{policyTypes: [Egress]}", false, true, 0 },
		{ "{policyTypes: [Egress, Ingress]}", true, true, 0 },
		{ "{policyTypes: [Ingress], egress: [{}]}", true, false, 1 },
		{ "{policyTypes: [Egress], ingress: [{}]}", false, true, 1 },
		{ "null", true, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = xasprintf("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, "
						      "metadata: {name: p}, spec: %s}",
						      cases[i].spec);
		struct read_text read;

		read_text(&read, text);
		if (read.diags.list.n != cases[i].warnings)
			fail_msg("%s: %zu errors and warnings", cases[i].spec, read.diags.list.n);
		if (only(&read)->policy.isolates[WEIR_INGRESS] != cases[i].ingress ||
		    only(&read)->policy.isolates[WEIR_EGRESS] != cases[i].egress)
			fail_msg("%s", cases[i].spec);
		read_free(&read);
	}
}

static void test_traffic_policy(void **state)
{
	struct read_text read;
	const struct policy *policy;
	const struct policy_rule *rules;

	read_good(&read, "apiVersion: weir.dev/v1alpha1\n"
			 "kind: TrafficPolicy\n"
			 "metadata: {name: backend, namespace: shop}\n"
			 "spec:\n"
			 "  podSelector: {matchLabels: {app: backend}}\n"
			 "  mode: Audit\n"
			 "  onDeny: Reject\n"
			 "  ingress:\n"
			 "  - name: from-frontend\n"
			 "    from: [ {podSelector: {matchLabels: {app: frontend}}} ]\n"
			 "    ports: [ {protocol: TCP, port: 8080} ]\n"
			 "    limits:\n"
			 "    - {packetsPerSecond: 10k, burst: 100}\n"
			 "    - {bytesPerSecond: 5Mi, per: Identity, onExceed: Mark}\n"
			 "  - {name: bad, action: Deny}\n"
			 "  - action: Limit\n"
			 "    limits:\n"
			 "    - {connectionsPerSecond: 0.5, per: Address}\n"
			 "    - {maxConnections: \"20\"}\n");
	policy = &only(&read)->policy;
	rules = policy->rules[WEIR_INGRESS].items;
	assert_int_equal(policy->mode, POLICY_AUDIT);
	assert_int_equal(policy->on_deny, POLICY_REJECT);
	assert_true(policy->isolates[WEIR_INGRESS] && !policy->isolates[WEIR_EGRESS]);
	assert_int_equal(policy->rules[WEIR_INGRESS].n, 3);
	assert_string_equal(rules[0].name, "from-frontend");
	assert_int_equal(rules[0].action, RULE_ALLOW);
	assert_int_equal(rules[0].limits.n, 2);
	assert_int_equal(rules[0].limits.items[0].unit, LIMIT_PACKETS);
	assert_int_equal(rules[0].limits.items[0].rate_milli, 10000000);
	assert_int_equal(rules[0].limits.items[0].burst, 100);
	assert_int_equal(rules[0].limits.items[0].scope, LIMIT_PER_RULE);
	assert_int_equal(rules[0].limits.items[1].unit, LIMIT_BYTES);
	assert_int_equal(rules[0].limits.items[1].burst, 524288);
	assert_int_equal(rules[0].limits.items[1].scope, LIMIT_PER_IDENTITY);
	assert_int_equal(rules[0].limits.items[0].on_exceed, LIMIT_DROPS);
	assert_int_equal(rules[0].limits.items[1].on_exceed, LIMIT_MARKS);
	assert_int_equal(rules[1].action, RULE_DENY);
	assert_null(rules[2].name);
	assert_int_equal(rules[2].action, RULE_LIMIT);
	assert_int_equal(rules[2].limits.items[0].unit, LIMIT_CONNECTIONS);
	assert_int_equal(rules[2].limits.items[0].rate_milli, 500);
	assert_int_equal(rules[2].limits.items[0].burst, 1);
	assert_int_equal(rules[2].limits.items[0].scope, LIMIT_PER_ADDRESS);
	assert_int_equal(rules[2].limits.items[1].unit, LIMIT_MAX_CONNECTIONS);
	assert_int_equal(rules[2].limits.items[1].rate_milli, 20000);
	read_free(&read);
}

static void test_host_bits(void **state)
{
	_cleanup_free_ char *line = NULL;
	struct read_text read;

	read_text(&read, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n"
			 "spec:\n  ingress:\n  - from: [{ipBlock: {cidr: 10.1.2.3/8}}]\n");
	assert_int_equal(read.diags.list.n, 1);
	line = diag_format(&read.diags.list.items[0]);
	assert_string_equal(line, "t:6:29: warning: spec.ingress[0].from[0].ipBlock.cidr: \"10.1.2.3/8\" has bits set "
				  "behind its prefix: taken as 10.0.0.0/8");
	assert_cidr(&only(&read)->policy.rules[WEIR_INGRESS].items[0].peers.items[0].cidr, "10.0.0.0/8");
	read_free(&read);
}

static void test_kinds(void **state)
{
	static const struct {
		const char *name;
		enum object_kind kind;
	} cases[] = {
		{ "NetworkPolicy", KIND_NETWORK_POLICY },
		{ "networkpolicies", KIND_NETWORK_POLICY },
		{ "NETPOL", KIND_NETWORK_POLICY },
		{ "trafficpolicy", KIND_TRAFFIC_POLICY },
		{ "po", KIND_POD },
		{ "ns", KIND_NAMESPACE },
		{ "endpointslices", KIND_ENDPOINT_SLICE },
		{ "", KIND_MAX },
		{ "policy", KIND_MAX },
		{ "PodList", KIND_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(kind_by_name(cases[i].name), cases[i].kind);
	for (enum object_kind kind = 0; kind < KIND_MAX; kind++) {
		assert_int_equal(kind_by_name(kind_info(kind)->kind), kind);
		assert_int_equal(kind_by_name(kind_info(kind)->plural), kind);
	}
}

static void test_titles_keys_and_order(void **state)
{
	_cleanup_free_ char *pod = NULL, *namespace = NULL, *a = NULL, *b = NULL;
	struct read_text read;

	read_good(&read, "{apiVersion: v1, kind: PodList, items: [{metadata: {name: b, namespace: y}}, "
			 "{metadata: {name: a, namespace: y}}, {metadata: {name: c, namespace: x}}]}\n"
			 "---\n{apiVersion: v1, kind: Namespace, metadata: {name: z}}\n");
	objects_sort(&read.objects);
	namespace = object_title(read.objects.list.items[0]);
	pod = object_title(read.objects.list.items[1]);
	assert_string_equal(namespace, "Namespace z");
	assert_string_equal(pod, "Pod x/c");
	assert_string_equal(read.objects.list.items[2]->name, "a");
	assert_string_equal(read.objects.list.items[3]->name, "b");
	a = object_key(KIND_POD, "x", "c");
	b = object_key(KIND_NAMESPACE, NULL, "z");
	assert_string_equal(a, "1/x/c");
	assert_string_equal(b, "0//z");
	object_free(NULL);
	read_free(&read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "a Namespace is labelled with its own name", test_namespace, NULL, NULL, NULL },
		{ "a Pod says where it is and what it listens on", test_pod, NULL, NULL, NULL },
		{ "a Pod of which little is said gets the defaults", test_bare_pod, NULL, NULL, NULL },
		{ "Node, Service and EndpointSlice are known by their metadata", test_other_kinds, NULL, NULL, NULL },
		{ "a NetworkPolicy is read with all its parts", test_network_policy, NULL, NULL, NULL },
		{ "policyTypes are defaulted as Kubernetes does", test_policy_types, NULL, NULL, NULL },
		{ "a TrafficPolicy is read with all its parts", test_traffic_policy, NULL, NULL, NULL },
		{ "host bits of a CIDR are cleared with a warning", test_host_bits, NULL, NULL, NULL },
		{ "kinds are found by kind, plural and short name", test_kinds, NULL, NULL, NULL },
		{ "objects have titles, keys and an order", test_titles_keys_and_order, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("object: accepted manifests", tests, NULL, NULL);
}
