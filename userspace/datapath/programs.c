// SPDX-License-Identifier: BSD-2-Clause
/*
 * The programs that are attached, all four at once. They are pinned with their
 * maps: to open one by its number would take CAP_SYS_ADMIN, and what ran before
 * a failed upgrade must be there to run again.
 */
#include "datapath/datapath_private.h"

static const char *const names[PROGRAMS] = {
	[PROGRAM_FROM_POD] = "program-from-pod",
	[PROGRAM_TO_POD] = "program-to-pod",
	[PROGRAM_XDP] = "program-xdp",
	[PROGRAM_UPLINK] = "program-uplink",
};

static const enum program by_link[PINNED_LINKS] = {
	[PINNED_INGRESS] = PROGRAM_FROM_POD, [PINNED_EGRESS] = PROGRAM_TO_POD, [PINNED_XDP] = PROGRAM_XDP,
	[PINNED_XDP_GENERIC] = PROGRAM_XDP,  [PINNED_UPLINK] = PROGRAM_UPLINK, [PINNED_UPLINK_GENERIC] = PROGRAM_UPLINK,
};

struct program_set programs_of(const struct weir_bpf *skeleton)
{
	return (struct program_set){ {
		[PROGRAM_FROM_POD] = bpf_program__fd(skeleton->progs.weir_from_pod),
		[PROGRAM_TO_POD] = bpf_program__fd(skeleton->progs.weir_to_pod),
		[PROGRAM_XDP] = bpf_program__fd(skeleton->progs.weir_xdp),
		[PROGRAM_UPLINK] = bpf_program__fd(skeleton->progs.weir_uplink),
	} };
}

int programs_pin(const char *maps, const struct weir_bpf *skeleton)
{
	const struct program_set set = programs_of(skeleton);
	int r = 0;

	for (int i = 0; r == 0 && i < PROGRAMS; i++)
		r = maps_dir_pin(maps, names[i], set.fds[i]);
	return r;
}

int programs_get(const char *maps, struct program_set *ret)
{
	struct program_set set = { { -1, -1, -1, -1 } };

	for (int i = 0; i < PROGRAMS; i++) {
		set.fds[i] = maps_dir_get(maps, names[i]);
		if (set.fds[i] < 0) {
			const int r = set.fds[i];

			programs_close(&set);
			return r;
		}
	}
	*ret = set;
	return 0;
}

void programs_close(struct program_set *set)
{
	for (int i = 0; i < PROGRAMS; i++)
		closep(&set->fds[i]);
}

int programs_put(const struct datapath *datapath, uint32_t ifindex, const struct program_set *set)
{
	int r = 0;

	for (enum pinned_link which = 0; r == 0 && which < PINNED_LINKS; which++)
		r = pinned_link_put(datapath->root, ifindex, which, set->fds[by_link[which]]);
	if (r == 0 && clsact_is_marked(datapath->root, ifindex))
		r = clsact_put(datapath, ifindex, set->fds[PROGRAM_FROM_POD], set->fds[PROGRAM_TO_POD]);
	return r;
}
