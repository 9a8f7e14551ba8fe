/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the node's packets to everybody else go. */
#ifndef WEIR_DATAPATH_DEFAULT_ROUTE_H
#define WEIR_DATAPATH_DEFAULT_ROUTE_H

#include <netlink/netlink.h>

#include "datapath/links.h"

/* 0 or -NLE_*; then *ret is as it was. */
int default_route_read(struct nl_sock *sock, ifindexes *ret);

#endif
