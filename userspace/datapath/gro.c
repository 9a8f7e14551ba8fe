// SPDX-License-Identifier: BSD-2-Clause
/*
 * Generic receive offload of an interface that gets native XDP. Without it the
 * driver hands every segment up alone, which costs a container's TCP more than
 * XDP itself does; the kernel switches it on by itself only sometimes. bpffs
 * remembers where it was off, so that it is off again afterwards.
 */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "datapath/datapath_private.h"

#define GRO_WAS_OFF "gro-was-off" /* the target of the symbolic link that marks an interface */

static void mark_path(char ret[static PIN_PATH_MAX], const char *root, uint32_t ifindex)
{
	pin_path(ret, root, "offloads/%u", ifindex);
}

static bool is_marked(const char *root, uint32_t ifindex)
{
	char path[PIN_PATH_MAX], target[sizeof(GRO_WAS_OFF)];

	mark_path(path, root, ifindex);
	return readlink(path, target, sizeof(target)) > 0;
}

static int mark(const char *root, uint32_t ifindex)
{
	char path[PIN_PATH_MAX];

	mark_path(path, root, ifindex);
	return symlink(GRO_WAS_OFF, path) < 0 && errno != EEXIST ? -errno : 0;
}

static int unmark(const char *root, uint32_t ifindex)
{
	char path[PIN_PATH_MAX];

	mark_path(path, root, ifindex);
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* command: ETHTOOL_GGRO, which sets *value, or ETHTOOL_SGRO. */
static int ethtool(uint32_t ifindex, uint32_t command, uint32_t *value)
{
	struct ethtool_value argument = { .cmd = command, .data = *value };
	struct ifreq request = { .ifr_data = (void *)&argument };

	if (!if_indextoname(ifindex, request.ifr_name))
		return -ENODEV;
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) < 0)
		return -errno;
	*value = argument.data;
	return 0;
}

int gro_switch_on(const char *root, uint32_t ifindex)
{
	uint32_t on = 0;
	int r = ethtool(ifindex, ETHTOOL_GGRO, &on);

	if (r < 0 || on)
		return r;
	/* Marked first: a crash in between leaves a mark too many, and not a changed interface. */
	r = mark(root, ifindex);
	if (r < 0)
		return r;
	on = 1;
	r = ethtool(ifindex, ETHTOOL_SGRO, &on);
	if (r < 0)
		unmark(root, ifindex);
	return r;
}

int gro_put_back(const char *root, uint32_t ifindex)
{
	uint32_t off = 0;
	int r;

	if (!is_marked(root, ifindex))
		return 0;
	r = ethtool(ifindex, ETHTOOL_SGRO, &off);
	if (r < 0 && r != -ENODEV)
		return r;
	return unmark(root, ifindex);
}

static int sweep_one(void *data, const char *path, const char *name)
{
	const struct datapath *datapath = data;
	const uint32_t ifindex = strtoul(name, NULL, 10);

	return pinned_link_exists(datapath->root, ifindex, PINNED_XDP) ? 0 : gro_put_back(datapath->root, ifindex);
}

int gro_sweep(struct datapath *datapath)
{
	char directory[PIN_PATH_MAX];

	pin_path(directory, datapath->root, "offloads");
	return pins_visit(directory, sweep_one, datapath);
}
