// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fragments (RFC 791 section 3.2, RFC 8200 section 4.5): later ones follow
 * their first. None overlaps what has come before (RFC 5722), nor reaches into
 * a transport header (RFC 1858, RFC 3128).
 */
#include <arpa/inet.h>
#include <string.h>

#include "fuzz/model_packet.h"

#define HEADER_UNITS 3u /* of TCP without options, and of SCTP's first chunk */
#define SAME_TICKS   2u /* so soon the identification isn't used again */

static void name_fragment(const struct packet *p, struct weir_fragment_key *ret)
{
	*ret = (struct weir_fragment_key){
		.id = p->fragment_id,
		.ifindex = setting_ifindex(p->pod),
		.family = p->family,
		.direction = p->direction,
		.protocol = p->family == WEIR_IPV4 ? p->protocol : 0,
	};
	memcpy(ret->source, p->source, sizeof(ret->source));
	memcpy(ret->destination, p->destination, sizeof(ret->destination));
}

static struct observed_fragment *entry(struct model *m, const struct packet *p)
{
	struct weir_fragment_key key;

	name_fragment(p, &key);
	for (unsigned i = 0; i < m->seen.n_fragments; i++) {
		if (!memcmp(&m->seen.fragments[i].key, &key, sizeof(key)))
			return &m->seen.fragments[i];
	}
	return NULL;
}

/*
 * What has come is [0, head) and [tail, tail_end); a third piece is not kept
 * account of. False: this one overlaps, or brings nothing.
 */
static bool add(struct weir_fragment *first, uint16_t from, uint16_t to)
{
	const bool has_tail = first->tail;

	if (from >= to || from < first->head)
		return false;
	if (has_tail && from < first->tail_end && first->tail < to)
		return false;
	if (from == first->head) {
		first->head = to;
	} else if (!has_tail) {
		first->tail = from;
		first->tail_end = to;
	} else if (from == first->tail_end) {
		first->tail_end = to;
	} else if (to == first->tail) {
		first->tail = from;
	}
	if (first->tail && first->tail == first->head) {
		first->head = first->tail_end;
		first->tail = 0;
	}
	return true;
}

enum weir_reason model_follow_first(struct model *m, struct packet *p)
{
	struct observed_fragment *of;

	if (p->from < HEADER_UNITS && (p->protocol == IPPROTO_TCP || p->protocol == IPPROTO_SCTP))
		return WEIR_REASON_FRAGMENT_TINY;
	of = entry(m, p);
	if (!of || m->now - of->first.seen > m->control.fragment_timeout) {
		p->orphan = true;
		return WEIR_REASON_NONE;
	}
	if (!add(&of->first, p->from, p->to))
		return WEIR_REASON_FRAGMENT_OVERLAP;
	p->protocol = of->first.protocol;
	p->ports = model_ports_of(p->protocol);
	p->source_port = ntohs(of->first.source_port);
	p->destination_port = ntohs(of->first.dest_port);
	if (p->last)
		of->first.total = p->to;
	if (of->first.total && of->first.head == of->first.total)
		*of = m->seen.fragments[--m->seen.n_fragments];
	return WEIR_REASON_NONE;
}

enum weir_reason model_check_first(struct model *m, const struct packet *p)
{
	const struct observed_fragment *of = entry(m, p);

	return of && m->now - of->first.seen <= SAME_TICKS ? WEIR_REASON_FRAGMENT_OVERLAP : WEIR_REASON_NONE;
}

void model_remember_first(struct model *m, const struct packet *p)
{
	struct observed_fragment *of;

	if (!p->fragment || p->later)
		return;
	of = entry(m, p) ?: &m->seen.fragments[m->seen.n_fragments++];
	name_fragment(p, &of->key);
	of->first = (struct weir_fragment){
		.source_port = htons(p->source_port),
		.dest_port = htons(p->destination_port),
		.protocol = p->protocol,
		.seen = m->now,
		.head = p->to,
	};
	m->seen.tallies[WEIR_TALLY_FRAGMENTED]++;
}
