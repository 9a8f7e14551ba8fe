// SPDX-License-Identifier: BSD-2-Clause
/* The whole decision, in the order in which it is made. */
#include "fuzz/model.h"

#include <string.h>

#include "fuzz/model_packet.h"
#include "weir/image.h"

struct weir_image model_image(const struct model *m)
{
	return (struct weir_image){ .words = m->words, .mask = TINY_WORDS - 1 };
}

static void say(struct judgement *ret, enum weir_verdict verdict, enum weir_reason reason)
{
	ret->verdict = verdict;
	ret->reason = reason;
}

/* A connection that was admitted is withdrawn by a denial: what comes of it from now on is refused as this packet. */
static void refuse(struct model *m, const struct packet *p, const struct question *asked, struct judgement *ret)
{
	if (asked->of) {
		struct weir_flow *flow = &asked->of->flow;

		flow->flags = WEIR_FLOW_REVOKED | (ret->verdict == WEIR_VERDICT_REJECT ? WEIR_FLOW_REJECTED : 0);
		flow->reason = ret->reason;
		flow->account = ret->account;
		flow->generation = m->control.generation;
		ret->told = WEIR_EVENT_WITHDRAWN;
	}
	if (p->orphan)
		ret->reason = WEIR_REASON_FRAGMENT_ORPHAN;
}

/* --- policy --- */

static uint32_t decide(const struct model *m, const struct packet *p, const struct question *asked)
{
	const struct weir_image image = model_image(m);
	const struct flow_name *name = &asked->name;
	const uint8_t *remote = name->remote + (p->family == WEIR_IPV4 ? 12 : 0);
	uint32_t ifindex;
	const uint32_t subject = weir_image_subject_class(&image, m->endpoints[p->pod].identity);
	const uint32_t peer =
		weir_image_peer_class(&image, model_identity(p->family, name->remote, &ifindex), p->family, remote);
	/* The port that was connected to. */
	const uint16_t port = asked->opener == WEIR_EGRESS ? name->remote_port : name->local_port;

	return weir_image_cell(&image, subject, asked->opener, peer, weir_image_port_class(&image, asked->ports, port));
}

/* Limits hold for what the opener sends. */
uint32_t model_opener_identity(const struct model *m, const struct packet *p, const struct question *asked)
{
	uint32_t ifindex;

	return asked->opener == WEIR_INGRESS ? model_identity(p->family, asked->name.remote, &ifindex)
					     : m->endpoints[p->pod].identity;
}

static void fill_flow(struct model *m, const struct packet *p, const struct question *asked, uint32_t at,
		      struct weir_flow *ret)
{
	const struct weir_image image = model_image(m);
	const struct weir_image_decision decision = weir_image_decision_at(&image, at);

	ret->generation = m->control.generation;
	ret->revision = weir_image_header_word(&image, revision);
	ret->decision = at;
	ret->account = model_account(m, p, &asked->name, asked->opener, &decision);
	ret->source = model_opener_identity(m, p, asked);
	ret->flags = (model_is_metered(m, at) ? WEIR_FLOW_LIMITED : 0) |
		     (m->endpoints[p->pod].flags & WEIR_ENDPOINT_CHECK_MAC ? WEIR_FLOW_CHECK_MAC : 0);
	ret->reason = decision.verdict == WEIR_VERDICT_PASS ? WEIR_REASON_FLOW : WEIR_REASON_AUDIT;
	memcpy(ret->mac, m->endpoints[p->pod].mac, sizeof(ret->mac));
}

/* Keeping never decides. Returns what is told of it. */
static enum weir_event_kind keep(struct model *m, const struct packet *p, const struct question *asked, uint32_t at)
{
	const bool revoked = asked->of && asked->of->flow.flags & WEIR_FLOW_REVOKED;
	struct weir_flow flow = { .opener = asked->opener };
	bool opens = revoked;

	if (asked->of) {
		model_hold_again(m, p, asked, at);
		fill_flow(m, p, asked, at, &asked->of->flow);
		if (!asked->quoted)
			model_track(m, p, asked->of);
	} else if (model_is_kept(p)) {
		fill_flow(m, p, asked, at, &flow);
		memcpy(flow.held, asked->held, sizeof(flow.held));
		m->seen.accounts[flow.account].counted.connections++;
		model_open_flow(m, p, &asked->name, &flow);
		opens = true;
	}
	if (!asked->quoted)
		model_remember_first(m, p);
	return !opens								     ? 0
	       : (asked->of ? &asked->of->flow : &flow)->reason == WEIR_REASON_AUDIT ? WEIR_EVENT_AUDITED
										     : WEIR_EVENT_OPENED;
}

/* On the way in, its own address is the pod's only where it was seen to come out. */
static bool is_self(const struct packet *p, const struct flow_name *name)
{
	return !memcmp(name->local, name->remote, 16) && (p->direction == WEIR_EGRESS || p->hairpin);
}

static void ask_policy(struct model *m, const struct packet *p, struct question *asked, struct judgement *ret)
{
	const uint32_t at = decide(m, p, asked);
	const struct weir_image image = model_image(m);
	const struct weir_image_decision decision = weir_image_decision_at(&image, at);
	enum weir_reason limited = WEIR_REASON_NONE;

	ret->account = model_account(m, p, &asked->name, asked->opener, &decision);
	say(ret, WEIR_VERDICT_PASS, decision.reason);
	if (decision.verdict != WEIR_VERDICT_PASS && !(decision.flags & WEIR_DECISION_AUDIT)) {
		ret->verdict = decision.flags & WEIR_DECISION_REJECT ? WEIR_VERDICT_REJECT : WEIR_VERDICT_DROP;
		return refuse(m, p, asked, ret);
	}
	if (decision.verdict != WEIR_VERDICT_PASS)
		ret->reason = WEIR_REASON_AUDIT;
	/* Replies are not charged, and no error about what was. */
	if (p->direction == asked->opener && !asked->quoted)
		limited = model_charge(m, p, asked, at, ret);
	if (limited == WEIR_REASON_LIMIT) {
		ret->account = model_account_limited(m, ret->account);
		return say(ret, WEIR_VERDICT_DROP, WEIR_REASON_LIMIT);
	}
	if (limited == WEIR_REASON_AUDIT)
		ret->reason = WEIR_REASON_AUDIT;
	ret->told = keep(m, p, asked, at);
	if (limited == WEIR_REASON_AUDIT)
		ret->told = WEIR_EVENT_AUDITED;
	if (asked->quoted)
		ret->reason = WEIR_REASON_ICMP_ERROR;
}

static void admit(struct model *m, const struct packet *p, struct question *asked, struct judgement *ret)
{
	enum weir_reason fault;

	if (!m->known[p->pod]) {
		say(ret, WEIR_VERDICT_DROP, WEIR_REASON_NO_ENDPOINT);
		return refuse(m, p, asked, ret);
	}
	fault = model_check_source(m, p);
	if (fault)
		return say(ret, WEIR_VERDICT_DROP, fault);
	if (is_self(p, &asked->name))
		return say(ret, WEIR_VERDICT_PASS, WEIR_REASON_SELF);
	ask_policy(m, p, asked, ret);
}

/* --- flows --- */

static bool carries_other_mac(const struct packet *p, const struct weir_flow *flow)
{
	return p->direction == WEIR_EGRESS && flow->flags & WEIR_FLOW_CHECK_MAC && !model_carries_mac(p, flow->mac);
}

/* True when the entry's decision holds, and has judged the packet; else it is to be made again. */
static bool holds(struct model *m, const struct packet *p, const struct question *asked, struct judgement *ret)
{
	const struct weir_flow *flow = &asked->of->flow;

	if (flow->generation != m->control.generation)
		return false;
	if (carries_other_mac(p, flow)) {
		say(ret, WEIR_VERDICT_DROP, WEIR_REASON_SPOOFED_MAC);
		return true;
	}
	if (flow->flags & WEIR_FLOW_REVOKED) {
		ret->account = flow->account;
		say(ret, flow->flags & WEIR_FLOW_REJECTED ? WEIR_VERDICT_REJECT : WEIR_VERDICT_DROP, flow->reason);
		return true;
	}
	ret->account = flow->account;
	say(ret, WEIR_VERDICT_PASS, asked->quoted ? WEIR_REASON_ICMP_ERROR : flow->reason);
	return true;
}

/* SCTP's header is copied in any case. */
static bool is_in_place(const struct model *m, const struct packet *p)
{
	const uint32_t header = p->ports == WEIR_PORTS_TCP ? 20 : p->ports == WEIR_PORTS_SCTP ? 0 : 8;

	return p->transport + header <= m->linear;
}

/*
 * A decision with limits is an offset in one image: under another it is made
 * again, and so it is for packets of odd shapes or not in place. NONE: it is charged.
 */
static enum weir_reason charge_again(struct model *m, const struct packet *p, struct question *asked,
				     struct judgement *ret, bool *ret_again)
{
	const struct weir_image image = model_image(m);
	const struct weir_flow *flow = &asked->of->flow;

	*ret_again = false;
	if (!(flow->flags & WEIR_FLOW_LIMITED) || p->direction != flow->opener)
		return WEIR_REASON_NONE;
	*ret_again = !p->plain || !is_in_place(m, p) || flow->revision != weir_image_header_word(&image, revision);
	return *ret_again ? WEIR_REASON_NONE : model_charge(m, p, asked, flow->decision, ret);
}

static void judge_flow(struct model *m, const struct packet *p, struct question *asked, struct judgement *ret)
{
	enum weir_reason limited = WEIR_REASON_NONE;
	bool again = false;

	if (ret->verdict == WEIR_VERDICT_PASS)
		limited = charge_again(m, p, asked, ret, &again);
	if (again) {
		ret->account = WEIR_ACCOUNT_NONE;
		ret->xdp_drops = false; /* XDP charges no limits, so it sees no need to decide again */
		return admit(m, p, asked, ret);
	}
	if (limited == WEIR_REASON_LIMIT) {
		ret->account = model_account_limited(m, ret->account);
		say(ret, WEIR_VERDICT_DROP, WEIR_REASON_LIMIT);
	}
	if (limited == WEIR_REASON_AUDIT) {
		ret->reason = WEIR_REASON_AUDIT;
		ret->told = WEIR_EVENT_AUDITED;
	}
	if (ret->verdict != WEIR_VERDICT_PASS)
		return;
	model_track(m, p, asked->of);
	model_remember_first(m, p);
}

static void judge_ip(struct model *m, struct packet *p, struct judgement *ret)
{
	struct question asked = { .opener = p->direction };
	enum weir_port_protocol ports;
	enum weir_reason fault = WEIR_REASON_NONE;

	if (p->fragment)
		fault = p->later ? model_follow_first(m, p) : model_check_first(m, p);
	if (fault)
		return say(ret, WEIR_VERDICT_DROP, fault);

	model_name_flow(p, &asked.name);
	asked.ports = p->ports;
	asked.of = model_quoted_flow(m, p, &ports);
	if (asked.of) {
		asked.quoted = true;
		asked.ports = ports;
		asked.name = asked.of->name;
	} else if (!p->orphan) {
		asked.of = model_find_flow(m, p, &asked.name);
	}
	ret->named = true;
	ret->name = asked.name;
	if (asked.of)
		asked.opener = asked.of->flow.opener;
	if (!asked.of || !holds(m, p, &asked, ret))
		return admit(m, p, &asked, ret);
	if (!asked.quoted)
		judge_flow(m, p, &asked, ret);
}

static void say_reason(struct judgement *ret, enum weir_reason reason)
{
	const bool passes = reason == WEIR_REASON_ARP || reason == WEIR_REASON_NEIGHBOUR;

	say(ret, passes ? WEIR_VERDICT_PASS : WEIR_VERDICT_DROP, reason);
}

static void judge(struct model *m, struct packet *p, struct judgement *ret)
{
	const enum weir_reason fault = model_parse(p);

	ret->xdp_drops = p->plain;
	if (fault)
		return say(ret, WEIR_VERDICT_DROP, fault);
	if (!p->located)
		return say_reason(ret, model_judge_arp(m, p));
	if (!model_is_neighbour(p))
		return judge_ip(m, p, ret);
	say_reason(ret, model_judge_neighbour(m, p));
	if (ret->verdict == WEIR_VERDICT_PASS)
		model_remember_first(m, p);
}

void model_packet(struct model *m, const struct step *step, struct judgement *ret)
{
	struct packet p = {
		.bytes = step->bytes,
		.length = step->length,
		.direction = step->argument & PACKET_OUT ? WEIR_EGRESS : WEIR_INGRESS,
		.pod = step->argument & PACKET_SECOND ? 1 : 0,
		.hairpin = step->argument & PACKET_HAIRPIN,
	};

	*ret = (struct judgement){ .account = WEIR_ACCOUNT_NONE };
	judge(m, &p, ret);
	if (ret->verdict != WEIR_VERDICT_PASS && !ret->told)
		ret->told = WEIR_EVENT_DENIED;
	if (!m->control.watch)
		ret->told = 0;
	m->seen.tallies[WEIR_TALLY_TOLD] += !!ret->told;
	ret->xdp_drops = ret->xdp_drops && ret->verdict == WEIR_VERDICT_DROP && ret->reason != WEIR_REASON_LIMIT;
	model_settle(m);
	if (p.located)
		model_identity(p.family, p.destination, &ret->destination);
	model_count(m, ret, p.direction, p.length);
	if (ret->verdict == WEIR_VERDICT_REJECT)
		model_answer(m, &p, ret);
	memcpy(ret->after, step->bytes, step->length);
	if (ret->marked)
		model_mark(&p, ret->after);
}

/* --- what the agent does --- */

static void set_policy(struct model *m, enum setting_policy policy)
{
	const struct tiny_image *image = setting_image(policy);

	memcpy(m->words, image->words, image->used * sizeof(image->words[0]));
	((struct weir_image_header *)m->words)->revision = ++m->revision;
}

static void set_endpoint(struct model *m, uint8_t argument)
{
	const unsigned pod = argument & ENDPOINT_SECOND ? 1 : 0;

	m->known[pod] = !(argument & ENDPOINT_GONE);
	setting_endpoint(argument, &m->endpoints[pod]);
	m->answers[pod] = 0;
}

static void grow_older(struct model *m, uint32_t ticks)
{
	for (unsigned i = 0; i < m->seen.n_flows; i++)
		m->seen.flows[i].flow.seen -= ticks;
	for (unsigned i = 0; i < m->seen.n_fragments; i++)
		m->seen.fragments[i].first.seen -= ticks;
}

/* A recount changes nothing, as nothing was lost. */
static void sweep(struct model *m, uint8_t argument)
{
	for (unsigned i = 0; argument & SWEEP_RECOUNT && i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++)
		model_sweep(m, i / WEIR_FAMILIES, i % WEIR_FAMILIES);
	if (!(argument & SWEEP_RECOUNT))
		model_sweep(m, argument / WEIR_FAMILIES % WEIR_FLOW_TABLES, argument % WEIR_FAMILIES);
}

void model_event(struct model *m, const struct step *step)
{
	switch (step->kind) {
	case STEP_POLICY:
		set_policy(m, (step->argument & ~STEP_BEGUN) % SETTING_POLICIES);
		break;
	case STEP_ENDPOINT:
		set_endpoint(m, step->argument);
		break;
	case STEP_AGE:
		return grow_older(m, step->argument);
	case STEP_SWEEP:
		return sweep(m, step->argument);
	}
	/* What is remembered of refusals speaks for the policy that was announced. */
	if (step->kind == STEP_GENERATION || step->argument & STEP_BEGUN || !m->control.watch)
		m->control.generation++;
}

void model_reset(struct model *m, uint32_t now, bool quiet)
{
	const uint32_t generation = m->control.generation;

	setting_control(quiet, &m->control);
	m->control.generation = generation + 1;
	m->now = now;
	memset(m->charged, 0, sizeof(m->charged));
	m->n_sources = 0;
	memset(m->used, 0, sizeof(m->used));
	memset(m->marked, 0, sizeof(m->marked));
	memset(&m->seen, 0, sizeof(m->seen));
	set_policy(m, POLICY_USUAL);
	set_endpoint(m, ENDPOINT_USUAL);
	set_endpoint(m, ENDPOINT_USUAL | ENDPOINT_SECOND);
}
