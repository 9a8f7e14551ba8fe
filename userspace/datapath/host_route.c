// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/host_route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include "datapath/netlink_ask.h"

struct found {
	unsigned bits;
	struct host_route route; /* no ifindex: none */
};

static void take_route(struct nl_object *object, void *data)
{
	struct rtnl_route *route = (struct rtnl_route *)object;
	struct nl_addr *to = rtnl_route_get_dst(route);
	struct found *found = data;
	struct rtnl_nexthop *hop;

	if (rtnl_route_get_type(route) != RTN_UNICAST || rtnl_route_get_nnexthops(route) != 1)
		return;
	hop = rtnl_route_nexthop_n(route, 0);
	if (rtnl_route_nh_get_gateway(hop) || rtnl_route_nh_get_via(hop))
		return;
	found->route.ifindex = (uint32_t)rtnl_route_nh_get_ifindex(hop);
	found->route.exact = to && nl_addr_get_prefixlen(to) == found->bits;
}

int host_route_read(struct nl_sock *sock, const struct addr *addr, struct host_route *ret)
{
	_cleanup_(nlmsg_freep) struct nl_msg *question = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	struct found found = { .bits = addr_bits(addr->family) };
	const struct rtmsg about = {
		.rtm_family = addr->family == WEIR_IPV4 ? AF_INET : AF_INET6,
		.rtm_dst_len = (unsigned char)found.bits,
		.rtm_flags = RTM_F_FIB_MATCH,
	};
	int r;

	if (!question || nlmsg_append(question, (void *)&about, sizeof(about), NLMSG_ALIGNTO) < 0 ||
	    nla_put(question, RTA_DST, (int)found.bits / 8, addr->bytes) < 0)
		return -ENOMEM;
	r = netlink_ask(sock, question, take_route, &found);
	if (r < 0)
		return r;
	if (!found.route.ifindex)
		return -ENOENT;
	*ret = found.route;
	return 0;
}
