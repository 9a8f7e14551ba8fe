// SPDX-License-Identifier: BSD-2-Clause
/*
 * Limits on open connections. Nothing is counted here: how many are open is how
 * many entries say that they hold a slot.
 */
#include <string.h>

#include "fuzz/model_packet.h"

#define WHICH (WEIR_HELD_BUCKET | WEIR_HELD_PER_IDENTITY | WEIR_HELD_PER_ADDRESS)

static bool counts(uint32_t held)
{
	return held && !(held & (WEIR_HELD_OVER | WEIR_HELD_FREED));
}

static uint32_t word_of(const struct weir_image_limit *limit)
{
	return (limit->bucket + 1) | (limit->flags & WEIR_LIMIT_PER_IDENTITY ? WEIR_HELD_PER_IDENTITY : 0) |
	       (limit->flags & WEIR_LIMIT_PER_ADDRESS ? WEIR_HELD_PER_ADDRESS : 0);
}

/* Whose slot that is. */
static void source_of(uint32_t held, uint32_t identity, enum weir_direction opener, const struct flow_name *name,
		      struct weir_source_key *ret)
{
	*ret = (struct weir_source_key){ .bucket = (held & WEIR_HELD_BUCKET) - 1 };
	if (held & WEIR_HELD_PER_IDENTITY)
		ret->identity = identity;
	if (!(held & WEIR_HELD_PER_ADDRESS))
		return;
	ret->family = name->family;
	memcpy(ret->address, opener == WEIR_INGRESS ? name->remote : name->local, sizeof(ret->address));
}

static unsigned open_of(const struct model *m, const struct weir_source_key *source)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->seen.n_flows; i++) {
		const struct observed_flow *of = &m->seen.flows[i];

		for (unsigned k = 0; k < WEIR_FLOW_HELD; k++) {
			struct weir_source_key other;

			source_of(of->flow.held[k], of->flow.source, of->flow.opener, &of->name, &other);
			n += counts(of->flow.held[k]) && !memcmp(source, &other, sizeof(other));
		}
	}
	return n;
}

static void meet(struct model *m, const struct weir_source_key *source)
{
	for (unsigned i = 0; i < m->n_sources; i++) {
		if (!memcmp(&m->sources[i], source, sizeof(*source)))
			return;
	}
	if (m->n_sources < MODEL_SOURCES)
		m->sources[m->n_sources++] = *source;
	m->seen.tallies[WEIR_TALLY_SOURCES]++;
}

bool model_take_slot(struct model *m, const struct packet *p, struct question *asked,
		     const struct weir_image_limit *limit)
{
	const uint32_t word = word_of(limit);
	uint32_t *held = &asked->held[asked->held[0] ? 1 : 0];
	struct weir_source_key source;

	if (asked->of || !model_is_kept(p))
		return true;
	source_of(word, model_opener_identity(m, p, asked), asked->opener, &asked->name, &source);
	if (limit->flags & (WEIR_LIMIT_PER_IDENTITY | WEIR_LIMIT_PER_ADDRESS))
		meet(m, &source);
	else if (limit->bucket >= SETTING_BUCKETS)
		return false;
	if (open_of(m, &source) < limit->burst[0]) {
		*held = word;
		return true;
	}
	if (limit->flags & WEIR_LIMIT_AUDIT)
		*held = word | WEIR_HELD_OVER;
	return false;
}

void model_free_expired(struct model *m, const struct packet *p, const struct question *asked)
{
	for (enum weir_flow_table table = 0; table < WEIR_FLOW_TABLES; table++) {
		struct observed_flow *of = model_entry(m, &asked->name, table);

		if (of && model_has_expired(m, &of->flow))
			memset(of->flow.held, 0, sizeof(of->flow.held));
	}
}

/* What it was given for this limit goes on, unless the limit was only counted and now is enforced. */
static bool goes_on(uint32_t held, const struct weir_image_limit *limit)
{
	return (held & WHICH) == word_of(limit) && (!(held & WEIR_HELD_OVER) || limit->flags & WEIR_LIMIT_AUDIT);
}

void model_hold_again(struct model *m, const struct packet *p, const struct question *asked, uint32_t decision)
{
	const struct weir_image image = model_image(m);
	struct weir_flow *flow = &asked->of->flow;
	const bool same_source = flow->source == model_opener_identity(m, p, asked);
	uint32_t held[WEIR_FLOW_HELD] = {};
	unsigned n = 0;

	for (unsigned i = 0; i < weir_image_decision_at(&image, decision).n_limits; i++) {
		const struct weir_image_limit limit = weir_image_limit_at(&image, decision, i);

		if (limit.unit != WEIR_LIMIT_OPEN)
			continue;
		held[n] = word_of(&limit);
		for (unsigned k = 0; k < WEIR_FLOW_HELD; k++) {
			if (goes_on(flow->held[k], &limit) && (same_source || !(limit.flags & WEIR_LIMIT_PER_IDENTITY)))
				held[n] = flow->held[k];
		}
		n++;
	}
	memcpy(flow->held, held, sizeof(held));
}

static void meet_source_of(struct model *m, const struct observed_flow *of, unsigned k)
{
	struct weir_source_key source;

	source_of(of->flow.held[k], of->flow.source, of->flow.opener, &of->name, &source);
	meet(m, &source);
}

void model_settle(struct model *m)
{
	for (unsigned i = 0; i < m->seen.n_flows; i++) {
		struct weir_flow *flow = &m->seen.flows[i].flow;
		const bool over = flow->state == WEIR_FLOW_CLOSED || flow->state == WEIR_FLOW_TIME_WAIT ||
				  flow->flags & WEIR_FLOW_REVOKED;

		for (unsigned k = 0; k < WEIR_FLOW_HELD; k++) {
			if (over && counts(flow->held[k]))
				flow->held[k] |= WEIR_HELD_FREED;
			else if (!over && !(flow->held[k] & WEIR_HELD_OVER))
				flow->held[k] &= ~WEIR_HELD_FREED;
			if (counts(flow->held[k]) && flow->held[k] & (WEIR_HELD_PER_IDENTITY | WEIR_HELD_PER_ADDRESS))
				meet_source_of(m, &m->seen.flows[i], k);
		}
	}
}
