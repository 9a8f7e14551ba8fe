/* SPDX-License-Identifier: BSD-2-Clause */
/* By which interface this node reaches an address that is its neighbour's. */
#ifndef WEIR_DATAPATH_HOST_ROUTE_H
#define WEIR_DATAPATH_HOST_ROUTE_H

#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct host_route {
	uint32_t ifindex;
	bool exact; /* the route is for this one address */
};

/*
 * Asked for that address, so that policy rules and every table that they lead to count, and large tables cost
 * nothing. -ENOENT where no route leads there without a gateway by one interface.
 */
int host_route_read(struct nl_sock *sock, const struct addr *addr, struct host_route *ret);

#endif
