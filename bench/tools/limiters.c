// SPDX-License-Identifier: BSD-2-Clause
/* A bare program on what leaves by an interface: one bucket, of packets, in one of the two ways of limiters.bpf.c. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>

#include "base/cleanup.h"
#include "datapath/compat.h"
#include "limiters.skel.h"
#include "tools/traffic.h"
#include "weir/image.h"

static int attach(const struct limiters *skeleton, const struct traffic *traffic, bool swap)
{
	const int program = bpf_program__fd(swap ? skeleton->progs.by_swap : skeleton->progs.by_lock);
	_cleanup_close_ int link =
		bpf_link_create(program, (int)if_nametoindex(traffic->interface), COMPAT_TCX_EGRESS, NULL);

	return link < 0 ? -errno : traffic_stand();
}

static int run(const struct traffic *traffic, bool swap)
{
	struct limiters *skeleton = limiters__open();
	int r;

	if (!skeleton)
		return -errno;
	skeleton->rodata->cost = (uint64_t)(1e9 * WEIR_TICKS_PER_NS / traffic->limit);
	skeleton->rodata->burst = (uint64_t)(traffic->burst * (double)skeleton->rodata->cost);
	r = limiters__load(skeleton) < 0 ? -errno : attach(skeleton, traffic, swap);
	limiters__destroy(skeleton);
	return r;
}

int traffic_swap(const struct traffic *traffic)
{
	return run(traffic, true);
}

int traffic_lock(const struct traffic *traffic)
{
	return run(traffic, false);
}
