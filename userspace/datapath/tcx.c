// SPDX-License-Identifier: BSD-2-Clause
/*
 * Both directions by tcx links, kernel 6.6 and later. The words are swapped on
 * the host's side of a pair: what leaves the pod comes in at its interface.
 */
#include <string.h>

#include "datapath/datapath_private.h"

int tcx_attach(struct datapath *datapath, uint32_t ifindex, struct error *error)
{
	int from_pod = bpf_program__fd(datapath->skeleton->progs.weir_from_pod);
	int to_pod = bpf_program__fd(datapath->skeleton->progs.weir_to_pod);
	bool created = false;
	int r;

	r = pinned_link_attach(datapath->root, ifindex, PINNED_INGRESS, from_pod, &created);
	if (r < 0)
		return error_set(error, r, "attach to tcx ingress: %s", strerror(-r));
	r = pinned_link_attach(datapath->root, ifindex, PINNED_EGRESS, to_pod, NULL);
	if (r == 0)
		return 0;
	/* One direction alone is neither enforced nor free. */
	if (created)
		pinned_link_detach(datapath->root, ifindex, PINNED_INGRESS);
	return error_set(error, r, "attach to tcx egress: %s", strerror(-r));
}

int tcx_detach(const char *root, uint32_t ifindex)
{
	int ingress = pinned_link_detach(root, ifindex, PINNED_INGRESS);
	int egress = pinned_link_detach(root, ifindex, PINNED_EGRESS);

	return ingress ?: egress;
}
