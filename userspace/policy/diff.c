// SPDX-License-Identifier: BSD-2-Clause
#include "policy/diff.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "policy/port_atoms.h"
#include "policy/representatives.h"

#define NOT_THERE UINT32_MAX

/* All that the two images can know of an end. */
struct view_key {
	uint32_t subject[DIFF_SIDES]; /* NOT_THERE: no pod */
	uint32_t peer[DIFF_SIDES][WEIR_FAMILIES];
};

struct group {
	struct view_key key;
	struct diff_end example;
};

struct comparison {
	const struct policy_view *views[DIFF_SIDES];
	struct weir_image images[DIFF_SIDES];
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
	const struct world *worlds[DIFF_SIDES] = { c->views[0]->world, c->views[1]->world };

	for (size_t i = 0; i < worlds[1]->pods.n; i++) {
		const struct object *after = worlds[1]->pods.items[i];
		const struct object *pods[DIFF_SIDES] = { world_pod(worlds[0], after->namespace, after->name), after };
		struct view_key key = nowhere();
		uint32_t identity;

		if (!is_ordinary(after))
			continue;
		if (!is_ordinary(pods[0])) {
			c->diff->n_pods_added++;
			continue;
		}
		for (int side = 0; side < DIFF_SIDES; side++) {
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

	for (int side = 0; side < DIFF_SIDES; side++)
		representatives_add(&found, c->views[side]->world);
	representatives_finish(&found);
	vec_for_each (addr, &found.addrs) {
		struct view_key key = nowhere();

		if (world_pod_by_addr(c->views[0]->world, addr) || world_pod_by_addr(c->views[1]->world, addr))
			continue;
		for (int side = 0; side < DIFF_SIDES; side++)
			key.peer[side][addr->family] = peer_class(c, side, addr);
		add_end(c, &key, NULL, addr);
	}
}

const char *diff_verdict_name(enum diff_verdict verdict)
{
	static const char *const names[DIFF_VERDICTS] = { "deny", "audit", "allow" };

	return names[verdict];
}

/* A connection as one of the images knows it. */
struct connection {
	const struct group *from, *to;
	enum weir_family family;
	uint32_t port; /* class */
};

/* The record that one end's policies have for it. An end that is no pod has none. */
static bool find_record(const struct comparison *c, int side, const struct connection *connection,
			enum weir_direction direction, uint32_t *ret)
{
	const bool out = direction == WEIR_EGRESS;
	const struct group *subject = out ? connection->from : connection->to;
	const struct group *peer = out ? connection->to : connection->from;

	if (!subject->example.pod)
		return false;
	*ret = weir_image_cell(&c->images[side], subject->key.subject[side], direction,
			       peer->key.peer[side][connection->family], connection->port);
	return true;
}

static enum diff_verdict record_verdict(const struct comparison *c, int side, uint32_t record)
{
	const struct weir_image_decision decision = weir_image_decision_at(&c->images[side], record);

	if (decision.verdict == WEIR_VERDICT_PASS)
		return DIFF_ALLOW;
	return decision.flags & WEIR_DECISION_AUDIT ? DIFF_AUDIT : DIFF_DENY;
}

static enum diff_verdict judge(const struct comparison *c, int side, const struct connection *connection)
{
	enum diff_verdict verdict = DIFF_ALLOW;

	for (int direction = 0; direction < WEIR_DIRECTIONS; direction++) {
		uint32_t record;

		if (!find_record(c, side, connection, direction, &record))
			continue;
		if (record_verdict(c, side, record) < verdict)
			verdict = record_verdict(c, side, record);
	}
	return verdict;
}

static bool can_meet(const struct group *from, const struct group *to, enum weir_family family)
{
	for (int side = 0; side < DIFF_SIDES; side++) {
		if (from->key.peer[side][family] == NOT_THERE || to->key.peer[side][family] == NOT_THERE)
			return false;
	}
	return true;
}

/* What becomes of some ports in the same way. */
struct change {
	bool *ports; /* by atom */
	bool any;
	struct ids records[DIFF_SIDES]; /* that decide; distinct when sorted */
};

/* By verdict before and after. */
struct changes {
	struct change of[DIFF_VERDICTS][DIFF_VERDICTS];
};

static void note_records(const struct comparison *c, int side, const struct connection *connection,
			 enum diff_verdict verdict, struct ids *records)
{
	for (int direction = 0; direction < WEIR_DIRECTIONS; direction++) {
		uint32_t record;

		if (find_record(c, side, connection, direction, &record) && record_verdict(c, side, record) == verdict)
			vec_push(records, record);
	}
}

static void compare_port(const struct comparison *c, const struct connection *connection, size_t atom,
			 struct changes *changes)
{
	enum diff_verdict verdict[DIFF_SIDES];
	struct connection seen = *connection;
	struct change *change;

	for (int side = 0; side < DIFF_SIDES; side++) {
		seen.port = c->atoms.list.items[atom].class[side];
		verdict[side] = judge(c, side, &seen);
	}
	if (verdict[DIFF_BEFORE] == verdict[DIFF_AFTER])
		return;
	change = &changes->of[verdict[DIFF_BEFORE]][verdict[DIFF_AFTER]];
	change->any = change->ports[atom] = true;
	for (int side = 0; side < DIFF_SIDES; side++) {
		seen.port = c->atoms.list.items[atom].class[side];
		note_records(c, side, &seen, verdict[side], &change->records[side]);
	}
}

static bool is_named(const struct diff_row *row, int side, const char *name)
{
	vec_for_each (known, &row->policies[side]) {
		if (strcmp(*known, name) == 0)
			return true;
	}
	return false;
}

static void name_policies(const struct comparison *c, int side, struct ids *records, struct diff_row *row)
{
	ids_sort(records);
	vec_for_each (record, records) {
		const struct decision_info *info = compiled_decision(c->views[side]->compiled, *record);

		for (size_t i = 0; info && i < info->rules.n; i++) {
			char *name = rule_ref_format(&info->rules.items[i], false);

			if (is_named(row, side, name))
				free(name);
			else
				vec_push(&row->policies[side], name);
		}
	}
}

static void add_row(struct comparison *c, const struct connection *connection, struct changes *changes, int before,
		    int after)
{
	struct change *change = &changes->of[before][after];
	struct diff_row row = { .from = connection->from->example,
				.to = connection->to->example,
				.verdict = { before, after } };

	if (c->diff->rows.n >= c->limits->rows) {
		c->diff->n_more++;
		return;
	}
	row.ports = port_atoms_format(&c->atoms, change->ports);
	for (int side = 0; side < DIFF_SIDES; side++)
		name_policies(c, side, &change->records[side], &row);
	vec_push(&c->diff->rows, row);
}

static void changes_clear(const struct comparison *c, struct changes *changes)
{
	for (int i = 0; i < DIFF_VERDICTS * DIFF_VERDICTS; i++) {
		struct change *change = &changes->of[i / DIFF_VERDICTS][i % DIFF_VERDICTS];

		if (change->any)
			memset(change->ports, 0, c->atoms.list.n * sizeof(*change->ports));
		change->any = false;
		for (int side = 0; side < DIFF_SIDES; side++)
			change->records[side].n = 0;
	}
}

/* One row for each way in which something changes between the two. */
static void compare_pair(struct comparison *c, const struct group *from, const struct group *to,
			 struct changes *changes)
{
	struct connection connection = { .from = from, .to = to };

	changes_clear(c, changes);
	for (connection.family = 0; connection.family < WEIR_FAMILIES; connection.family++) {
		for (size_t i = 0; can_meet(from, to, connection.family) && i < c->atoms.list.n; i++)
			compare_port(c, &connection, i, changes);
	}
	for (int before = 0; before < DIFF_VERDICTS; before++) {
		for (int after = 0; after < DIFF_VERDICTS; after++) {
			if (changes->of[before][after].any)
				add_row(c, &connection, changes, before, after);
		}
	}
}

static void changes_open(const struct comparison *c, struct changes *changes)
{
	for (int i = 0; i < DIFF_VERDICTS * DIFF_VERDICTS; i++)
		changes->of[i / DIFF_VERDICTS][i % DIFF_VERDICTS].ports = xcalloc(c->atoms.list.n + 1, sizeof(bool));
}

static void changes_free(struct changes *changes)
{
	for (int i = 0; i < DIFF_VERDICTS * DIFF_VERDICTS; i++) {
		struct change *change = &changes->of[i / DIFF_VERDICTS][i % DIFF_VERDICTS];

		free(change->ports);
		for (int side = 0; side < DIFF_SIDES; side++)
			vec_free(&change->records[side]);
	}
}

static void compare(struct comparison *c)
{
	_cleanup_(changes_free) struct changes changes = {};

	changes_open(c, &changes);
	vec_for_each (from, &c->groups) {
		if (time_is_up(c))
			return;
		vec_for_each (to, &c->groups) {
			if (!from->example.pod && !to->example.pod)
				continue;
			/* A pod alone in its group would be talking to itself, which nobody stops. */
			if (from != to || from->example.n_alike > 1)
				compare_pair(c, from, to, &changes);
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
	vec_for_each (row, &diff->rows) {
		free(row->ports);
		for (int side = 0; side < DIFF_SIDES; side++) {
			vec_for_each (name, &row->policies[side])
				free(*name);
			vec_free(&row->policies[side]);
		}
	}
	vec_free(&diff->rows);
}
