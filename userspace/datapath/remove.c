// SPDX-License-Identifier: BSD-2-Clause
/* Takes everything of one instance off the machine, from its pins alone. */
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>

#include "datapath/datapath_private.h"
#include "datapath/gate.h"

struct removal {
	const char *root;
	uint32_t handle;
	VEC(uint32_t) interfaces;
};

static void count_interface(struct removal *removal, uint32_t ifindex)
{
	vec_for_each (known, &removal->interfaces)
		if (*known == ifindex)
			return;
	vec_push(&removal->interfaces, ifindex);
}

static int remove_link(void *data, const char *path, const char *name)
{
	struct removal *removal = data;
	enum pinned_link which;
	uint32_t ifindex;

	if (!pinned_link_parse(name, &ifindex, &which))
		return 0;
	if (pinned_link_exists(removal->root, ifindex, which))
		count_interface(removal, ifindex);
	return pinned_link_detach(removal->root, ifindex, which);
}

static int remove_mark(void *data, const char *path, const char *name)
{
	struct removal *removal = data;
	uint32_t ifindex = strtoul(name, NULL, 10);

	if (clsact_is_attached(removal->handle, ifindex))
		count_interface(removal, ifindex);
	return clsact_detach(removal->root, removal->handle, ifindex);
}

static int remove_offload(void *data, const char *path, const char *name)
{
	const struct removal *removal = data;

	return gro_put_back(removal->root, strtoul(name, NULL, 10));
}

/* Filters whose marks were deleted by hand. */
static int remove_unmarked(struct removal *removal)
{
	struct if_nameindex *all = if_nameindex();
	int r = 0;

	for (struct if_nameindex *i = all; r == 0 && i && i->if_index; i++) {
		if (!clsact_is_attached(removal->handle, i->if_index))
			continue;
		count_interface(removal, i->if_index);
		r = clsact_detach(removal->root, removal->handle, i->if_index);
	}
	if (all)
		if_freenameindex(all);
	return r;
}

static int remove_pin(void *data, const char *path, const char *name)
{
	return unlink(path) < 0 ? -errno : 0;
}

static int remove_part(void *data, const char *path, const char *name)
{
	struct stat is;
	int r = 0;

	if (maps_dir_is_name(name)) {
		if (lstat(path, &is) == 0 && S_ISLNK(is.st_mode))
			return unlink(path) < 0 ? -errno : 0;
		r = pins_visit(path, remove_pin, NULL);
	} else if (strcmp(name, "links") != 0 && strcmp(name, "clsact") != 0 && strcmp(name, "offloads") != 0) {
		return 0;
	}
	if (r == 0 && rmdir(path) < 0)
		r = -errno;
	return r;
}

static int remove_pins(struct removal *removal)
{
	char path[PIN_PATH_MAX];
	int r;

	pin_path(path, removal->root, "links");
	r = pins_visit(path, remove_link, removal);
	if (r < 0)
		return r;
	pin_path(path, removal->root, "clsact");
	r = pins_visit(path, remove_mark, removal);
	if (r < 0)
		return r;
	pin_path(path, removal->root, "offloads");
	r = pins_visit(path, remove_offload, removal);
	if (r < 0)
		return r;
	r = pins_visit(removal->root, remove_part, NULL);
	if (r < 0)
		return r;
	return rmdir(removal->root) < 0 ? -errno : 0;
}

int datapath_remove(const char *bpffs, unsigned *ret_interfaces, struct error *error)
{
	struct removal removal = { .root = bpffs, .handle = bpffs_number(bpffs) };
	bool exists = access(bpffs, F_OK) == 0;
	int r = 0;

	if (exists && !bpffs_is(bpffs))
		return error_set(error, -ENOTSUP, "remove %s: not on a BPF file system, so nothing of weir's", bpffs);
	bpf_log_begin();
	if (exists)
		r = remove_pins(&removal);
	if (r == 0)
		r = remove_unmarked(&removal);
	if (r == 0)
		r = gate_remove(bpffs);
	if (r == 0)
		*ret_interfaces = removal.interfaces.n;
	vec_free(&removal.interfaces);
	return r < 0 ? bpf_error(error, r, "remove the datapath") : 0;
}
