// SPDX-License-Identifier: BSD-2-Clause
#include "policy/nearest.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "policy/rule_match.h"
#include "policy/rule_text.h"
#include "policy/ruleset.h"

static bool asks_for_pods(const struct policy_rule *rule)
{
	vec_for_each (peer, &rule->peers) {
		if (!peer->is_cidr && !peer->is_node)
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

/* The rule that denies; without a policy where that is none. */
struct denier {
	const struct object *policy;
	size_t rule;
};

static bool is_called(const struct policy_rule *rule, size_t index, const char *name)
{
	char number[24];

	snprintf(number, sizeof(number), "%zu", index);
	return strcmp(rule->name ?: number, name) == 0;
}

static struct denier find_denier(const struct world *world, const struct nearest_question *question)
{
	const struct rule_ref *ref = question->denied_by;

	for (size_t i = 0; ref && ref->rule && i < world->policies.n; i++) {
		const struct object *policy = world->policies.items[i];

		if (policy->kind != ref->kind || strcmp(policy->name, ref->policy) != 0)
			continue;
		for (size_t k = 0; k < policy->policy.rules[question->direction].n; k++) {
			if (is_called(&policy->policy.rules[question->direction].items[k], k, ref->rule))
				return (struct denier){ policy, k };
		}
	}
	return (struct denier){};
}

/* How many of a policy's rules could have allowed it. */
static size_t count_heard(const struct nearest_question *question, const struct denier *denier,
			  const struct object *policy)
{
	const size_t all = policy->policy.rules[question->direction].n;

	if (!question->denied_by) {
		const bool heard = question->audited || policy->policy.mode == POLICY_ENFORCE;

		return heard && policy->policy.isolates[question->direction] ? all : 0;
	}
	if (!denier->policy || policy->policy.tier != denier->policy->policy.tier)
		return 0;
	if (policy == denier->policy)
		return denier->rule;
	return policy_compare_precedence(policy, denier->policy) < 0 ? all : 0;
}

static bool would_do(const struct policy_rule *rule)
{
	return rule->action == RULE_ALLOW || rule->action == RULE_PASS;
}

bool nearest_find(const struct world *world, const struct nearest_question *question, struct nearest *ret)
{
	const struct denier denier = find_denier(world, question);
	struct nearest best = {};
	unsigned best_score = 0;

	for (size_t i = 0; i < world->policies.n; i++) {
		const struct object *policy = world->policies.items[i];
		const size_t n = count_heard(question, &denier, policy);

		if (!n || !world_selects(world, policy, question->pod))
			continue;
		for (size_t k = 0; k < n; k++) {
			const struct policy_rule *rule = &policy->policy.rules[question->direction].items[k];
			struct nearest candidate = { .policy = policy, .rule = k };
			unsigned candidate_score;

			if (!would_do(rule))
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
	fputs(rule->action == RULE_PASS ? ": leaves to other policies " : ": allows ", out);
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
