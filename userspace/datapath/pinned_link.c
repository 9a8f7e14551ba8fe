// SPDX-License-Identifier: BSD-2-Clause
/*
 * A BPF link under its pin. The pin alone keeps the program attached: nobody
 * holds the link's descriptor longer than a call, so that the agent's end
 * changes nothing.
 */
#include <linux/if_link.h>
#include <string.h>

#include "base/vec.h"
#include "datapath/compat.h"
#include "datapath/datapath_private.h"

/*
 * Ours comes first at the tcx hooks: a program before it could end the chain
 * with TCX_PASS, and the packet would never be judged. Native and generic XDP
 * are asked for by name, as the kernel would otherwise choose silently.
 */
static const struct {
	const char *name;
	enum bpf_attach_type type;
	uint32_t flags;
} kinds[PINNED_LINKS] = {
	[PINNED_INGRESS] = { "ingress", COMPAT_TCX_INGRESS, COMPAT_F_BEFORE },
	[PINNED_EGRESS] = { "egress", COMPAT_TCX_EGRESS, COMPAT_F_BEFORE },
	[PINNED_XDP] = { "xdp", BPF_XDP, XDP_FLAGS_DRV_MODE },
	[PINNED_XDP_GENERIC] = { "xdpgeneric", BPF_XDP, XDP_FLAGS_SKB_MODE },
	[PINNED_UPLINK] = { "uplink", BPF_XDP, XDP_FLAGS_DRV_MODE },
	[PINNED_UPLINK_GENERIC] = { "uplinkgeneric", BPF_XDP, XDP_FLAGS_SKB_MODE },
};

static void link_path(char ret[static PIN_PATH_MAX], const char *root, uint32_t ifindex, enum pinned_link which)
{
	pin_path(ret, root, "links/%u-%s", ifindex, kinds[which].name);
}

bool pinned_link_parse(const char *name, uint32_t *ret_ifindex, enum pinned_link *ret_which)
{
	char *end;
	unsigned long ifindex = strtoul(name, &end, 10);

	if (end == name || *end != '-' || ifindex == 0 || ifindex > INT_MAX)
		return false;
	for (int which = 0; which < PINNED_LINKS; which++)
		if (strcmp(end + 1, kinds[which].name) == 0) {
			*ret_ifindex = ifindex;
			*ret_which = which;
			return true;
		}
	return false;
}

/* The interface that a link is attached to: 0 once the interface is gone or somebody has detached the link. */
static uint32_t link_ifindex(int fd)
{
	struct bpf_link_info info = {};
	uint32_t size = sizeof(info);

	return bpf_link_get_info_by_fd(fd, &info, &size) < 0 ? 0 : compat_link_ifindex(&info);
}

/* The descriptor of a pinned link that is still attached there. A pin of one that is not is removed: -ENOENT. */
static int open_live(const char *path, uint32_t ifindex)
{
	_cleanup_close_ int fd = bpf_obj_get(path);

	if (fd < 0)
		return -errno;
	if (link_ifindex(fd) == ifindex)
		return TAKE_FD(fd);
	if (unlink(path) < 0)
		return -errno;
	return -ENOENT;
}

static int create(const char *path, uint32_t ifindex, enum pinned_link which, int program)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = kinds[which].flags);
	_cleanup_close_ int fd = bpf_link_create(program, ifindex, kinds[which].type, &opts);

	if (fd < 0)
		return -errno;
	return bpf_obj_pin(fd, path) < 0 ? -errno : 0;
}

int pinned_link_attach(const char *root, uint32_t ifindex, enum pinned_link which, int program, bool *ret_created)
{
	char path[PIN_PATH_MAX];
	int r;

	link_path(path, root, ifindex, which);
	_cleanup_close_ int fd = open_live(path, ifindex);
	if (fd < 0 && fd != -ENOENT)
		return fd;
	if (fd >= 0)
		r = bpf_link_update(fd, program, NULL) < 0 ? -errno : 0;
	else
		r = create(path, ifindex, which, program);
	if (r == 0 && ret_created)
		*ret_created = fd < 0;
	return r;
}

int pinned_link_replace(const char *root, uint32_t ifindex, enum pinned_link which, int old_program, int program)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts, .flags = BPF_F_REPLACE, .old_prog_fd = old_program);
	char path[PIN_PATH_MAX];

	link_path(path, root, ifindex, which);
	_cleanup_close_ int fd = open_live(path, ifindex);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (bpf_link_update(fd, program, &opts) == 0)
		return 0;
	/* EPERM: it runs another program. ENOLINK: its interface went in this moment. */
	return errno == EPERM || errno == ENOLINK ? 0 : -errno;
}

static int detach_path(const char *path)
{
	_cleanup_close_ int fd = bpf_obj_get(path);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	/* Detached here and now; dropping the last reference alone lets the kernel do it later. */
	int r = bpf_link_detach(fd) < 0 ? -errno : 0;
	if (unlink(path) < 0)
		return -errno;
	return r == -EOPNOTSUPP ? 0 : r;
}

int pinned_link_detach(const char *root, uint32_t ifindex, enum pinned_link which)
{
	char path[PIN_PATH_MAX];

	link_path(path, root, ifindex, which);
	return detach_path(path);
}

bool pinned_link_exists(const char *root, uint32_t ifindex, enum pinned_link which)
{
	char path[PIN_PATH_MAX];

	link_path(path, root, ifindex, which);
	_cleanup_close_ int fd = open_live(path, ifindex);
	return fd >= 0;
}

uint32_t pinned_link_program(const char *root, uint32_t ifindex, enum pinned_link which)
{
	struct bpf_link_info info = {};
	uint32_t size = sizeof(info);
	char path[PIN_PATH_MAX];

	link_path(path, root, ifindex, which);
	_cleanup_close_ int fd = bpf_obj_get(path);
	if (fd < 0 || bpf_link_get_info_by_fd(fd, &info, &size) < 0 || compat_link_ifindex(&info) != ifindex)
		return 0;
	return info.prog_id;
}

static int sweep_one(void *data, const char *path, const char *name)
{
	struct datapath *datapath = data;
	enum pinned_link which;
	uint32_t ifindex;

	if (!pinned_link_parse(name, &ifindex, &which))
		return 0;
	_cleanup_close_ int fd = open_live(path, ifindex);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (which == PINNED_UPLINK || which == PINNED_UPLINK_GENERIC) {
		uplink_found(datapath, ifindex, which);
		return 0;
	}
	struct datapath_attachment *attachment = attachment_get(datapath, ifindex);
	if (which == PINNED_INGRESS || which == PINNED_EGRESS)
		attachment->hook = HOOK_TCX;
	else
		attachment->xdp = which == PINNED_XDP ? XDP_NATIVE : XDP_GENERIC;
	return 0;
}

int pinned_links_sweep(struct datapath *datapath)
{
	char directory[PIN_PATH_MAX];

	pin_path(directory, datapath->root, "links");
	return pins_visit(directory, sweep_one, datapath);
}
