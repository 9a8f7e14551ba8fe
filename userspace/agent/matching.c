// SPDX-License-Identifier: BSD-2-Clause
#include "agent/matching.h"

#include <stdlib.h>

#include "base/mem.h"

/* How much a sighting is worth. */
enum rank { RANK_NONE, RANK_KEPT, RANK_TOLD, RANK_PEER, RANK_ROUTE };

struct matching {
	sought_list *list;
	const sightings *seen;
	const ifindexes *taken;
};

static enum rank rank_of(enum interface_found how)
{
	switch (how) {
	case FOUND_ROUTE:
		return RANK_ROUTE;
	case FOUND_PEER:
		return RANK_PEER;
	case FOUND_BRIDGE:
	case FOUND_NEIGHBOUR:
		return RANK_TOLD;
	default:
		return RANK_KEPT;
	}
}

static int compare_addresses(const void *a, const void *b)
{
	return addr_compare(&((const struct sighting *)a)->addr, &((const struct sighting *)b)->addr);
}

/* One sighting of an address after the other. */
static const struct sighting *next_of(const struct matching *matching, const struct addr *addr,
				      const struct sighting *after)
{
	const struct sighting key = { .addr = *addr };
	const struct sighting *end;

	if (!matching->seen->n)
		return NULL;
	end = matching->seen->items + matching->seen->n;
	after = after ? after + 1 : &matching->seen->items[vec_lower_bound(matching->seen, &key, compare_addresses)];
	return after < end && addr_compare(&after->addr, addr) == 0 ? after : NULL;
}

#define for_each_sighting(it, matching, addr) \
	for (const struct sighting *it = next_of(matching, addr, NULL); it; it = next_of(matching, addr, it))

static bool is_taken(const struct matching *matching, const struct sought *by_other_than, uint32_t ifindex)
{
	vec_for_each (taken, matching->taken) {
		if (*taken == ifindex)
			return true;
	}
	vec_for_each (sought, matching->list) {
		if (sought != by_other_than && sought->match == MATCH_FOUND && sought->ifindex == ifindex)
			return true;
	}
	return false;
}

static bool shows_addresses(const struct matching *matching, uint32_t ifindex)
{
	vec_for_each (sighting, matching->seen) {
		if (sighting->how == FOUND_PEER && sighting->ifindex == ifindex)
			return true;
	}
	return false;
}

static bool counts(const struct matching *matching, const struct sought *sought, const struct sighting *sighting)
{
	const enum rank rank = rank_of(sighting->how);

	if (rank == RANK_ROUTE)
		return true;
	if (is_taken(matching, sought, sighting->ifindex))
		return false;
	return rank == RANK_PEER || !shows_addresses(matching, sighting->ifindex);
}

static enum rank best_rank(const struct matching *matching, const struct sought *sought, const struct addr *addr)
{
	enum rank best = RANK_NONE;

	for_each_sighting(sighting, matching, addr)
	{
		if (rank_of(sighting->how) > best && counts(matching, sought, sighting))
			best = rank_of(sighting->how);
	}
	return best;
}

/* What the best sightings of one address say, into what is said already. False when it contradicts that. */
static bool agrees(const struct matching *matching, struct sought *sought, const struct addr *addr, bool may_choose)
{
	const enum rank rank = best_rank(matching, sought, addr);
	bool seen_there = rank == RANK_NONE;

	for_each_sighting(sighting, matching, addr)
	{
		if (rank_of(sighting->how) != rank || !counts(matching, sought, sighting))
			continue;
		if (may_choose && !sought->ifindex) {
			sought->ifindex = sighting->ifindex;
			sought->how = sighting->how;
		}
		if (sighting->ifindex == sought->ifindex)
			seen_there = true;
		else
			sought->rival = sighting->ifindex;
		if (may_choose && sought->rival)
			return false;
	}
	return seen_there;
}

/* The addresses that are known best choose; the others must not contradict. */
static enum match propose(const struct matching *matching, struct sought *sought)
{
	enum rank best = RANK_NONE;

	sought->ifindex = sought->rival = 0;
	vec_for_each (addr, sought->addrs) {
		const enum rank rank = best_rank(matching, sought, addr);

		best = rank > best ? rank : best;
	}
	if (best == RANK_NONE)
		return MATCH_NOWHERE;
	for (int chooses = 1; chooses >= 0; chooses--) {
		vec_for_each (addr, sought->addrs) {
			if ((best_rank(matching, sought, addr) == best) == chooses &&
			    !agrees(matching, sought, addr, chooses))
				return MATCH_SEVERAL;
		}
	}
	return is_taken(matching, sought, sought->ifindex) ? MATCH_TAKEN : MATCH_FOUND;
}

/* What it had, it has until something as good says otherwise. */
static bool is_contradicted(const struct matching *matching, const struct sought *sought)
{
	vec_for_each (addr, sought->addrs) {
		for_each_sighting(sighting, matching, addr)
		{
			if (sighting->ifindex != sought->ifindex && rank_of(sighting->how) >= rank_of(sought->how) &&
			    counts(matching, sought, sighting))
				return true;
		}
	}
	return false;
}

/* One that is known less well has to give way. */
static bool is_shared(const struct matching *matching, const struct sought *sought, const enum match *proposed)
{
	vec_for_each (other, matching->list) {
		if (other != sought && proposed[other - matching->list->items] == MATCH_FOUND &&
		    other->ifindex == sought->ifindex && rank_of(other->how) >= rank_of(sought->how))
			return true;
	}
	return false;
}

/* All propose before any is given what it proposes, so that the order is no advantage. True when one was. */
static bool run_round(const struct matching *matching, enum match *proposed)
{
	bool progress = false;

	vec_for_each (sought, matching->list) {
		const size_t at = (size_t)(sought - matching->list->items);

		proposed[at] = sought->match == MATCH_FOUND ? MATCH_NOWHERE : propose(matching, sought);
	}
	vec_for_each (sought, matching->list) {
		const enum match match = proposed[sought - matching->list->items];

		if (sought->match == MATCH_FOUND)
			continue;
		sought->match = match != MATCH_FOUND			? match
				: is_shared(matching, sought, proposed) ? MATCH_SHARED
									: MATCH_FOUND;
		progress |= sought->match == MATCH_FOUND;
	}
	return progress;
}

void matching_resolve(sought_list *list, sightings *seen, const ifindexes *taken)
{
	const struct matching matching = { list, seen, taken };
	_cleanup_free_ enum match *proposed = xcalloc(list->n + 1, sizeof(*proposed));

	if (seen->n)
		qsort(seen->items, seen->n, sizeof(*seen->items), compare_addresses);
	vec_for_each (sought, list)
		proposed[sought - list->items] = sought->match == MATCH_FOUND && is_contradicted(&matching, sought);
	vec_for_each (sought, list) {
		if (proposed[sought - list->items])
			sought->match = MATCH_NOWHERE;
	}
	while (run_round(&matching, proposed))
		;
}
