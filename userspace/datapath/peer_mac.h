/* SPDX-License-Identifier: BSD-2-Clause */
/* The MAC address of the other end of a pair, whichever network namespace that is in. */
#ifndef WEIR_DATAPATH_PEER_MAC_H
#define WEIR_DATAPATH_PEER_MAC_H

#include <netlink/netlink.h>
#include <stdint.h>

/*
 * -ENOENT where it can't be known: no such interface, no pair, another end that
 * has no Ethernet address, or a namespace that this kernel doesn't look into.
 */
int peer_mac_read(struct nl_sock *sock, uint32_t ifindex, uint8_t ret[6]);

#endif
