// SPDX-License-Identifier: BSD-2-Clause
#include "policy/naive.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/naive_match.h"
#include "policy/naive_recall.h"
#include "policy/words.h"

/* Who has a say. */
struct ballot {
	struct recollection recalled;
	naive_rules isolating, allowing, denying;
	bool ordered;			   /* some admin or baseline policy has rules for the subject */
	bool audited;			   /* somebody only audits */
	struct naive_rule admin, baseline; /* the first that matches; no policy: none does */
};

static void ballot_free(struct ballot *ballot)
{
	vec_free(&ballot->recalled.rules);
	vec_free(&ballot->isolating);
	vec_free(&ballot->allowing);
	vec_free(&ballot->denying);
}

/* What a count comes to. */
struct opinion {
	enum weir_reason reason;
	naive_rules by;
};

/* Of those who enforce, as if there were nobody else; and of everybody. */
struct opinions {
	struct opinion enforced, all;
};

static void opinions_free(struct opinions *opinions)
{
	vec_free(&opinions->enforced.by);
	vec_free(&opinions->all.by);
}

/* Lists that serve one judgement after the other. */
struct naive_scratch {
	struct ballot ballot;
	struct opinions opinions, of_backend;
};

static void ballot_clear(struct ballot *ballot)
{
	ballot->isolating.n = ballot->allowing.n = ballot->denying.n = 0;
	ballot->ordered = ballot->audited = false;
	ballot->admin = ballot->baseline = (struct naive_rule){};
}

/* place: of the policy's first rule. */
static void vote(const struct world *world, const struct naive_probe *probe, const struct object *policy, size_t place,
		 struct ballot *ballot)
{
	const enum weir_direction direction = ballot->recalled.direction;

	vec_push(&ballot->isolating, (struct naive_rule){ .policy = policy });
	ballot->audited |= policy->policy.mode == POLICY_AUDIT;
	for (size_t i = 0; i < policy->policy.rules[direction].n; i++) {
		const struct policy_rule *rule = &policy->policy.rules[direction].items[i];
		const struct naive_rule one = { policy, rule, i };

		if (!recall_matches(world, probe, &one, place + i, &ballot->recalled))
			continue;
		if (rule->action == RULE_DENY)
			vec_push(&ballot->denying, one);
		else
			vec_push(&ballot->allowing, one);
	}
}

static bool is_before(const struct object *a, const struct object *b)
{
	if (!b || a->policy.priority != b->policy.priority)
		return !b || a->policy.priority < b->policy.priority;
	if (strcmp(a->name, b->name) != 0)
		return strcmp(a->name, b->name) < 0;
	return a->kind < b->kind;
}

/* Of the rules of a policy that is ordered, the first that matches, if the policy comes before who was found so far. */
static void race(const struct world *world, const struct naive_probe *probe, const struct object *policy, size_t place,
		 struct ballot *ballot)
{
	const enum weir_direction direction = ballot->recalled.direction;
	struct naive_rule *first = policy->policy.tier == TIER_ADMIN ? &ballot->admin : &ballot->baseline;

	ballot->ordered |= policy->policy.rules[direction].n > 0;
	for (size_t i = 0; is_before(policy, first->policy) && i < policy->policy.rules[direction].n; i++) {
		const struct naive_rule one = { policy, &policy->policy.rules[direction].items[i], i };

		if (recall_matches(world, probe, &one, place + i, &ballot->recalled))
			*first = one;
	}
}

static bool decides(const struct naive_rule *first)
{
	return first->policy && first->rule->action != RULE_PASS;
}

/* Those who are heard; with everybody set, audited policies too. */
static size_t hear(const naive_rules *from, bool everybody, naive_rules *by)
{
	by->n = 0;
	vec_for_each (one, from) {
		if (everybody || one->policy->policy.mode != POLICY_AUDIT)
			vec_push(by, *one);
	}
	return by->n;
}

static bool any_allows(const naive_rules *rules)
{
	vec_for_each (one, rules) {
		if (one->rule->action == RULE_ALLOW)
			return true;
	}
	return false;
}

/* Who decides, and how. */
static void count(const struct ballot *ballot, bool everybody, struct opinion *opinion)
{
	const bool isolated = hear(&ballot->isolating, everybody, &opinion->by) > 0;
	const struct naive_rule *first = decides(&ballot->admin) ? &ballot->admin : &ballot->baseline;

	if (decides(&ballot->admin) || (!isolated && decides(&ballot->baseline))) {
		opinion->by.n = 0;
		vec_push(&opinion->by, *first);
		if (first == &ballot->admin)
			opinion->reason =
				first->rule->action == RULE_DENY ? WEIR_REASON_ADMIN_DENY : WEIR_REASON_ADMIN_ALLOW;
		else
			opinion->reason = first->rule->action == RULE_DENY ? WEIR_REASON_BASELINE_DENY
									   : WEIR_REASON_BASELINE_ALLOW;
	} else if (!isolated) {
		opinion->reason = WEIR_REASON_NO_POLICY;
	} else if (hear(&ballot->denying, everybody, &opinion->by)) {
		opinion->reason = WEIR_REASON_POLICY_DENY;
	} else if (hear(&ballot->allowing, everybody, &opinion->by) && any_allows(&opinion->by)) {
		opinion->reason = WEIR_REASON_POLICY_ALLOW;
	} else {
		hear(&ballot->isolating, everybody, &opinion->by);
		opinion->reason = WEIR_REASON_POLICY_DEFAULT;
	}
}

static void say(struct opinion *opinion, enum weir_reason reason)
{
	opinion->by.n = 0;
	opinion->reason = reason;
}

static void copy(const struct opinion *from, struct opinion *to)
{
	say(to, from->reason);
	vec_for_each (by, &from->by)
		vec_push(&to->by, *by);
}

/* What is said of a connection, whoever the two are. */
static void decide(const struct world *world, const struct naive_probe *probe, enum weir_direction direction,
		   struct ballot *ballot, struct opinions *opinions)
{
	size_t place = 0;

	ballot_clear(ballot);
	recall_pair(&ballot->recalled, probe, direction);
	vec_for_each (policy, probe->about) {
		if ((*policy)->policy.tier != TIER_NETWORK)
			race(world, probe, *policy, place, ballot);
		else if ((*policy)->policy.isolates[direction])
			vote(world, probe, *policy, place, ballot);
		place += (*policy)->policy.rules[direction].n;
	}
	if (!ballot->isolating.n && !ballot->ordered)
		say(&opinions->enforced, WEIR_REASON_NO_POLICY);
	else if (direction == WEIR_INGRESS && recall_own_node(world, &ballot->recalled))
		say(&opinions->enforced, WEIR_REASON_NODE);
	else
		count(ballot, false, &opinions->enforced);
	if (ballot->audited && opinions->enforced.reason != WEIR_REASON_NODE)
		count(ballot, true, &opinions->all);
	else
		copy(&opinions->enforced, &opinions->all);
}

/* A port of a service that nobody answers for: only the isolation counts. */
static void decide_nobody(const naive_policies *about, struct ballot *ballot, struct opinions *opinions)
{
	ballot_clear(ballot);
	vec_for_each (policy, about) {
		if ((*policy)->policy.isolates[WEIR_EGRESS])
			vec_push(&ballot->isolating, (struct naive_rule){ .policy = *policy });
	}
	count(ballot, false, &opinions->enforced);
	count(ballot, true, &opinions->all);
}

static bool denies(const struct opinion *opinion)
{
	return reason_verdict(opinion->reason) != WEIR_VERDICT_PASS;
}

static bool rejects(const struct opinion *opinion)
{
	bool any = false;

	vec_for_each (by, &opinion->by)
		any |= by->policy->policy.on_deny == POLICY_REJECT;
	return any && denies(opinion);
}

static size_t limits(const struct opinion *opinion, bool audited_only)
{
	size_t n = 0;

	for (size_t i = 0; opinion->reason == WEIR_REASON_POLICY_ALLOW && i < opinion->by.n; i++) {
		const struct naive_rule *by = &opinion->by.items[i];

		if (!audited_only || by->policy->policy.mode == POLICY_AUDIT)
			n += by->rule->limits.n;
	}
	return n;
}

/*
 * Of the backends' answers: a denial before an allowance, the last reason of
 * denials, one that is answered before one that isn't, and the first of the others.
 */
static bool outweighs(const struct opinion *a, const struct opinion *b)
{
	if (denies(a) != denies(b))
		return denies(a);
	if (a->reason != b->reason)
		return denies(a) == (a->reason > b->reason);
	if (rejects(a) != rejects(b))
		return rejects(a);
	if (limits(a, true) != limits(b, true))
		return limits(a, true) > limits(b, true);
	return limits(a, false) > limits(b, false);
}

static void decide_service(const struct world *world, const struct naive_probe *probe,
			   const struct world_service_port *port, struct naive_scratch *scratch)
{
	struct opinions *opinions = &scratch->opinions, *one = &scratch->of_backend;
	bool first = true;

	decide_nobody(probe->about, &scratch->ballot, opinions);
	vec_for_each (backend, &port->backends) {
		struct naive_probe to_backend = *probe;

		to_backend.to = (struct naive_end){ .pod = world_pod_by_addr(world, &backend->addr),
						    .addr = backend->addr,
						    .has_addr = true };
		to_backend.port = backend->port;
		decide(world, &to_backend, WEIR_EGRESS, &scratch->ballot, one);
		if (first || outweighs(&one->enforced, &opinions->enforced))
			copy(&one->enforced, &opinions->enforced);
		if (first || outweighs(&one->all, &opinions->all))
			copy(&one->all, &opinions->all);
		first = false;
	}
}

/* The port of a service that is connected to, or NULL. */
static const struct world_service_port *find_service_port(const struct world *world, const struct naive_probe *probe)
{
	const struct world_service *service =
		probe->to.has_addr && !probe->to.pod ? world_service_by_addr(world, &probe->to.addr) : NULL;

	for (size_t i = 0; service && i < service->ports.n; i++) {
		if (service->ports.items[i].protocol == probe->protocol && service->ports.items[i].port == probe->port)
			return &service->ports.items[i];
	}
	return NULL;
}

static void list_limits(const struct opinion *opinion, bool audited_only, struct naive_answer *answer)
{
	for (size_t i = 0; opinion->reason == WEIR_REASON_POLICY_ALLOW && i < opinion->by.n; i++) {
		const struct naive_rule *by = &opinion->by.items[i];

		for (size_t k = 0; k < by->rule->limits.n; k++) {
			if (!audited_only || by->policy->policy.mode == POLICY_AUDIT)
				vec_push(&answer->limits, (struct naive_limit){ by, &by->rule->limits.items[k], k });
		}
	}
}

/* An audited policy takes nothing away, neither a permission nor a limit. */
static void answer_by(const struct opinions *opinions, struct naive_answer *answer)
{
	const struct opinion *told = denies(&opinions->enforced) ? &opinions->enforced : &opinions->all;

	answer->reason = told->reason;
	answer->rejects = rejects(told);
	answer->audited = denies(&opinions->all) && !denies(&opinions->enforced);
	answer->n_audited_limits = limits(&opinions->all, true);
	answer->n_limits = limits(&opinions->enforced, false) + answer->n_audited_limits;
	answer->limits.n = 0;
	if (denies(&opinions->enforced)) {
		answer->n_limits = answer->n_audited_limits = 0;
	} else {
		list_limits(&opinions->enforced, false, answer);
		list_limits(&opinions->all, true, answer);
	}
	vec_for_each (by, &told->by)
		vec_push(&answer->by, *by);
}

static void judge(const struct world *world, const struct naive_probe *probe, enum weir_direction direction,
		  struct naive_answer *answer)
{
	const struct world_service_port *port = direction == WEIR_EGRESS ? find_service_port(world, probe) : NULL;
	struct naive_scratch *scratch = answer->scratch = answer->scratch ?: new0(struct naive_scratch);

	if (port)
		decide_service(world, probe, port, scratch);
	else
		decide(world, probe, direction, &scratch->ballot, &scratch->opinions);
	answer_by(&scratch->opinions, answer);
}

void naive_about(const struct world *world, const struct object *pod, naive_policies *ret)
{
	for (size_t i = 0; i < world->policies.n; i++) {
		if (naive_is_about(world, world->policies.items[i], pod))
			vec_push(ret, world->policies.items[i]);
	}
}

void naive_judge(const struct world *world, const struct naive_probe *probe, enum weir_direction direction,
		 struct naive_answer *answer)
{
	const struct naive_end *subject = direction == WEIR_INGRESS ? &probe->to : &probe->from;
	struct naive_probe known = *probe;
	naive_policies about = {};

	answer->by.n = 0;
	answer->judged = naive_is_ordinary(subject->pod) && probe->from.pod != probe->to.pod;
	if (!answer->judged)
		return;
	if (!known.about) {
		naive_about(world, subject->pod, &about);
		known.about = &about;
	}
	judge(world, &known, direction, answer);
	vec_free(&about);
}

enum weir_verdict naive_verdict(const struct naive_answer *answer)
{
	return answer->rejects ? WEIR_VERDICT_REJECT : reason_verdict(answer->reason);
}

void naive_answer_free(struct naive_answer *answer)
{
	vec_free(&answer->by);
	vec_free(&answer->limits);
	if (!answer->scratch)
		return;
	ballot_free(&answer->scratch->ballot);
	opinions_free(&answer->scratch->opinions);
	opinions_free(&answer->scratch->of_backend);
	free(TAKE_PTR(answer->scratch));
}
