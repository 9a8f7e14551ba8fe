// SPDX-License-Identifier: BSD-2-Clause
/* XDP on an interface that asks for it, native or generic. */
#include <string.h>

#include "base/vec.h"
#include "datapath/datapath_private.h"

enum datapath_xdp xdp_get(const struct datapath *datapath, uint32_t ifindex)
{
	if (pinned_link_exists(datapath->root, ifindex, PINNED_XDP))
		return XDP_NATIVE;
	if (pinned_link_exists(datapath->root, ifindex, PINNED_XDP_GENERIC))
		return XDP_GENERIC;
	return XDP_OFF;
}

/* The kernel's words for it go to its log only; these are the same causes. */
static const char *why(int code)
{
	static const struct {
		int code;
		const char *why;
	} causes[] = {
		{ -ERANGE, "the MTU of it or of its peer is too large (lower the MTU, or leave XDP off)" },
		{ -ENOSPC,
		  "fewer receive queues than its peer has transmit queues (set equal numbers, or leave XDP off)" },
		{ -EOPNOTSUPP, "its driver has no native XDP (ask for generic, or leave XDP off)" },
		{ -ENOTCONN, "it has no peer (leave XDP off)" },
		{ -EBUSY, "another XDP program is there (take that off, or leave XDP off)" },
		{ -EEXIST, "another XDP program is there (take that off, or leave XDP off)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		if (causes[i].code == code)
			return causes[i].why;
	return strerror(-code);
}

int xdp_set(struct datapath *datapath, uint32_t ifindex, enum datapath_xdp xdp, struct error *error)
{
	int program = bpf_program__fd(datapath->skeleton->progs.weir_xdp);
	int r = 0;

	/* An interface can't have both; tc keeps enforcing while one gives way to the other. */
	if (xdp != XDP_NATIVE)
		r = pinned_link_detach(datapath->root, ifindex, PINNED_XDP);
	if (r == 0 && xdp != XDP_GENERIC)
		r = pinned_link_detach(datapath->root, ifindex, PINNED_XDP_GENERIC);
	if (r < 0)
		return error_set(error, r, "take XDP off: %s", strerror(-r));
	if (xdp == XDP_OFF)
		return 0;
	r = pinned_link_attach(datapath->root, ifindex, xdp == XDP_NATIVE ? PINNED_XDP : PINNED_XDP_GENERIC, program,
			       NULL);
	if (r < 0)
		return error_set(error, r, "attach %s XDP: %s", xdp == XDP_NATIVE ? "native" : "generic", why(r));
	return 0;
}
