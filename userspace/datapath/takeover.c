// SPDX-License-Identifier: BSD-2-Clause
/*
 * Maps of an earlier life. A set whose maps are all what would be made is used
 * again as it is. Otherwise a new set is begun: it has those maps of the set in
 * force that are what would be made, and others of its own, which upgrade.c
 * fills. Programs of the earlier life go on with their set until then.
 */
#include <string.h>

#include "base/mem.h"
#include "datapath/carry.h"
#include "datapath/datapath_private.h"

/* NULL: not pinned. Global data of no section of its own is constants, or nobody's. */
const char *pin_name(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);
	const char *section = strstr(name, ".data.");

	if (section)
		return section + strlen(".data.");
	return bpf_map__is_internal(map) ? NULL : name;
}

int takeover_begin(struct datapath *datapath, struct error *error)
{
	bool early = false;
	int r = maps_dirs_drop_early(datapath->root, &early) ?: maps_dirs_list(datapath->root, &datapath->formers);

	if (r == 0 && early)
		datapath_note(datapath,
			      "the maps under %s were an early version's, which can't be taken over: its programs "
			      "enforce until there is a policy, then connections are decided anew",
			      datapath->root);
	return r < 0 ? error_set(error, r, "look at the maps under %s: %s", datapath->root, strerror(-r)) : 0;
}

/* -ENOENT: none; -EPROTO: of a version of weir that has others. */
static int image_of(const struct maps_dir *dir, uint32_t *ret_words)
{
	uint32_t words, revision;
	_cleanup_close_ int fd = maps_dir_get(dir->path, "images");
	const struct image_slot slot = { dir->path, fd, WEIR_SLOT_ENFORCED };
	int r = fd < 0 ? fd : image_running(&slot, &words, &revision);

	if (r == 0 && (words < WEIR_HEADER_WORDS || words > WEIR_IMAGE_WORDS_MAX || (words & (words - 1))))
		r = -EPROTO;
	if (r == 0)
		*ret_words = words;
	return r;
}

uint32_t takeover_image_words(const struct datapath *datapath)
{
	uint32_t words;

	return datapath->formers.n && image_of(&datapath->formers.items[0], &words) == 0 ? words : 0;
}

/* --- whether a map is what would be made --- */

static bool same_shape(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return bpf_map_get_info_by_fd(fd, &info, &size) == 0 && bpf_map__type(map) == info.type &&
	       bpf_map__key_size(map) == info.key_size && bpf_map__value_size(map) == info.value_size &&
	       bpf_map__max_entries(map) == info.max_entries && bpf_map__map_flags(map) == info.map_flags;
}

static bool same_type(const struct btf *old, uint32_t old_type, const struct btf *new, uint32_t new_type)
{
	struct layout_plan plan;

	if (!old_type || !new_type)
		return old_type == new_type;
	if (layout_plan_make(old, old_type, new, new_type, &plan) < 0)
		return false;
	layout_plan_free(&plan);
	return plan.same;
}

static bool same_layout(const struct bpf_map *map, const struct weir_bpf *skeleton, const struct maps_dir *dir)
{
	const struct btf *ours = bpf_object__btf(skeleton->obj);
	uint32_t old_key, old_value, new_key, new_value;

	return dir->layouts && layout_of_map(dir->layouts, pin_name(map), &old_key, &old_value) == 0 &&
	       layout_of_map(ours, pin_name(map), &new_key, &new_value) == 0 &&
	       same_type(dir->layouts, old_key, ours, new_key) && same_type(dir->layouts, old_value, ours, new_value);
}

/* fd of the pinned map if it is what would be made; -ENOENT: it isn't. */
static int get_same(const struct bpf_map *map, const struct weir_bpf *skeleton, const struct maps_dir *dir)
{
	_cleanup_close_ int fd = maps_dir_get(dir->path, pin_name(map));

	if (fd < 0)
		return fd;
	return same_shape(map, fd) && same_layout(map, skeleton, dir) ? TAKE_FD(fd) : -ENOENT;
}

/* The array of images is for one capacity, which only what it holds says; it may also hold what we can't read. */
static bool is_whole(const struct maps_dir *dir, const struct weir_bpf *skeleton)
{
	const struct bpf_map *map;
	uint32_t words;

	bpf_object__for_each_map(map, skeleton->obj)
	{
		if (!pin_name(map) || map == skeleton->maps.images)
			continue;
		_cleanup_close_ int fd = get_same(map, skeleton, dir);
		if (fd < 0)
			return false;
	}
	return image_of(dir, &words) != -EPROTO;
}

/* --- what is of use only together --- */

static bool is_flow_table(const struct weir_bpf *skeleton, const struct bpf_map *map)
{
	for (int table = 0; table < WEIR_FLOW_TABLES; table++)
		for (int family = 0; family < WEIR_FAMILIES; family++)
			if (map == flow_table(skeleton, table, family))
				return true;
	return false;
}

static bool is_there(const struct maps_dir *dir, const struct bpf_map *map)
{
	_cleanup_close_ int fd = maps_dir_get(dir->path, pin_name(map));

	return fd >= 0;
}

static bool same_length(const struct maps_dir *dir, const struct bpf_map *map)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	_cleanup_close_ int fd = maps_dir_get(dir->path, pin_name(map));

	return fd >= 0 && bpf_map_get_info_by_fd(fd, &info, &size) == 0 &&
	       info.max_entries == bpf_map__max_entries(map);
}

/* A row means what the table of pairs says, and a flow knows its row by number. */
bool takeover_same_rows(const struct maps_dir *dir, const struct weir_bpf *skeleton)
{
	return dir->layouts && same_length(dir, skeleton->maps.pairs) && same_length(dir, skeleton->maps.accounts);
}

/*
 * Flow entries carry generations, and so does what policy has refused; without
 * the word that counts them they would pass for current. And tallies say how many
 * entries the tables must have.
 */
bool takeover_is_of_use(const struct datapath *datapath, const struct weir_bpf *skeleton, const struct bpf_map *map)
{
	if (is_flow_table(skeleton, map) || map == skeleton->maps.refusals || map == skeleton->maps.tallies)
		return datapath->took_over_control;
	if (map == skeleton->maps.pairs || map == skeleton->maps.accounts)
		return datapath->took_over_accounts;
	return true;
}

/* --- choosing --- */

/* What nobody can say the layout of holds what passes by, events and packets. */
static bool is_lasting(const struct bpf_map *map)
{
	return bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF && bpf_map__type(map) != BPF_MAP_TYPE_PERF_EVENT_ARRAY &&
	       bpf_map__type(map) != BPF_MAP_TYPE_ARRAY_OF_MAPS;
}

static int share(struct datapath *datapath, struct weir_bpf *skeleton, const struct maps_dir *dir, bool everything)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skeleton->obj)
	{
		if (!pin_name(map) || map == skeleton->maps.images)
			continue;
		if (!everything && (!is_lasting(map) || !takeover_is_of_use(datapath, skeleton, map)))
			continue;
		_cleanup_close_ int fd = get_same(map, skeleton, dir);
		if (fd >= 0) {
			int r = bpf_map__reuse_fd(map, fd);

			if (r < 0)
				return r;
			datapath->took_over = true;
		}
	}
	return 0;
}

static int reuse_images(const struct datapath *datapath, struct weir_bpf *skeleton, const struct maps_dir *dir)
{
	uint32_t words;

	/* One that holds nothing is no loss. */
	if (image_of(dir, &words) < 0 || words != datapath->config.image_words)
		return 0;
	_cleanup_close_ int fd = maps_dir_get(dir->path, pin_name(skeleton->maps.images));
	return fd < 0 ? fd : bpf_map__reuse_fd(skeleton->maps.images, fd);
}

static int use_again(struct datapath *datapath, struct weir_bpf *skeleton, size_t i)
{
	struct maps_dir dir = datapath->formers.items[i];

	vec_remove(&datapath->formers, i);
	free(datapath->maps);
	datapath->maps = TAKE_PTR(dir.path);
	btf__free(dir.layouts);
	dir.path = datapath->maps;
	datapath->took_over_control = datapath->took_over_accounts = true;
	return 0;
}

int takeover_maps(struct datapath *datapath, struct weir_bpf *skeleton)
{
	const struct maps_dir *base;
	int r;

	for (size_t i = 0; i < datapath->formers.n; i++) {
		const struct maps_dir *dir = &datapath->formers.items[i];

		if (!is_whole(dir, skeleton))
			continue;
		return share(datapath, skeleton, dir, true) ?:
		       reuse_images(datapath, skeleton, dir) ?:
		       use_again(datapath, skeleton, i);
	}
	r = maps_dir_begin(datapath->root, &datapath->maps);
	if (r < 0)
		return r;
	datapath->fresh = true;
	if (!datapath->formers.n)
		return 0;
	base = &datapath->formers.items[0];
	datapath->took_over_control = base->layouts && is_there(base, skeleton->maps.data_control);
	datapath->took_over_accounts = takeover_same_rows(base, skeleton);
	return share(datapath, skeleton, base, false);
}

/* --- pinning --- */

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return fd < 0 || bpf_map_get_info_by_fd(fd, &info, &size) < 0 ? 0 : info.id;
}

int pin_map(const struct datapath *datapath, const struct bpf_map *map)
{
	_cleanup_close_ int pinned = maps_dir_get(datapath->maps, pin_name(map));

	if (pinned >= 0 && map_id(pinned) == map_id(bpf_map__fd(map)))
		return 0;
	return maps_dir_pin(datapath->maps, pin_name(map), bpf_map__fd(map));
}

/* A set that nothing was there before is in force at once; else it is when upgrade_finish() says so. */
static int settle(struct datapath *datapath)
{
	if (!datapath->fresh || datapath->formers.n)
		return 0;
	datapath->fresh = false;
	return maps_dir_complete(datapath->root, &datapath->maps) ?: maps_dir_commit(datapath->root, datapath->maps);
}

int takeover_pin(struct datapath *datapath, struct error *error)
{
	const struct bpf_map *map;
	int r = 0;

	bpf_object__for_each_map(map, datapath->skeleton->obj)
	{
		if (pin_name(map) && (r = pin_map(datapath, map)) < 0)
			return error_set(error, r, "pin map %s under %s: %s", pin_name(map), datapath->root,
					 strerror(-r));
	}
	if (datapath->fresh)
		r = maps_dir_keep_layouts(datapath->maps, datapath->skeleton->obj);
	if (r == 0)
		r = programs_pin(datapath->maps, datapath->skeleton) ?: settle(datapath);
	return r < 0 ? error_set(error, r, "pin a set of maps under %s: %s", datapath->root, strerror(-r)) : 0;
}
