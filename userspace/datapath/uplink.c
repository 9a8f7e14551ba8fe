// SPDX-License-Identifier: BSD-2-Clause
/*
 * The interfaces by which the node is reached. What is denied on its way to a
 * pod is dropped there, before the kernel makes an skb of it; whatever passes is
 * judged again where the pod is. So an uplink may be missing at any time.
 */
#include <string.h>

#include "base/vec.h"
#include "datapath/datapath_private.h"

static void remember(struct datapath *datapath, const struct datapath_uplink *uplink)
{
	vec_for_each (known, &datapath->uplinks)
		if (known->ifindex == uplink->ifindex) {
			*known = *uplink;
			return;
		}
	vec_push(&datapath->uplinks, *uplink);
}

static void forget(struct datapath *datapath, uint32_t ifindex)
{
	vec_for_each (uplink, &datapath->uplinks)
		if (uplink->ifindex == ifindex) {
			*uplink = datapath->uplinks.items[--datapath->uplinks.n];
			return;
		}
}

void uplink_found(struct datapath *datapath, uint32_t ifindex, enum pinned_link which)
{
	const enum datapath_xdp xdp = which == PINNED_UPLINK ? XDP_NATIVE : XDP_GENERIC;

	remember(datapath, &(struct datapath_uplink){ ifindex, xdp, NULL });
}

static int attach_as(const struct datapath *datapath, uint32_t ifindex, enum datapath_xdp xdp)
{
	return pinned_link_attach(datapath->root, ifindex, xdp == XDP_NATIVE ? PINNED_UPLINK : PINNED_UPLINK_GENERIC,
				  bpf_program__fd(datapath->skeleton->progs.weir_uplink), NULL);
}

/* Somebody else's program is in the way of both ways alike, and so is an interface that is gone. */
static bool may_do_generically(int code)
{
	return code != -EBUSY && code != -EEXIST && code != -ENODEV && code != -EPERM;
}

int datapath_attach_uplink(struct datapath *datapath, uint32_t ifindex, const char *name, struct datapath_uplink *ret,
			   struct error *error)
{
	/* One that is there stays as it is: there is no moment without. */
	const bool was_generic = pinned_link_exists(datapath->root, ifindex, PINNED_UPLINK_GENERIC);
	struct datapath_uplink uplink = { ifindex, was_generic ? XDP_GENERIC : XDP_NATIVE, NULL };
	int r = attach_as(datapath, ifindex, uplink.xdp);

	if (was_generic)
		uplink.note = "an earlier agent could not attach natively";
	if (!was_generic && r < 0 && may_do_generically(r)) {
		uplink.note = xdp_why(r);
		uplink.xdp = XDP_GENERIC;
		r = attach_as(datapath, ifindex, uplink.xdp);
	}
	if (r < 0) {
		xdp_failed(error, r, ifindex, "attach XDP");
		return error ? error_prefix(error, "uplink %s", name) : r;
	}
	remember(datapath, &uplink);
	*ret = uplink;
	return 0;
}

int datapath_detach_uplink(struct datapath *datapath, uint32_t ifindex)
{
	int native = pinned_link_detach(datapath->root, ifindex, PINNED_UPLINK);
	int generic = pinned_link_detach(datapath->root, ifindex, PINNED_UPLINK_GENERIC);

	if (native == 0 && generic == 0)
		forget(datapath, ifindex);
	return native ?: generic;
}

void datapath_list_uplinks(const struct datapath *datapath, datapath_uplinks *ret)
{
	vec_for_each (uplink, &datapath->uplinks)
		vec_push(ret, *uplink);
}
