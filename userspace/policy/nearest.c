// SPDX-License-Identifier: BSD-2-Clause
#include "policy/nearest.h"

#include <stdio.h>

#include "base/mem.h"
#include "policy/rule_match.h"
#include "policy/rule_text.h"

static bool asks_for_pods(const struct policy_rule *rule)
{
	vec_for_each (peer, &rule->peers) {
		if (!peer->is_cidr)
			return true;
	}
	return false;
}

static bool is_selectable(const struct eval_end *end)
{
	return end->pod && !end->pod->pod.host_network;
}

/* Of rules that match as much, one that speaks of the same sort of peer is nearer: pods, or addresses. */
static unsigned score(const struct nearest *nearest, bool same_sort)
{
	return 8 * nearest->peer + 4 * nearest->port + 2 * nearest->protocol + same_sort;
}

bool nearest_find(const struct world *world, const struct nearest_question *question, struct nearest *ret)
{
	struct nearest best = {};
	unsigned best_score = 0;

	for (size_t i = 0; i < world->policies.n; i++) {
		const struct object *policy = world->policies.items[i];

		if (!policy->policy.isolates[question->direction] || !world_selects(world, policy, question->pod))
			continue;
		for (size_t k = 0; k < policy->policy.rules[question->direction].n; k++) {
			const struct policy_rule *rule = &policy->policy.rules[question->direction].items[k];
			struct nearest candidate = { .policy = policy, .rule = k };
			unsigned candidate_score;

			if (rule->action != RULE_ALLOW)
				continue;
			candidate.peer = rule_matches_peer(world, policy, rule, question->peer);
			candidate.protocol = rule_matches_protocol(rule, question->protocol);
			candidate.port = rule_matches_port(rule, question);
			candidate_score = score(&candidate, asks_for_pods(rule) == is_selectable(question->peer));
			if (best.policy && candidate_score <= best_score)
				continue;
			best = candidate;
			best_score = candidate_score;
		}
	}
	if (!best.policy)
		return false;
	*ret = best;
	return true;
}

static void write_address(FILE *out, const struct eval_end *end)
{
	char text[ADDR_TEXT_MAX];

	fputs(end->has_addr ? addr_format(&end->addr, text) : "without an address", out);
}

/* A pod by its values of the labels that the rule asks for, and by its namespace where that is not asked for. */
static void write_pod(FILE *out, const struct world *world, const struct nearest *nearest,
		      const struct policy_rule *rule, const struct eval_end *peer)
{
	const bool at_home = rule_matches_namespace(world, nearest->policy, rule, peer->pod->namespace);
	const bool labelled = rule_text_asked_labels(out, rule, &peer->pod->labels);

	if (!at_home)
		fprintf(out, "%sin namespace %s", labelled ? " " : "", peer->pod->namespace);
	else if (!labelled)
		write_address(out, peer);
}

static void write_peer(FILE *out, const struct world *world, const struct nearest *nearest,
		       const struct policy_rule *rule, const struct eval_end *peer)
{
	fputs("; the peer is ", out);
	if (is_selectable(peer) && asks_for_pods(rule)) {
		write_pod(out, world, nearest, rule, peer);
		return;
	}
	write_address(out, peer);
	if (!peer->pod)
		fputs(", which is no pod's", out);
	else if (peer->pod->pod.host_network)
		fputs(", on the host's network", out);
}

char *nearest_format(const struct world *world, const struct nearest_question *question, const struct nearest *nearest)
{
	const struct policy_rule *rule = &nearest->policy->policy.rules[question->direction].items[nearest->rule];
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	rule_text_name(out, nearest->policy, rule, nearest->rule);
	fputs(": allows ", out);
	rule_text_matches(out, nearest->policy, rule, question->direction);
	if (!nearest->peer)
		write_peer(out, world, nearest, rule, question->peer);
	if (!nearest->port) {
		fputs("; the connection is ", out);
		rule_text_port(out, question->protocol, question->port);
	}
	fclose(out);
	return text;
}
