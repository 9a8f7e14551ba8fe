// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs of somebody else's, for the hooks that weir is at too. strangers.py compiles and attaches them. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

/* Ends the walk: nobody behind it sees the packet. */
SEC("tc")
int passer(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}

SEC("tc")
int bystander(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("xdp")
int rival(struct xdp_md *xdp)
{
	return XDP_PASS;
}

/* As libxdp calls its own. */
SEC("xdp")
int xdp_dispatcher(struct xdp_md *xdp)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
