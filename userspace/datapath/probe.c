// SPDX-License-Identifier: BSD-2-Clause
/* What this kernel can do, found out by asking it. */
#include <string.h>

#include "datapath/compat.h"
#include "datapath/datapath_private.h"

#define IFINDEX_LO 1 /* of every network namespace */

/* A query changes nothing, and a kernel that does not know the attach type says so before it looks at anything else. */
static bool has_tcx(void)
{
	LIBBPF_OPTS(bpf_prog_query_opts, opts);

	return bpf_prog_query_opts(IFINDEX_LO, COMPAT_TCX_INGRESS, &opts) != -EINVAL;
}

enum datapath_hook probe_hook(void)
{
	const char *forced = getenv("WEIR_HOOK");

	if (forced && strcmp(forced, "clsact") == 0)
		return HOOK_CLSACT;
	return has_tcx() ? HOOK_TCX : HOOK_CLSACT;
}

enum datapath_hook datapath_probe_hook(struct datapath *datapath)
{
	return datapath->hook;
}
