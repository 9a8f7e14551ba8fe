// SPDX-License-Identifier: BSD-2-Clause
/*
 * Both directions by tcx links, kernel 6.6 and later. The words are swapped on
 * the host's side of a pair: what leaves the pod comes in at its interface.
 */
#include <string.h>

#include "base/vec.h"
#include "datapath/compat.h"
#include "datapath/datapath_private.h"

#define PROGRAMS_MAX 64 /* at one hook, by the kernel */

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

/* The kernel lists programs in the order in which they run. */
static int look_at(uint32_t ifindex, enum bpf_attach_type hook, uint32_t ours, bool *ret_lost,
		   char ret_ahead[static DATAPATH_STRANGER_MAX])
{
	uint32_t programs[PROGRAMS_MAX] = {};
	LIBBPF_OPTS(bpf_prog_query_opts, opts, .prog_ids = programs, .prog_cnt = ARRAY_SIZE(programs));

	if (bpf_prog_query_opts((int)ifindex, hook, &opts) < 0)
		return -errno;
	*ret_lost = true;
	for (uint32_t i = 0; i < opts.prog_cnt && *ret_lost; i++)
		*ret_lost = programs[i] != ours;
	if (!*ret_lost && programs[0] != ours)
		program_words(programs[0], ret_ahead);
	return 0;
}

int tcx_look(struct datapath *datapath, uint32_t ifindex, struct datapath_look *ret)
{
	uint32_t *ours = datapath->tcx_programs;

	if (!ours[WEIR_EGRESS] || !ours[WEIR_INGRESS]) {
		ours[WEIR_EGRESS] = program_id(bpf_program__fd(datapath->skeleton->progs.weir_from_pod));
		ours[WEIR_INGRESS] = program_id(bpf_program__fd(datapath->skeleton->progs.weir_to_pod));
	}
	return look_at(ifindex, COMPAT_TCX_INGRESS, ours[WEIR_EGRESS], &ret->lost[WEIR_EGRESS], ret->ahead[WEIR_EGRESS])
		       ?: look_at(ifindex, COMPAT_TCX_EGRESS, ours[WEIR_INGRESS], &ret->lost[WEIR_INGRESS],
				  ret->ahead[WEIR_INGRESS]);
}
