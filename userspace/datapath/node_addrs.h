/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses by which others know this node. Private to links.c. */
#ifndef WEIR_DATAPATH_NODE_ADDRS_H
#define WEIR_DATAPATH_NODE_ADDRS_H

#include <netlink/route/addr.h>

#include "datapath/links.h"

/* False for those that are not: loopback, link-local and multicast ones. */
bool node_addr_read(struct rtnl_addr *from, struct addr *ret);
/* All of them, sorted, each once. 0 or a negative libnl error. */
int node_addrs_dump(struct nl_sock *sock, addr_list *ret);

#endif
