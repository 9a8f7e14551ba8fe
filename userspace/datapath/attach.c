// SPDX-License-Identifier: BSD-2-Clause
/* How packets of an interface come to the programs, whichever hooks the kernel has. */
#include <string.h>

#include "datapath/datapath_private.h"

struct datapath_attachment *attachment_get(struct datapath *datapath, uint32_t ifindex)
{
	vec_for_each (attachment, &datapath->attachments)
		if (attachment->ifindex == ifindex)
			return attachment;
	return vec_push(&datapath->attachments, (struct datapath_attachment){ .ifindex = ifindex });
}

static void attachment_forget(struct datapath *datapath, uint32_t ifindex)
{
	datapath_attachments *all = &datapath->attachments;

	vec_for_each (attachment, all)
		if (attachment->ifindex == ifindex) {
			*attachment = all->items[--all->n];
			return;
		}
}

static int attach_tc(struct datapath *datapath, uint32_t ifindex, struct error *error)
{
	int r;

	/* The other hook's programs, from an earlier life, only go when these are there. */
	if (datapath->hook == HOOK_TCX) {
		r = tcx_attach(datapath, ifindex, error);
		if (r == 0 && clsact_is_marked(datapath->root, ifindex))
			r = clsact_detach(datapath->root, datapath->handle, ifindex);
	} else {
		r = clsact_attach(datapath, ifindex, error);
		if (r == 0)
			r = tcx_detach(datapath->root, ifindex);
	}
	if (r < 0 && !*error->text)
		error_set(error, r, "take off the programs of an earlier run: %s", strerror(-r));
	return r;
}

int datapath_attach(struct datapath *datapath, uint32_t ifindex, const char *name, enum datapath_xdp xdp,
		    struct error *error)
{
	struct error why = {};
	int r;

	r = attach_tc(datapath, ifindex, &why);
	if (r == 0) {
		struct datapath_attachment *attachment = attachment_get(datapath, ifindex);

		/* Programs of an earlier life may have judged by an older image meanwhile. */
		if (attachment->hook != HOOK_NONE)
			datapath_new_generation(datapath);
		attachment->hook = datapath->hook;
		r = xdp_set(datapath, ifindex, xdp, &why);
		attachment_get(datapath, ifindex)->xdp = xdp_get(datapath, ifindex);
	}
	return r < 0 ? error_set(error, r, "interface %s: %s", name, why.text) : 0;
}

int datapath_detach(struct datapath *datapath, uint32_t ifindex)
{
	int xdp = xdp_set(datapath, ifindex, XDP_OFF, NULL);
	int tcx = tcx_detach(datapath->root, ifindex);
	int clsact = 0;

	if (clsact_is_marked(datapath->root, ifindex))
		clsact = clsact_detach(datapath->root, datapath->handle, ifindex);
	int r = xdp ?: tcx ?: clsact;
	if (r == 0)
		attachment_forget(datapath, ifindex);
	return r;
}

void datapath_list_attachments(const struct datapath *datapath, datapath_attachments *ret)
{
	vec_for_each (attachment, &datapath->attachments)
		vec_push(ret, *attachment);
}

bool datapath_filters_by_number(const struct datapath *datapath)
{
	bool is_one = datapath->hook == HOOK_CLSACT;

	vec_for_each (attachment, &datapath->attachments)
		is_one |= attachment->hook == HOOK_CLSACT;
	return is_one;
}
