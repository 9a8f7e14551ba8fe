// SPDX-License-Identifier: BSD-2-Clause
/*
 * From one set of maps to another, under traffic. Which set an interface's
 * packets see follows from the programs that it has, so that each link, as it
 * is updated, takes its endpoint over, whose flows are nobody else's: at no
 * moment has a packet two programs, or none.
 *
 *   load     our programs, with maps that are shared or new; nothing else changes
 *   fill     new maps get what the others hold
 *   (here the agent compiles a policy, if the others' image is none that we can read)
 *   again    what has changed since
 *   move     the links and filters, one by one
 *   settle   what the others' programs have noted and charged up to their last packet
 *   commit   our set is the one in force; the others are removed
 *
 * Between `again` and `settle`, for the time that the moves take, a connection
 * may be opened that our set learns of at `settle` only. Until then its packets
 * are decided as those of any connection that nobody has seen the beginning of:
 * by policy. What is counted and charged meanwhile by the one is added to the
 * other at `settle` (debts.h).
 */
#include <net/if.h>
#include <string.h>

#include "datapath/carry.h"
#include "datapath/datapath_private.h"
#include "datapath/debts.h"
#include "datapath/fault.h"

bool upgrade_is_pending(const struct datapath *datapath)
{
	return datapath->formers.n;
}

/* --- carrying --- */

#define WITH_HASHES   0x1u
#define WITH_ARRAYS   0x2u
#define WITH_ACCOUNTS 0x4u
#define EVERYTHING    (WITH_HASHES | WITH_ARRAYS | WITH_ACCOUNTS)
#define TOLD	      0x8u

/* What policy has refused is remembered to save time, until the next generation: that is now. */
static bool is_asked_for(const struct weir_bpf *skeleton, const struct bpf_map *map, unsigned what)
{
	if (map == skeleton->maps.refusals)
		return false;
	if (map == skeleton->maps.pairs || map == skeleton->maps.accounts)
		return what & WITH_ACCOUNTS;
	if (bpf_map__type(map) == BPF_MAP_TYPE_HASH || bpf_map__type(map) == BPF_MAP_TYPE_LRU_HASH)
		return what & WITH_HASHES;
	return what & WITH_ARRAYS &&
	       (bpf_map__type(map) == BPF_MAP_TYPE_ARRAY || bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY);
}

/* Ours is new, no interface has its programs, and what it has is of that set alone. */
static bool is_unused(const struct datapath *datapath, const struct maps_dir *dir)
{
	return datapath->fresh && !datapath->mixed && !datapath->moving && dir == datapath->formers.items;
}

/* One map, from their set to ours or back. */
static int carry_map(const struct datapath *datapath, const struct maps_dir *dir, const struct bpf_map *map, bool back,
		     size_t *ret_n)
{
	const struct btf *layouts = bpf_object__btf(datapath->skeleton->obj);
	_cleanup_close_ int theirs = maps_dir_get(dir->path, pin_name(map));
	const int ours = bpf_map__fd(map);
	const struct carry there = { ours, theirs, pin_name(map), layouts, dir->layouts, false };
	const struct carry here = { theirs, ours, pin_name(map), dir->layouts, layouts, is_unused(datapath, dir) };

	return theirs < 0 ? theirs : carry(back ? &there : &here, ret_n);
}

static int carry_all(struct datapath *datapath, const struct maps_dir *dir, unsigned what, bool back)
{
	const struct weir_bpf *skeleton = datapath->skeleton;
	const struct bpf_map *map;

	if (!takeover_same_rows(dir, skeleton))
		what &= ~WITH_ACCOUNTS;
	bpf_object__for_each_map(map, skeleton->obj)
	{
		size_t n = 0;

		if (!pin_name(map) || !takeover_is_of_use(datapath, skeleton, map) ||
		    !is_asked_for(skeleton, map, what))
			continue;
		int r = carry_map(datapath, dir, map, back, &n);
		if (r < 0 && r != -ENOTSUP && r != -ENOENT)
			return r;
		if (r < 0 && what & TOLD)
			datapath_note(datapath, "map %s begins empty: %s can't be carried over", pin_name(map),
				      r == -ENOENT ? "there is none that" : "the one that is there");
		else if (n && what & TOLD)
			datapath_note(datapath, "map %s is a new one, with %zu entries of the one before",
				      pin_name(map), n);
		datapath->took_over |= n > 0;
	}
	return 0;
}

static int carry_from_all(struct datapath *datapath, unsigned what)
{
	int r = 0;

	vec_for_each (dir, &datapath->formers)
		r = r ?: carry_all(datapath, dir, what, false);
	return r;
}

/* --- the image --- */

static int carry_image(const struct datapath *datapath, const struct maps_dir *dir, struct error *error)
{
	const uint32_t capacity = datapath->config.image_words;
	int r = 0;

	for (enum weir_slot slot = 0; r == 0 && slot < WEIR_SLOTS; slot++) {
		_cleanup_close_ int images = maps_dir_get(dir->path, pin_name(datapath->skeleton->maps.images));
		const struct image_slot here = { datapath->maps, bpf_map__fd(datapath->skeleton->maps.images), slot };
		const struct image_slot there = { dir->path, images, slot };
		uint32_t words, revision;

		r = images < 0 ? images : image_running(&there, &words, &revision);
		if (r == 0 && words <= capacity)
			r = image_copy(&there, &here, capacity, error);
		if (r == -ENOENT && slot != WEIR_SLOT_ENFORCED)
			r = 0;
	}
	return r;
}

static uint32_t revision_of(const struct datapath *datapath, const struct maps_dir *dir)
{
	_cleanup_close_ int images = maps_dir_get(dir->path, pin_name(datapath->skeleton->maps.images));
	const struct image_slot slot = { dir->path, images, WEIR_SLOT_ENFORCED };

	return images < 0 ? 0 : image_revision(&slot);
}

static bool has_image(const struct datapath *datapath)
{
	const struct image_slot slot = { datapath->maps, bpf_map__fd(datapath->skeleton->maps.images),
					 WEIR_SLOT_ENFORCED };
	uint32_t words, revision;

	return image_running(&slot, &words, &revision) == 0;
}

int upgrade_fill(struct datapath *datapath, struct error *error)
{
	int r;

	if (!upgrade_is_pending(datapath))
		return 0;
	r = fault_at("fill") ?: carry_from_all(datapath, EVERYTHING | TOLD);
	if (r < 0)
		return error_set(error, r, "carry over what the maps in %s hold: %s", datapath->formers.items[0].path,
				 strerror(-r));
	if (has_image(datapath))
		return 0;
	r = carry_image(datapath, &datapath->formers.items[0], error);
	/* None, or one that only the other version can read: the agent compiles one that we can. */
	if (r == -EPROTO)
		datapath->revision_before = revision_of(datapath, &datapath->formers.items[0]);
	return r == -ENOENT || r == -EPROTO ? 0 : r;
}

/* --- moving --- */

struct move {
	const struct datapath *datapath;
	const struct program_set *set;
	bool back; /* goes on whatever fails */
	unsigned n;
	uint32_t at; /* the interface that failed */
};

static int move_interface(struct move *move, uint32_t ifindex)
{
	int r = move->n++ == 1 && !move->back ? fault_at("move") : 0;

	if (r == 0)
		r = programs_put(move->datapath, ifindex, move->set);
	if (r < 0)
		move->at = ifindex;
	return r;
}

static int move_all(struct move *move)
{
	int r = 0;

	vec_for_each (attachment, &move->datapath->attachments)
		if (r == 0 || move->back)
			r = move_interface(move, attachment->ifindex) ?: r;
	vec_for_each (uplink, &move->datapath->uplinks)
		if (r == 0 || move->back)
			r = move_interface(move, uplink->ifindex) ?: r;
	return r;
}

static int move_to_ours(struct datapath *datapath, struct error *error)
{
	const struct program_set ours = programs_of(datapath->skeleton);
	struct move move = { .datapath = datapath, .set = &ours };
	char name[IF_NAMESIZE] = "that is gone";
	int r = move_all(&move);

	if (r == 0)
		return 0;
	if_indextoname(move.at, name);
	return error_set(error, r, "put programs in the place of those of interface %s: %s", name, strerror(-r));
}

/*
 * The set that ours was made from runs everywhere again, with what ours has seen
 * of its flows, and was charged for them. Where it was to take in another that a crash has left, nothing
 * is put back: each interface has programs of one of them, and the next start
 * does the rest.
 */
static int move_back(struct datapath *datapath, const struct debts *debts, struct error *error)
{
	const struct maps_dir *before = &datapath->formers.items[0];
	struct program_set theirs;
	int r;

	if (!datapath->fresh)
		return 0;
	r = programs_get(before->path, &theirs);
	if (r == 0) {
		struct move move = { .datapath = datapath, .set = &theirs, .back = true };

		r = move_all(&move);
		programs_close(&theirs);
	}
	if (r == 0)
		r = debts_return(debts) ?: carry_all(datapath, before, WITH_HASHES, true);
	datapath_new_generation(datapath); /* which they may share */
	datapath->mixed = r < 0;
	return r < 0 ? error_set(error, r, "put back what ran before: %s", strerror(-r)) : 0;
}

static int commit(struct datapath *datapath, struct error *error)
{
	int r = fault_at("commit") ?: maps_dir_commit(datapath->root, datapath->maps);

	if (r < 0)
		return error_set(error, r, "put %s in force: %s", datapath->maps, strerror(-r));
	/* One that stays is no harm: it is dropped by the next start. */
	vec_for_each (dir, &datapath->formers)
		maps_dir_drop(dir->path);
	maps_dirs_free(&datapath->formers);
	datapath->fresh = datapath->mixed = false;
	return 0;
}

/*
 * Where rows are not the same in both, flows find theirs anew: those that were
 * there before, which may be in tables that both share, and those that the others'
 * programs have decided up to their last packet.
 */
static int take_the_place(struct datapath *datapath, struct debts *debts, struct error *error)
{
	int r;

	datapath_new_generation(datapath);
	datapath->moving = true;
	r = move_to_ours(datapath, error);
	if (r < 0)
		return r;
	datapath_new_generation(datapath);
	r = fault_at("settle") ?: debts_settle(debts) ?: carry_from_all(datapath, WITH_HASHES);
	if (r < 0)
		return error_set(error, r, "carry over what has changed meanwhile: %s", strerror(-r));
	return commit(datapath, error);
}

static int prepare(struct datapath *datapath, bool agent_ran, struct debts *ret_debts, struct error *error)
{
	const struct maps_dir *before = &datapath->formers.items[0];
	/* The agent has freed rows since they were filled, and has kept what these had counted. */
	const unsigned what = EVERYTHING & ~(agent_ran ? WITH_ACCOUNTS : 0);
	int r = fault_at("again") ?: carry_from_all(datapath, what);

	if (r < 0)
		return error_set(error, r, "carry over what has changed: %s", strerror(-r));
	r = maps_dir_complete(datapath->root, &datapath->maps);
	if (r < 0)
		return error_set(error, r, "name a set of maps: %s", strerror(-r));
	r = is_unused(datapath, before) ? debts_begin(datapath, before, !agent_ran, ret_debts) : 0;
	return r < 0 ? error_set(error, r, "carry over limits and counters: %s", strerror(-r)) : 0;
}

int upgrade_finish(struct datapath *datapath, bool agent_ran, struct error *error)
{
	_cleanup_(debts_free) struct debts debts = {};
	struct error why = {}, back = {};
	int r;

	const bool nothing_runs = !datapath->attachments.n && !datapath->uplinks.n;

	if (!upgrade_is_pending(datapath) || (!has_image(datapath) && !nothing_runs))
		return 0;
	r = prepare(datapath, agent_ran, &debts, &why);
	if (r == 0 && (r = take_the_place(datapath, &debts, &why)) < 0)
		move_back(datapath, &debts, &back);
	datapath->moving = false;
	if (r == 0)
		return 0;
	return error_set(error, r, "upgrade from %s: %s%s%s", datapath->formers.items[0].path, why.text,
			 *back.text ? "; " : " (what ran before goes on)", back.text);
}

/* Unless programs may run with it. */
void upgrade_abandon(const struct datapath *datapath)
{
	if (datapath->fresh && !datapath->mixed)
		maps_dir_drop(datapath->maps);
}
