// SPDX-License-Identifier: BSD-2-Clause
#include "policy/diff.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "policy/port_atoms.h"
#include "policy/representatives.h"

#define NOT_THERE UINT32_MAX
#define SIDES	  2 /* before and after */

/* All that the two images can know of an end. */
struct view_key {
	uint32_t subject[SIDES]; /* NOT_THERE: no pod */
	uint32_t peer[SIDES][WEIR_FAMILIES];
};

struct group {
	struct view_key key;
	struct diff_end example;
};

struct comparison {
	const struct policy_view *views[SIDES];
	struct weir_image images[SIDES];
	struct interner keys;
	VEC(struct group) groups;
	struct port_atoms atoms;
	const struct diff_limits *limits;
	struct timespec begun;
	struct diff *diff;
};

static void comparison_free(struct comparison *c)
{
	interner_free(&c->keys);
	vec_free(&c->groups);
	port_atoms_free(&c->atoms);
}

static bool time_is_up(const struct comparison *c)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - c->begun.tv_sec) * 1000 + (now.tv_nsec - c->begun.tv_nsec) / 1000000 > c->limits->ms;
}

static uint32_t peer_class(const struct comparison *c, int side, const struct addr *addr)
{
	const struct address_owner *owner = compiled_owner(c->views[side]->compiled, addr);

	return weir_image_peer_class(&c->images[side], owner ? owner->identity : (uint32_t)WEIR_IDENTITY_WORLD,
				     addr->family, addr->bytes);
}

static void add_end(struct comparison *c, const struct view_key *key, const struct object *pod, const struct addr *addr)
{
	const uint32_t number = intern(&c->keys, key, sizeof(*key));
	struct group *group;

	if (number == c->groups.n)
		vec_push(&c->groups, (struct group){ .key = *key, .example = { .pod = pod, .addr = *addr } });
	group = &c->groups.items[number];
	group->example.n_alike++;
}

static struct view_key nowhere(void)
{
	struct view_key key;

	memset(&key, 0xff, sizeof(key));
	return key;
}

/* Pods on the host's network are addresses here, as they are to policy. */
static bool is_ordinary(const struct object *pod)
{
	return pod && !pod->pod.host_network;
}

static void add_pods(struct comparison *c)
{
	const struct world *worlds[SIDES] = { c->views[0]->world, c->views[1]->world };

	for (size_t i = 0; i < worlds[1]->pods.n; i++) {
		const struct object *after = worlds[1]->pods.items[i];
		const struct object *pods[SIDES] = { world_pod(worlds[0], after->namespace, after->name), after };
		struct view_key key = nowhere();
		uint32_t identity;

		if (!is_ordinary(after))
			continue;
		if (!is_ordinary(pods[0])) {
			c->diff->n_pods_added++;
			continue;
		}
		for (int side = 0; side < SIDES; side++) {
			if (compiled_pod_identity(c->views[side]->compiled, pods[side], &identity) == 0)
				key.subject[side] = weir_image_subject_class(&c->images[side], identity);
			vec_for_each (addr, &pods[side]->pod.addrs)
				key.peer[side][addr->family] = peer_class(c, side, addr);
		}
		add_end(c, &key, after, after->pod.addrs.n ? &after->pod.addrs.items[0] : &(struct addr){});
	}
	for (size_t i = 0; i < worlds[0]->pods.n; i++) {
		const struct object *pod = worlds[0]->pods.items[i];

		if (is_ordinary(pod) && !is_ordinary(world_pod(worlds[1], pod->namespace, pod->name)))
			c->diff->n_pods_removed++;
	}
}

static void add_addresses(struct comparison *c)
{
	_cleanup_(representatives_free) struct representatives found = {};

	for (int side = 0; side < SIDES; side++)
		representatives_add(&found, c->views[side]->world);
	representatives_finish(&found);
	vec_for_each (addr, &found.addrs) {
		struct view_key key = nowhere();

		if (world_pod_by_addr(c->views[0]->world, addr) || world_pod_by_addr(c->views[1]->world, addr))
			continue;
		for (int side = 0; side < SIDES; side++)
			key.peer[side][addr->family] = peer_class(c, side, addr);
		add_end(c, &key, NULL, addr);
	}
}

static bool passes(const struct weir_image *image, uint32_t subject, enum weir_direction direction, uint32_t peer,
		   uint32_t port)
{
	const uint32_t cell = weir_image_cell(image, subject, direction, peer, port);
	const struct weir_image_decision decision = weir_image_decision_at(image, cell);

	return decision.verdict == WEIR_VERDICT_PASS || decision.flags & WEIR_DECISION_AUDIT;
}

static bool is_allowed(const struct comparison *c, int side, const struct group *from, const struct group *to,
		       enum weir_family family, uint32_t port)
{
	const struct view_key *a = &from->key, *b = &to->key;
	const struct weir_image *image = &c->images[side];

	return (!from->example.pod || passes(image, a->subject[side], WEIR_EGRESS, b->peer[side][family], port)) &&
	       (!to->example.pod || passes(image, b->subject[side], WEIR_INGRESS, a->peer[side][family], port));
}

static bool can_meet(const struct group *from, const struct group *to, enum weir_family family)
{
	for (int side = 0; side < SIDES; side++) {
		if (from->key.peer[side][family] == NOT_THERE || to->key.peer[side][family] == NOT_THERE)
			return false;
	}
	return true;
}

/* One row for what becomes allowed, one for what becomes denied. */
static void compare_pair(struct comparison *c, const struct group *from, const struct group *to, bool *changed[SIDES])
{
	bool any[SIDES] = {};

	for (int allowed = 0; allowed < SIDES; allowed++)
		memset(changed[allowed], 0, c->atoms.list.n * sizeof(**changed));
	for (int family = 0; family < WEIR_FAMILIES; family++) {
		for (size_t i = 0; can_meet(from, to, family) && i < c->atoms.list.n; i++) {
			const uint32_t *port = c->atoms.list.items[i].class;
			const bool before = is_allowed(c, 0, from, to, family, port[0]);
			const bool after = is_allowed(c, 1, from, to, family, port[1]);

			if (before != after)
				any[after] = changed[after][i] = true;
		}
	}
	for (int allowed = 0; allowed < SIDES; allowed++) {
		if (any[allowed] && c->diff->rows.n < c->limits->rows)
			vec_push(&c->diff->rows, (struct diff_row){
							 .from = from->example,
							 .to = to->example,
							 .allowed = allowed,
							 .ports = port_atoms_format(&c->atoms, changed[allowed]),
						 });
		else
			c->diff->n_more += any[allowed];
	}
}

static void compare(struct comparison *c)
{
	_cleanup_free_ bool *flags = xcalloc(SIDES * c->atoms.list.n + 1, sizeof(*flags));
	bool *changed[SIDES] = { flags, flags + c->atoms.list.n };

	vec_for_each (from, &c->groups) {
		if (time_is_up(c))
			return;
		vec_for_each (to, &c->groups) {
			if (!from->example.pod && !to->example.pod)
				continue;
			/* A pod alone in its group would be talking to itself, which nobody stops. */
			if (from != to || from->example.n_alike > 1)
				compare_pair(c, from, to, changed);
		}
	}
	c->diff->complete = true;
}

void diff_policies(const struct policy_view *before, const struct policy_view *after, const struct diff_limits *limits,
		   struct diff *ret)
{
	_cleanup_(comparison_free) struct comparison c = {
		.views = { before, after },
		.images = { compiled_image(before->compiled), compiled_image(after->compiled) },
		.limits = limits,
		.diff = ret,
	};

	*ret = (struct diff){};
	clock_gettime(CLOCK_MONOTONIC, &c.begun);
	port_atoms_build(&c.atoms, c.images);
	add_pods(&c);
	add_addresses(&c);
	compare(&c);
}

void diff_free(struct diff *diff)
{
	vec_for_each (row, &diff->rows)
		free(row->ports);
	vec_free(&diff->rows);
}
