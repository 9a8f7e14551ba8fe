// SPDX-License-Identifier: BSD-2-Clause
/*
 * Images under pins of their own, named by their number. An array of maps tells
 * only the number of what it holds, and to open a map by its number takes
 * CAP_SYS_ADMIN, which an agent need not have.
 */
#include <string.h>

#include "datapath/datapath_private.h"

#define NAME "image-"

static void image_path(char ret[static PIN_PATH_MAX], const char *maps, uint32_t id)
{
	pin_path(ret, maps, NAME "%u", id);
}

int image_pin(const char *maps, int fd)
{
	char path[PIN_PATH_MAX];
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_map_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	image_path(path, maps, info.id);
	return bpf_obj_pin(fd, path) < 0 ? -errno : 0;
}

int image_open(const struct image_slot *slot)
{
	char path[PIN_PATH_MAX];
	uint32_t key = slot->slot, id;
	int fd;

	if (bpf_map_lookup_elem(slot->images, &key, &id) < 0)
		return -errno;
	image_path(path, slot->maps, id);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static int drop_unused(void *data, const char *path, const char *name)
{
	const uint32_t *used = data;
	uint32_t id;

	if (strncmp(name, NAME, strlen(NAME)) != 0)
		return 0;
	id = strtoul(name + strlen(NAME), NULL, 10);
	for (int slot = 0; slot < WEIR_SLOTS; slot++)
		if (used[slot] == id)
			return 0;
	unlink(path);
	return 0;
}

void image_unpin_unused(const char *maps, int images)
{
	uint32_t used[WEIR_SLOTS] = {};

	for (uint32_t slot = 0; slot < WEIR_SLOTS; slot++)
		bpf_map_lookup_elem(images, &slot, &used[slot]);
	pins_visit(maps, drop_unused, used);
}
