/* SPDX-License-Identifier: BSD-2-Clause */
/* The two ends of a veth or netkit pair. */
#ifndef WEIR_DATAPATH_PAIR_H
#define WEIR_DATAPATH_PAIR_H

#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdint.h>

#include "base/cleanup.h"

DEFINE_CLEANUP(struct rtnl_link, rtnl_link_put);

#define NETNS_HERE (-1) /* the namespace that is asked from */

struct pair_end {
	uint32_t ifindex; /* in the namespace where it is */
	int32_t netns;	  /* the number that the kernel knows that one by here, or NETNS_HERE */
};

/* The interface itself. -ENOENT where there is none. */
int pair_read(struct nl_sock *sock, const struct pair_end *end, struct rtnl_link **ret);
/* The other end of an interface of this namespace. -ENOENT where it has none. */
int pair_other_end(struct nl_sock *sock, uint32_t ifindex, struct pair_end *ret);

#endif
