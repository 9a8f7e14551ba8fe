/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses that a pair's other end has in its own namespace. */
#ifndef WEIR_DATAPATH_PEER_ADDRS_H
#define WEIR_DATAPATH_PEER_ADDRS_H

#include <netlink/netlink.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * sock: one that the kernel is strict with (NETLINK_GET_STRICT_CHK). Appends to ret; link-local and loopback
 * addresses are left out. -ENOENT where they can't be known.
 */
int peer_addrs_read(struct nl_sock *sock, uint32_t ifindex, addr_list *ret);

#endif
