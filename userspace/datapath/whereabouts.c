// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/whereabouts.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "datapath/host_route.h"
#include "datapath/neighbour.h"
#include "datapath/pair.h"
#include "datapath/peer_addrs.h"

/* Datagrams a dispatch takes; the rest keep the descriptor readable. */
#define DISPATCH_MAX 1024

struct whereabouts {
	struct nl_sock *ask;   /* strict, so that what is asked of another namespace is not answered for this one */
	struct nl_sock *watch; /* its own: a storm of neighbours shall not push out news of links */
	bool watches;
	bool (*is_sought)(void *data, const struct addr *addr); /* while dispatching */
	void *data;
	bool news;
};

/* --- looking ----------------------------------------------------------------- */

static void add(sightings *list, const struct addr *addr, uint32_t ifindex, enum interface_found how)
{
	vec_push(list, (struct sighting){ *addr, ifindex, how });
}

static void look_on_bridge(struct whereabouts *whereabouts, uint32_t bridge, const struct addr *addr, sightings *ret)
{
	uint8_t mac[MAC_LENGTH];
	uint32_t port;

	if (neighbour_read(whereabouts->ask, bridge, addr, mac) == 0 &&
	    neighbour_port(whereabouts->ask, bridge, mac, &port) == 0)
		add(ret, addr, port, FOUND_BRIDGE);
}

void whereabouts_of(struct whereabouts *whereabouts, const struct addr *addr, sightings *ret)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
	struct host_route route;
	uint8_t mac[MAC_LENGTH];
	const char *type;

	if (host_route_read(whereabouts->ask, addr, &route) < 0 ||
	    pair_read(whereabouts->ask, &(struct pair_end){ route.ifindex, NETNS_HERE }, &link) < 0)
		return;
	type = rtnl_link_get_type(link) ?: "";
	if (strcmp(type, "bridge") == 0)
		look_on_bridge(whereabouts, route.ifindex, addr, ret);
	else if (route.exact)
		add(ret, addr, route.ifindex, FOUND_ROUTE);
	else if (neighbour_read(whereabouts->ask, route.ifindex, addr, mac) == 0)
		add(ret, addr, route.ifindex, FOUND_NEIGHBOUR);
}

void whereabouts_behind(struct whereabouts *whereabouts, uint32_t ifindex, sightings *ret)
{
	addr_list addrs = {};

	peer_addrs_read(whereabouts->ask, ifindex, &addrs);
	vec_for_each (addr, &addrs)
		add(ret, addr, ifindex, FOUND_PEER);
	vec_free(&addrs);
}

/* --- watching ---------------------------------------------------------------- */

static bool is_about_sought(const struct whereabouts *whereabouts, struct nl_addr *from)
{
	const int family = from ? nl_addr_get_family(from) : AF_UNSPEC;
	struct addr addr = { .family = family == AF_INET6 ? WEIR_IPV6 : WEIR_IPV4 };

	if ((family != AF_INET && family != AF_INET6) || nl_addr_get_len(from) != addr_bits(addr.family) / 8)
		return false;
	memcpy(addr.bytes, nl_addr_get_binary_addr(from), nl_addr_get_len(from));
	return whereabouts->is_sought(whereabouts->data, &addr);
}

static void neighbour_changed(struct nl_object *object, void *data)
{
	struct whereabouts *whereabouts = data;

	whereabouts->news |= is_about_sought(whereabouts, rtnl_neigh_get_dst((struct rtnl_neigh *)object));
}

static void route_changed(struct nl_object *object, void *data)
{
	struct nl_addr *to = rtnl_route_get_dst((struct rtnl_route *)object);
	struct whereabouts *whereabouts = data;
	const unsigned length = to ? nl_addr_get_prefixlen(to) : 0;

	whereabouts->news |= length == addr_bits(WEIR_IPV4) || length == addr_bits(WEIR_IPV6)
				     ? is_about_sought(whereabouts, to)
				     : rtnl_route_get_scope((struct rtnl_route *)object) == RT_SCOPE_LINK;
}

static int on_message(struct nl_msg *message, void *data)
{
	switch (nlmsg_hdr(message)->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		nl_msg_parse(message, route_changed, data);
		break;
	case RTM_NEWNEIGH:
		nl_msg_parse(message, neighbour_changed, data);
		break;
	}
	return NL_OK;
}

void whereabouts_watch(struct whereabouts *whereabouts, bool on)
{
	int (*change)(struct nl_sock * sock, int group, ...) =
		on ? nl_socket_add_memberships : nl_socket_drop_memberships;

	if (whereabouts->watches == on)
		return;
	/* Where it is refused, sought addresses are looked for from time to time all the same. */
	change(whereabouts->watch, RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, 0);
	whereabouts->watches = on;
}

int whereabouts_fd(const struct whereabouts *whereabouts)
{
	return nl_socket_get_fd(whereabouts->watch);
}

bool whereabouts_dispatch(struct whereabouts *whereabouts, bool (*is_sought)(void *data, const struct addr *addr),
			  void *data)
{
	int r = 0;

	whereabouts->is_sought = is_sought;
	whereabouts->data = data;
	whereabouts->news = false;
	for (int i = 0; r == 0 && i < DISPATCH_MAX; i++)
		r = nl_recvmsgs_default(whereabouts->watch);
	return whereabouts->news || (r < 0 && r != -NLE_AGAIN);
}

/* --- opening ----------------------------------------------------------------- */

static int open_sockets(struct whereabouts *whereabouts)
{
	const int strict = 1;
	int r;

	whereabouts->ask = nl_socket_alloc();
	whereabouts->watch = nl_socket_alloc();
	if (!whereabouts->ask || !whereabouts->watch)
		return -NLE_NOMEM;
	nl_socket_disable_seq_check(whereabouts->watch);
	nl_socket_modify_cb(whereabouts->watch, NL_CB_VALID, NL_CB_CUSTOM, on_message, whereabouts);
	r = nl_connect(whereabouts->watch, NETLINK_ROUTE);
	if (r == 0)
		r = nl_socket_set_nonblocking(whereabouts->watch);
	if (r == 0)
		r = nl_connect(whereabouts->ask, NETLINK_ROUTE);
	if (r == 0 && setsockopt(nl_socket_get_fd(whereabouts->ask), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict,
				 sizeof(strict)) < 0)
		return -NLE_OPNOTSUPP;
	return r;
}

int whereabouts_open(struct whereabouts **ret, struct error *error)
{
	_cleanup_(whereabouts_closep) struct whereabouts *whereabouts = new0(struct whereabouts);
	int r = open_sockets(whereabouts);

	if (r < 0)
		return error_set(error, -EIO, "watch routes and neighbours: %s", nl_geterror(r));
	*ret = TAKE_PTR(whereabouts);
	return 0;
}

void whereabouts_close(struct whereabouts *whereabouts)
{
	if (!whereabouts)
		return;
	nl_socket_free(whereabouts->ask);
	nl_socket_free(whereabouts->watch);
	free(whereabouts);
}
