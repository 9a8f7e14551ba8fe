/* SPDX-License-Identifier: BSD-2-Clause */
/* What ARP, neighbour discovery and a bridge's forwarding table say: all of it as whoever sent something said. */
#ifndef WEIR_DATAPATH_NEIGHBOUR_H
#define WEIR_DATAPATH_NEIGHBOUR_H

#include <netlink/netlink.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mac.h"

/* The MAC address that the node has for an address behind an interface. -ENOENT where it has none. */
int neighbour_read(struct nl_sock *sock, uint32_t ifindex, const struct addr *addr, uint8_t ret[MAC_LENGTH]);
/* The port that a bridge passes frames for a MAC address to. -ENOENT where it would have to flood, or is it itself. */
int neighbour_port(struct nl_sock *sock, uint32_t bridge, const uint8_t mac[MAC_LENGTH], uint32_t *ret);

#endif
