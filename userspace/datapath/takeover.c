// SPDX-License-Identifier: BSD-2-Clause
/*
 * Maps of an earlier life. A pinned map that is what would be made is used
 * again with what it holds; one of another shape is left to the programs that
 * still run with it, and loses its pin to the new one once that is loaded.
 */
#include <string.h>

#include "datapath/datapath_private.h"

#define MAPS_PREFIX "maps-v"

/* NULL: not pinned. Global data of no section of its own is constants, or nobody's. */
const char *pin_name(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);
	const char *section = strstr(name, ".data.");

	if (section)
		return section + strlen(".data.");
	return bpf_map__is_internal(map) ? NULL : name;
}

static void map_path(char ret[static PIN_PATH_MAX], const struct datapath *datapath, const struct bpf_map *map)
{
	pin_path(ret, datapath->root, MAPS_PREFIX "%u/%s", WEIR_MAPS_ABI, pin_name(map));
}

static bool same_shape(const struct bpf_map *map, const struct bpf_map_info *info)
{
	return bpf_map__type(map) == info->type && bpf_map__key_size(map) == info->key_size &&
	       bpf_map__value_size(map) == info->value_size && bpf_map__max_entries(map) == info->max_entries &&
	       bpf_map__map_flags(map) == info->map_flags;
}

uint32_t takeover_image_words(const struct datapath *datapath)
{
	char path[PIN_PATH_MAX];
	uint32_t words, revision;

	pin_path(path, datapath->root, MAPS_PREFIX "%u/images", WEIR_MAPS_ABI);
	_cleanup_close_ int fd = bpf_obj_get(path);
	const struct image_slot slot = { datapath->root, fd, WEIR_SLOT_ENFORCED };
	if (fd < 0 || image_running(&slot, &words, &revision) < 0)
		return 0;
	return words < WEIR_HEADER_WORDS || words > WEIR_IMAGE_WORDS_MAX || (words & (words - 1)) ? 0 : words;
}

/* *ret_reused: it was. Notes say why a map that is there was not. */
static int take_over(struct datapath *datapath, struct bpf_map *map, bool *ret_reused)
{
	char path[PIN_PATH_MAX];
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	map_path(path, datapath, map);
	_cleanup_close_ int fd = bpf_obj_get(path);
	if (fd < 0) {
		*ret_reused = false;
		return errno == ENOENT ? 0 : -errno;
	}
	if (bpf_map_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	bool fits = same_shape(map, &info);
	if (!fits)
		datapath_note(datapath, "map %s begins empty: the pinned one holds %u entries of %u and %u bytes",
			      pin_name(map), info.max_entries, info.key_size, info.value_size);
	*ret_reused = fits;
	return fits ? bpf_map__reuse_fd(map, fd) : 0;
}

static bool is_flow_table(const struct weir_bpf *skeleton, const struct bpf_map *map)
{
	for (int table = 0; table < WEIR_FLOW_TABLES; table++)
		for (int family = 0; family < WEIR_FAMILIES; family++)
			if (map == flow_table(skeleton, table, family))
				return true;
	return false;
}

/*
 * Flow entries carry generations; without the word that counts them they would
 * pass for current. And tallies say how many entries the tables must have.
 */
static int take_over_flows(struct datapath *datapath, struct weir_bpf *skeleton)
{
	bool same_control, all = true;
	int r;

	r = take_over(datapath, skeleton->maps.data_control, &same_control);
	datapath->took_over_control = datapath->took_over = r == 0 && same_control;
	for (int i = 0; r == 0 && same_control && i < WEIR_FLOW_TABLES * WEIR_FAMILIES; i++) {
		bool reused;

		r = take_over(datapath, flow_table(skeleton, i / WEIR_FAMILIES, i % WEIR_FAMILIES), &reused);
		all = r == 0 && all && reused;
	}
	return r == 0 && same_control && all ? take_over(datapath, skeleton->maps.tallies, &all) : r;
}

/* A row means what the table of pairs says, and a flow knows its row by number. */
static int take_over_accounts(struct datapath *datapath, struct weir_bpf *skeleton)
{
	bool reused;
	int r = take_over(datapath, skeleton->maps.pairs, &reused);

	if (r == 0 && reused)
		r = take_over(datapath, skeleton->maps.accounts, &reused);
	datapath->took_over_accounts = r == 0 && reused;
	return r;
}

/* What is taken over with others, or not at all. */
static bool is_bound(const struct weir_bpf *skeleton, const struct bpf_map *map)
{
	return is_flow_table(skeleton, map) || map == skeleton->maps.data_control || map == skeleton->maps.tallies ||
	       map == skeleton->maps.pairs || map == skeleton->maps.accounts;
}

int takeover_maps(struct datapath *datapath, struct weir_bpf *skeleton)
{
	const bool has_images = takeover_image_words(datapath) > 0;
	struct bpf_map *map;
	int r;

	r = take_over_flows(datapath, skeleton) ?: take_over_accounts(datapath, skeleton);
	if (r < 0)
		return r;
	bpf_object__for_each_map(map, skeleton->obj)
	{
		bool reused;

		if (!pin_name(map) || is_bound(skeleton, map))
			continue;
		/* Only what such an array holds says for which capacity it is; one that holds nothing is no loss. */
		if (map == skeleton->maps.images && !has_images)
			continue;
		r = take_over(datapath, map, &reused);
		if (r < 0)
			return r;
		datapath->took_over |= reused;
	}
	return 0;
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return fd < 0 || bpf_map_get_info_by_fd(fd, &info, &size) < 0 ? 0 : info.id;
}

int pin_map(const struct datapath *datapath, const struct bpf_map *map)
{
	char path[PIN_PATH_MAX], aside[PIN_PATH_MAX];

	map_path(path, datapath, map);
	_cleanup_close_ int pinned = bpf_obj_get(path);
	if (pinned >= 0 && map_id(pinned) == map_id(bpf_map__fd(map)))
		return 0;
	/* There is no moment at which a crash would leave neither the old pin nor the new one. */
	pin_path(aside, datapath->root, MAPS_PREFIX "%u/new", WEIR_MAPS_ABI);
	if (unlink(aside) < 0 && errno != ENOENT)
		return -errno;
	if (bpf_obj_pin(bpf_map__fd(map), aside) < 0)
		return -errno;
	return rename(aside, path) < 0 ? -errno : 0;
}

static int drop_pin(void *data, const char *path, const char *name)
{
	return unlink(path) < 0 ? -errno : 0;
}

/* Programs of that ABI that are still attached keep their maps until they are replaced. */
static int drop_other_abi(void *data, const char *path, const char *name)
{
	struct datapath *datapath = data;
	char ours[PIN_NAME_MAX];
	int r;

	snprintf(ours, sizeof(ours), MAPS_PREFIX "%u", WEIR_MAPS_ABI);
	if (strncmp(name, MAPS_PREFIX, strlen(MAPS_PREFIX)) != 0 || strcmp(name, ours) == 0)
		return 0;
	datapath_note(datapath, "%s is of another version of weir and is not taken over", name);
	r = pins_visit(path, drop_pin, NULL);
	if (r == 0 && rmdir(path) < 0)
		r = -errno;
	return r;
}

int takeover_pin(struct datapath *datapath, struct error *error)
{
	const struct bpf_map *map;
	int r;

	bpf_object__for_each_map(map, datapath->skeleton->obj)
	{
		if (!pin_name(map))
			continue;
		r = pin_map(datapath, map);
		if (r < 0)
			return error_set(error, r, "pin map %s under %s: %s", pin_name(map), datapath->root,
					 strerror(-r));
	}
	r = pins_visit(datapath->root, drop_other_abi, datapath);
	return r < 0 ? error_set(error, r, "drop maps of another version under %s: %s", datapath->root, strerror(-r))
		     : 0;
}
