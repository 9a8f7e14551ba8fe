// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/default_route.h"

#include <linux/rtnetlink.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

DEFINE_CLEANUP(struct nl_cache, nl_cache_free);

static bool is_default(struct rtnl_route *route)
{
	struct nl_addr *to = rtnl_route_get_dst(route);

	return rtnl_route_get_table(route) == RT_TABLE_MAIN && rtnl_route_get_type(route) == RTN_UNICAST &&
	       (!to || nl_addr_get_prefixlen(to) == 0);
}

static void add(ifindexes *list, uint32_t ifindex)
{
	vec_for_each (known, list)
		if (*known == ifindex)
			return;
	if (ifindex)
		vec_push(list, ifindex);
}

static void add_nexthop(struct rtnl_nexthop *nexthop, void *data)
{
	add(data, (uint32_t)rtnl_route_nh_get_ifindex(nexthop));
}

static int read_family(struct nl_sock *sock, int family, ifindexes *list)
{
	_cleanup_(nl_cache_freep) struct nl_cache *cache = NULL;
	int r = rtnl_route_alloc_cache(sock, family, 0, &cache);

	if (r < 0)
		return r;
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o))
		if (is_default((struct rtnl_route *)o))
			rtnl_route_foreach_nexthop((struct rtnl_route *)o, add_nexthop, list);
	return 0;
}

int default_route_read(struct nl_sock *sock, ifindexes *ret)
{
	ifindexes found = {};
	int r = read_family(sock, AF_INET, &found);

	if (r == 0)
		r = read_family(sock, AF_INET6, &found);
	vec_for_each (ifindex, &found)
		if (r == 0)
			add(ret, *ifindex);
	vec_free(&found);
	return r;
}
