// SPDX-License-Identifier: BSD-2-Clause
#include "packet/rivals.h"

#include <netinet/in.h>

#include "base/mem.h"
#include "policy/eval.h"

#define PORT_BOTH 2000u
#define PORT_NONE 4000u

/* Policy 0 allows peer i its port 1000 + i, policy 1 the port 3000 + i, counted from the other end; both PORT_BOTH. */
static void put_rules(FILE *out, const char *direction, const char *peer_field, unsigned policy)
{
	fprintf(out, "  %s:\n", direction);
	for (unsigned n = 0; n < RIVALS_PEERS; n++) {
		unsigned i = policy ? RIVALS_PEERS - 1 - n : n, port = policy ? 3000 + i : 1000 + i;

		fprintf(out,
			"  - %s: [{podSelector: {matchLabels: {n: \"%u\"}}}]\n"
			"    ports: [{protocol: TCP, port: %u}, {protocol: UDP, port: %u}]\n",
			peer_field, i, port, port);
	}
	fprintf(out, "  - ports: [{protocol: TCP, port: %u}, {protocol: UDP, port: %u}]\n", PORT_BOTH, PORT_BOTH);
}

/* The second policy has a row, a block of addresses and some ports more, so that nothing is where the first has it. */
static void put_policy(FILE *out, unsigned policy)
{
	fprintf(out,
		"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
		"metadata: {name: policy-%u, namespace: shop}\n"
		"spec:\n  podSelector: {matchLabels: {app: target}}\n  policyTypes: [Ingress, Egress]\n",
		policy);
	put_rules(out, "ingress", "from", policy);
	put_rules(out, "egress", "to", policy);
	if (policy == 1)
		fprintf(out, "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
			     "metadata: {name: more, namespace: shop}\n"
			     "spec:\n  podSelector: {matchLabels: {n: \"3\"}}\n"
			     "  ingress:\n  - from: [{ipBlock: {cidr: 10.0.0.8/30}}]\n"
			     "    ports: [{protocol: UDP, port: 100, endPort: 900}]\n");
}

static char *manifests(unsigned policy)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "apiVersion: v1\nkind: Pod\nmetadata: {name: target, namespace: shop, labels: {app: target}}\n"
		     "status: {podIP: 10.0.0.1}\n");
	for (unsigned i = 0; i < RIVALS_PEERS; i++)
		fprintf(out,
			"---\napiVersion: v1\nkind: Pod\n"
			"metadata: {name: peer-%u, namespace: shop, labels: {n: \"%u\"}}\n"
			"status: {podIP: 10.0.1.%u}\n",
			i, i, i);
	put_policy(out, policy);
	fclose(out);
	return text;
}

static const struct decision_info *ask(const struct enforcer_policy *policy, const struct rivals_probe *probe)
{
	struct eval_end target = { .pod = world_pod(&policy->world, "shop", "target"), .has_addr = true };
	_cleanup_free_ char *name = xasprintf("peer-%u", probe->peer);
	struct eval_end peer = { .pod = world_pod(&policy->world, "shop", name), .has_addr = true };
	bool in = probe->direction == WEIR_INGRESS;
	struct eval_result result;

	target.addr = target.pod->pod.addrs.items[0];
	peer.addr = peer.pod->pod.addrs.items[0];
	eval(policy->compiled, in ? &peer : &target, in ? &target : &peer, IPPROTO_UDP, probe->port, &result);
	return result.decision[probe->direction];
}

static void add_probe(struct rivals *rivals, unsigned peer, uint16_t port)
{
	for (enum weir_direction direction = 0; direction < WEIR_DIRECTIONS; direction++) {
		struct rivals_probe probe = { .direction = direction, .peer = peer, .port = port };

		for (int i = 0; i < RIVALS; i++)
			probe.says[i] = ask(&rivals->policies[i], &probe);
		vec_push(&rivals->probes, probe);
	}
}

/* For each peer: what both allow, what both deny, what only the one does, and what only the other does. */
static void add_probes(struct rivals *rivals)
{
	for (unsigned peer = 0; peer < RIVALS_PEERS; peer++) {
		add_probe(rivals, peer, PORT_BOTH);
		add_probe(rivals, peer, PORT_NONE);
		add_probe(rivals, peer, 1000 + (peer + 1) % RIVALS_PEERS);
		add_probe(rivals, peer, 1000 + peer);
		add_probe(rivals, peer, 3000 + peer);
	}
}

int rivals_make(struct rivals *rivals, struct error *error)
{
	*rivals = (struct rivals){};
	numberings_init(&rivals->numberings);
	for (unsigned i = 0; i < RIVALS; i++) {
		_cleanup_free_ char *yaml = manifests(i);
		int r = enforcer_policy_compile(&rivals->policies[i], yaml, &rivals->numberings, error);

		if (r < 0)
			return r;
	}
	add_probes(rivals);
	return 0;
}

void rivals_free(struct rivals *rivals)
{
	for (unsigned i = 0; i < RIVALS; i++)
		enforcer_policy_free(&rivals->policies[i]);
	numberings_free(&rivals->numberings);
	vec_free(&rivals->probes);
}

bool rivals_allows(const struct rivals_probe *probe, int policy)
{
	return probe->says[policy]->verdict == WEIR_VERDICT_PASS;
}
