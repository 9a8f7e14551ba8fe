/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of the kernel's UAPI that are newer than the headers that weir is
 * built against may be. They never change; a kernel that does not know one
 * answers -EINVAL.
 */
#ifndef WEIR_DATAPATH_COMPAT_H
#define WEIR_DATAPATH_COMPAT_H

#include <linux/bpf.h>

/* enum bpf_attach_type, since 6.6 */
#define COMPAT_TCX_INGRESS ((enum bpf_attach_type)46)
#define COMPAT_TCX_EGRESS  ((enum bpf_attach_type)47)

/* BPF_F_BEFORE, since 6.6: with nothing to be before, the first */
#define COMPAT_F_BEFORE (1u << 3)

/*
 * struct bpf_link_info has {ifindex, attach_type} for tcx since 6.6, in the
 * same place of the union as {ifindex} for XDP.
 */
static inline __u32 compat_link_ifindex(const struct bpf_link_info *info)
{
	return info->xdp.ifindex;
}

/* enum nft_devices_attributes, since 6.17: the beginning of interfaces' names, of which none need be there */
#define COMPAT_NFTA_DEVICE_PREFIX 2

/* enum nft_table_flags, since 6.9: the table stays when its owner ends */
#define COMPAT_NFT_TABLE_F_PERSIST (1u << 2)

#endif
