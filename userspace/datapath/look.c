// SPDX-License-Identifier: BSD-2-Clause
/*
 * Whether what was attached is there still. Asked of the hooks themselves, by
 * the numbers of the programs: a link can be detached with its pin in place, and
 * can be made to run another program.
 */
#include <net/if.h>
#include <string.h>

#include "base/vec.h"
#include "datapath/datapath_private.h"

uint32_t program_id(int program)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	return bpf_prog_get_info_by_fd(program, &info, &size) < 0 ? 0 : info.id;
}

void program_words(uint32_t id, char ret[static DATAPATH_STRANGER_MAX])
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0 && bpf_prog_get_info_by_fd(fd, &info, &size) == 0 && *info.name)
		snprintf(ret, DATAPATH_STRANGER_MAX, "program \"%s\" (id %u)", info.name, id);
	else
		snprintf(ret, DATAPATH_STRANGER_MAX, "program id %u", id);
}

static const struct datapath_attachment *find(const struct datapath *datapath, uint32_t ifindex)
{
	vec_for_each (attachment, &datapath->attachments)
		if (attachment->ifindex == ifindex)
			return attachment;
	return NULL;
}

/* Links and filters go with their interface, which is nobody's doing. */
static bool is_gone(uint32_t ifindex)
{
	char name[IF_NAMESIZE];

	return !if_indextoname(ifindex, name);
}

static bool lost_any(const struct datapath_look *look)
{
	return look->lost[WEIR_INGRESS] || look->lost[WEIR_EGRESS] || look->lost_xdp;
}

static bool lost_xdp(const struct datapath *datapath, const struct datapath_attachment *attachment)
{
	const enum pinned_link which = attachment->xdp == XDP_NATIVE ? PINNED_XDP : PINNED_XDP_GENERIC;

	return attachment->xdp != XDP_OFF && pinned_link_program(datapath->root, attachment->ifindex, which) !=
						     program_id(bpf_program__fd(datapath->skeleton->progs.weir_xdp));
}

/* Twice a second for each interface, so what is as it should be is asked nothing more. */
int datapath_look(struct datapath *datapath, uint32_t ifindex, struct datapath_look *ret)
{
	const struct datapath_attachment *attachment = find(datapath, ifindex);
	struct datapath_look look = {};
	int r = 0;

	if (attachment && attachment->hook == HOOK_TCX)
		r = tcx_look(datapath, ifindex, &look);
	else if (attachment && attachment->hook == HOOK_CLSACT)
		r = clsact_look(datapath, ifindex, &look);
	look.lost_xdp = attachment && lost_xdp(datapath, attachment);
	if ((r < 0 || lost_any(&look)) && is_gone(ifindex))
		r = -ENODEV;
	if (r == 0)
		*ret = look;
	return r;
}

int datapath_look_uplink(const struct datapath *datapath, const struct datapath_uplink *uplink, bool *ret_lost)
{
	const enum pinned_link which = uplink->xdp == XDP_NATIVE ? PINNED_UPLINK : PINNED_UPLINK_GENERIC;
	const bool lost = pinned_link_program(datapath->root, uplink->ifindex, which) !=
			  program_id(bpf_program__fd(datapath->skeleton->progs.weir_uplink));

	if (lost && is_gone(uplink->ifindex))
		return -ENODEV;
	*ret_lost = lost;
	return 0;
}
