// SPDX-License-Identifier: BSD-2-Clause
/* What libbpf's tc calls don't tell: whose qdisc it is, and what else hangs on it. */
#include <linux/pkt_sched.h>
#include <netlink/netlink.h>
#include <netlink/route/classifier.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/tc.h>
#include <string.h>

#include "base/vec.h"
#include "datapath/datapath_private.h"

DEFINE_CLEANUP(struct nl_sock, nl_socket_free);
DEFINE_CLEANUP(struct nl_cache, nl_cache_free);

static int connect_route(struct nl_sock **ret)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = nl_socket_alloc();

	if (!sock)
		return -ENOMEM;
	if (nl_connect(sock, NETLINK_ROUTE) < 0)
		return -EIO;
	*ret = TAKE_PTR(sock);
	return 0;
}

int qdisc_kind(uint32_t ifindex, char ret_kind[static 16])
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	_cleanup_(nl_cache_freep) struct nl_cache *qdiscs = NULL;
	int r = connect_route(&sock);

	if (r < 0)
		return r;
	if (rtnl_qdisc_alloc_cache(sock, &qdiscs) < 0)
		return -EIO;
	struct rtnl_qdisc *qdisc = rtnl_qdisc_get_by_parent(qdiscs, ifindex, TC_H_CLSACT);
	snprintf(ret_kind, 16, "%s", qdisc ? rtnl_tc_get_kind(TC_CAST(qdisc)) : "");
	if (qdisc)
		rtnl_qdisc_put(qdisc);
	return 0;
}

int qdisc_has_filters(uint32_t ifindex, bool *ret)
{
	static const uint32_t parents[] = { TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
					    TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS) };
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	int filters = 0, r = connect_route(&sock);

	if (r < 0)
		return r;
	for (int i = 0; i < 2; i++) {
		_cleanup_(nl_cache_freep) struct nl_cache *cache = NULL;

		if (rtnl_cls_alloc_cache(sock, ifindex, parents[i], &cache) < 0)
			return -EIO;
		filters += nl_cache_nitems(cache);
	}
	*ret = filters > 0;
	return 0;
}

/* A priority has an entry of its own, without a handle, before those of its filters. */
static void add_filter(qdisc_filters *list, struct rtnl_cls *cls)
{
	struct qdisc_filter filter = {
		.priority = rtnl_cls_get_prio(cls),
		.handle = rtnl_tc_get_handle(TC_CAST(cls)),
	};

	if (!filter.handle)
		return;
	snprintf(filter.words, sizeof(filter.words), "filter of kind %s, pref %u, handle 0x%x",
		 rtnl_tc_get_kind(TC_CAST(cls)) ?: "?", filter.priority, filter.handle);
	vec_push(list, filter);
}

int qdisc_list_filters(uint32_t ifindex, bool ingress, qdisc_filters *ret)
{
	const uint32_t parent = TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	_cleanup_(nl_cache_freep) struct nl_cache *cache = NULL;
	int r = connect_route(&sock);

	if (r < 0)
		return r;
	if (rtnl_cls_alloc_cache(sock, (int)ifindex, parent, &cache) < 0)
		return -EIO;
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o))
		add_filter(ret, (struct rtnl_cls *)o);
	return 0;
}
