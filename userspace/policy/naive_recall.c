// SPDX-License-Identifier: BSD-2-Clause
#include "policy/naive_recall.h"

#include "base/mem.h"
#include "policy/naive_match.h"

static bool same_end(const struct naive_end *a, const struct naive_end *b)
{
	return a->pod == b->pod && a->has_addr == b->has_addr &&
	       (!a->has_addr || addr_compare(&a->addr, &b->addr) == 0);
}

void recall_pair(struct recollection *recalled, const struct naive_probe *probe, enum weir_direction direction)
{
	const struct object *subject = direction == WEIR_INGRESS ? probe->to.pod : probe->from.pod;
	const struct naive_end *peer = direction == WEIR_INGRESS ? &probe->from : &probe->to;

	if (recalled->subject == subject && recalled->direction == direction && same_end(&recalled->peer, peer))
		return;
	recalled->subject = subject;
	recalled->peer = *peer;
	recalled->direction = direction;
	recalled->own_node = NOT_ASKED;
	recalled->rules.n = 0;
}

bool recall_own_node(const struct world *world, struct recollection *recalled)
{
	if (recalled->own_node == NOT_ASKED)
		recalled->own_node = naive_is_own_node(world, recalled->subject, &recalled->peer) ? YES : NO;
	return recalled->own_node == YES;
}

/* Ports first: they are compared faster than labels. */
bool recall_matches(const struct world *world, const struct naive_probe *probe, const struct naive_rule *rule,
		    size_t place, struct recollection *recalled)
{
	uint8_t *said;

	if (!naive_ports_match(rule->rule, probe))
		return false;
	while (recalled->rules.n <= place)
		vec_push(&recalled->rules, (uint8_t)NOT_ASKED);
	said = &recalled->rules.items[place];
	if (*said == NOT_ASKED)
		*said = naive_peers_match(world, rule->policy, rule->rule, &recalled->peer) ? YES : NO;
	return *said == YES;
}
