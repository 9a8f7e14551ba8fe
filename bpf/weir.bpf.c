// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The entry points of the packet's walk. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"

SEC("tc")
int weir_from_pod(struct __sk_buff *skb)
{
	return 2;
}

SEC("tc")
int weir_to_pod(struct __sk_buff *skb)
{
	return 2;
}

SEC("xdp.frags")
int weir_xdp(struct xdp_md *xdp)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
