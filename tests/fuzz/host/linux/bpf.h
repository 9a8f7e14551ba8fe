/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's, but for the contexts: on a host a pointer does not fit in 32 bits. */
#ifndef WEIR_TESTS_FUZZ_HOST_LINUX_BPF_H
#define WEIR_TESTS_FUZZ_HOST_LINUX_BPF_H

#define __sk_buff uapi_sk_buff
#define xdp_md	  uapi_xdp_md
#include_next <linux/bpf.h>
#undef __sk_buff
#undef xdp_md

struct __sk_buff {
	__u8 *data;
	__u8 *data_end;
	__u32 len;
	__u32 mark;
	__u32 protocol;
	__u32 vlan_present;
	__u32 vlan_tci;
	__u32 vlan_proto;
	__u32 ifindex;
	__u32 ingress_ifindex;
	__u32 gso_size;
	__u32 gso_segs;
	__u32 cb[5];
};

struct xdp_md {
	__u8 *data;
	__u8 *data_end;
	__u32 ingress_ifindex;
};

#endif
