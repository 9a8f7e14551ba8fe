// SPDX-License-Identifier: BSD-2-Clause
#include "agent/finder.h"

#include <string.h>
#include <time.h>

#include "agent/attachments.h"
#include "agent/uplinks.h"
#include "base/mem.h"

#define MS_PER_SECOND 1000u
#define NS_PER_MS     1000000u

struct seeker {
	char *namespace, *pod;
	addr_list addrs;
	uint64_t since; /* ms */
	bool is_new;	/* nobody has looked for it yet */
	sightings seen; /* of its addresses, as of the last look for it */
	struct sought result;
};

typedef VEC(struct seeker) seeker_list;

struct finder {
	struct whereabouts *whereabouts;
	seeker_list seekers; /* sorted as endpoints are */
	sightings behind;    /* what the other ends of nobody's interfaces have, as of the last look */
	uint64_t looked;     /* ms, last for those that were not new */
	uint64_t wait;
	bool hinted;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * MS_PER_SECOND + (uint64_t)now.tv_nsec / NS_PER_MS;
}

int finder_open(struct finder **ret, struct error *error)
{
	struct whereabouts *whereabouts;
	int r = whereabouts_open(&whereabouts, error);

	if (r < 0)
		return r;
	*ret = new0(struct finder);
	(*ret)->whereabouts = whereabouts;
	(*ret)->wait = FINDER_WAIT_MS;
	return 0;
}

static void seeker_free(struct seeker *seeker)
{
	free(seeker->namespace);
	free(seeker->pod);
	vec_free(&seeker->addrs);
	vec_free(&seeker->seen);
}

void finder_close(struct finder *finder)
{
	if (!finder)
		return;
	vec_for_each (seeker, &finder->seekers)
		seeker_free(seeker);
	vec_free(&finder->seekers);
	vec_free(&finder->behind);
	whereabouts_close(finder->whereabouts);
	free(finder);
}

/* --- who is sought ----------------------------------------------------------- */

static int compare_names(const void *key, const void *item)
{
	const struct endpoint *endpoint = key;
	const struct seeker *seeker = item;

	return strcmp(endpoint->namespace, seeker->namespace) ?: strcmp(endpoint->pod, seeker->pod);
}

static struct seeker new_seeker(const struct endpoint *endpoint)
{
	struct seeker seeker = {
		.namespace = xstrdup(endpoint->namespace),
		.pod = xstrdup(endpoint->pod),
		.since = now_ms(),
		.is_new = true,
	};

	vec_for_each (addr, &endpoint->addrs)
		vec_push(&seeker.addrs, *addr);
	return seeker;
}

/* Both lists are sorted alike. A pod whose addresses are others is another one, as far as interfaces go. */
static void take_list(struct finder *finder, const endpoint_list *list)
{
	seeker_list now = {}, *before = &finder->seekers;
	size_t at = 0;

	vec_for_each (endpoint, list) {
		if (endpoint->is_named)
			continue;
		while (at < before->n && compare_names(endpoint, &before->items[at]) > 0)
			seeker_free(&before->items[at++]);
		if (at < before->n && compare_names(endpoint, &before->items[at]) == 0 &&
		    addr_lists_equal(&before->items[at].addrs, &endpoint->addrs)) {
			vec_push(&now, before->items[at++]);
			continue;
		}
		vec_push(&now, new_seeker(endpoint));
		finder->wait = FINDER_WAIT_MS;
	}
	while (at < before->n)
		seeker_free(&before->items[at++]);
	vec_free(before);
	*before = now;
}

/* --- one pass ---------------------------------------------------------------- */

struct pass {
	struct finder *finder;
	const struct endpoints *endpoints;
	link_infos candidates;
	ifindexes
		taken; /* by pods whose interfaces are named, or that the CNI plugin has told of before the API does */
};

static const struct link_info *candidate(const struct pass *pass, uint32_t ifindex)
{
	vec_for_each (link, &pass->candidates) {
		if (link->ifindex == ifindex)
			return link;
	}
	return NULL;
}

static void list_candidates(struct pass *pass)
{
	link_infos links = {};

	links_list(pass->endpoints->links, &links);
	vec_for_each (link, &links) {
		if (link->is_veth && link->peer_elsewhere && !uplinks_named(pass->endpoints->config, link->name))
			vec_push(&pass->candidates, *link);
	}
	vec_free(&links);
	for (const struct port *port = pass->endpoints->ports; port; port = port->hh.next) {
		if (port->endpoint)
			vec_push(&pass->taken, port->ifindex);
	}
	if (!pass->endpoints->attachments)
		return;
	vec_for_each (attachment, &pass->endpoints->attachments->list)
		vec_push(&pass->taken, attachment->ifindex);
}

static void forget_gone(const struct pass *pass)
{
	vec_for_each (seeker, &pass->finder->seekers) {
		if (seeker->result.match != MATCH_FOUND || candidate(pass, seeker->result.ifindex))
			continue;
		seeker->result.match = MATCH_NOWHERE;
		seeker->since = now_ms();
		seeker->is_new = true;
	}
}

/* What an earlier agent has left in the kernel and this one has not yet attached to. */
static void add_kept(const struct pass *pass, const struct endpoint *endpoint, struct seeker *seeker)
{
	for (const struct port *port = pass->endpoints->ports; port; port = port->hh.next) {
		if (!port->has_identity || port->attached || port->entry.identity != endpoint->identity)
			continue;
		vec_for_each (addr, &seeker->addrs) {
			const void *kept =
				addr->family == WEIR_IPV4 ? (const void *)&port->entry.ipv4 : port->entry.ipv6;

			if (memcmp(kept, addr->bytes, addr_bits(addr->family) / 8) == 0)
				vec_push(&seeker->seen, (struct sighting){ *addr, port->ifindex, FOUND_KEPT });
		}
	}
}

/* True when that is not all there is to know: who has a route for it needs no other evidence. */
static bool look_for(const struct pass *pass, const struct endpoint *endpoint, struct seeker *seeker)
{
	bool routed = false;

	seeker->seen.n = 0;
	vec_for_each (addr, &seeker->addrs)
		whereabouts_of(pass->finder->whereabouts, addr, &seeker->seen);
	if (seeker->is_new)
		add_kept(pass, endpoint, seeker);
	seeker->is_new = false;
	vec_for_each (sighting, &seeker->seen)
		routed |= sighting->how == FOUND_ROUTE && candidate(pass, sighting->ifindex);
	return !routed;
}

static bool is_owned(const struct pass *pass, uint32_t ifindex)
{
	vec_for_each (taken, &pass->taken) {
		if (*taken == ifindex)
			return true;
	}
	vec_for_each (seeker, &pass->finder->seekers) {
		if (seeker->result.match == MATCH_FOUND && seeker->result.ifindex == ifindex)
			return true;
	}
	return false;
}

static void look_behind(const struct pass *pass)
{
	pass->finder->behind.n = 0;
	vec_for_each (link, &pass->candidates) {
		if (!is_owned(pass, link->ifindex))
			whereabouts_behind(pass->finder->whereabouts, link->ifindex, &pass->finder->behind);
	}
}

/* Who is new is looked for at once, the others where it is time. */
static void look(const struct pass *pass)
{
	struct finder *finder = pass->finder;
	const bool all = finder_seeks(finder) && finder_wait_ms(finder) == 0;
	struct seeker *seeker = finder->seekers.items;
	bool behind = false;

	vec_for_each (endpoint, &pass->endpoints->list) {
		if (endpoint->is_named)
			continue;
		if (seeker->result.match != MATCH_FOUND && (all || seeker->is_new))
			behind |= look_for(pass, endpoint, seeker);
		seeker++;
	}
	if (behind)
		look_behind(pass);
	if (!all)
		return;
	if (!finder->hinted)
		finder->wait = finder->wait * 2 < FINDER_WAIT_MS_MAX ? finder->wait * 2 : FINDER_WAIT_MS_MAX;
	finder->hinted = false;
	finder->looked = now_ms();
}

/* What a pod was found by stays with it: its own interface is not looked behind again. */
static void remember(struct seeker *seeker, const sightings *behind)
{
	vec_for_each (sighting, behind) {
		if (sighting->ifindex != seeker->result.ifindex)
			continue;
		vec_for_each (addr, &seeker->addrs) {
			if (addr_compare(addr, &sighting->addr) == 0)
				vec_push(&seeker->seen, *sighting);
		}
	}
}

static void add_present(const struct pass *pass, const sightings *from, sightings *to)
{
	vec_for_each (sighting, from) {
		if (candidate(pass, sighting->ifindex))
			vec_push(to, *sighting);
	}
}

static void resolve(const struct pass *pass)
{
	struct finder *finder = pass->finder;
	sought_list list = {};
	sightings seen = {};

	add_present(pass, &finder->behind, &seen);
	vec_for_each (seeker, &finder->seekers) {
		seeker->result.addrs = &seeker->addrs;
		vec_push(&list, seeker->result);
		add_present(pass, &seeker->seen, &seen);
	}
	matching_resolve(&list, &seen, &pass->taken);
	for (size_t i = 0; i < list.n; i++) {
		struct seeker *seeker = &finder->seekers.items[i];
		const bool had = seeker->result.match == MATCH_FOUND;

		seeker->result = list.items[i];
		if (!had && seeker->result.match == MATCH_FOUND)
			remember(seeker, &finder->behind);
		else if (had && seeker->result.match != MATCH_FOUND)
			seeker->since = now_ms();
	}
	vec_free(&list);
	vec_free(&seen);
}

static void tell(const struct pass *pass, endpoint_list *list)
{
	const struct seeker *seeker = pass->finder->seekers.items;

	vec_for_each (endpoint, list) {
		if (endpoint->is_named)
			continue;
		free(endpoint->interface);
		endpoint->interface = NULL;
		endpoint->search = (struct search){ seeker->result.match, seeker->result.ifindex, seeker->result.rival,
						    now_ms() - seeker->since > FINDER_PATIENCE_MS };
		if (seeker->result.match == MATCH_FOUND) {
			endpoint->interface = xstrdup(candidate(pass, seeker->result.ifindex)->name);
			endpoint->found = seeker->result.how;
		}
		seeker++;
	}
}

void finder_run(struct finder *finder, struct endpoints *endpoints)
{
	struct pass pass = { .finder = finder, .endpoints = endpoints };

	take_list(finder, &endpoints->list);
	if (finder->seekers.n) {
		list_candidates(&pass);
		forget_gone(&pass);
		look(&pass);
		resolve(&pass);
		tell(&pass, &endpoints->list);
	}
	vec_free(&pass.candidates);
	vec_free(&pass.taken);
}

/* --- when -------------------------------------------------------------------- */

void finder_hint(struct finder *finder)
{
	finder->hinted = true;
}

/* A pod none of whose addresses counts as its own can't be found by them. */
bool finder_seeks(const struct finder *finder)
{
	vec_for_each (seeker, &finder->seekers) {
		if (seeker->result.match != MATCH_FOUND && seeker->addrs.n)
			return true;
	}
	return false;
}

uint64_t finder_wait_ms(const struct finder *finder)
{
	const uint64_t due = finder->looked + (finder->hinted ? FINDER_GAP_MS : finder->wait), now = now_ms();

	return due > now ? due - now : 0;
}

static bool is_sought(void *data, const struct addr *addr)
{
	const struct finder *finder = data;

	vec_for_each (seeker, &finder->seekers) {
		vec_for_each (own, &seeker->addrs) {
			if (seeker->result.match != MATCH_FOUND && addr_compare(own, addr) == 0)
				return true;
		}
	}
	return false;
}

int finder_fd(const struct finder *finder)
{
	return whereabouts_fd(finder->whereabouts);
}

void finder_watch(struct finder *finder, bool on)
{
	whereabouts_watch(finder->whereabouts, on);
}

bool finder_dispatch(struct finder *finder)
{
	const bool news = whereabouts_dispatch(finder->whereabouts, is_sought, finder);

	finder->hinted |= news;
	return news;
}
