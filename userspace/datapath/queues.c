// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/queues.h"

#include <linux/pkt_sched.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/tc.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* A VLAN on a bond on its ports, and room for more. */
#define DEPTH_MAX 6

DEFINE_CLEANUP(struct nl_cache, nl_cache_free);

/* --- what there is ------------------------------------------------------------- */

static int read_qdiscs(struct nl_sock *sock, struct queues *queues)
{
	_cleanup_(nl_cache_freep) struct nl_cache *cache = NULL;
	int r = rtnl_qdisc_alloc_cache(sock, &cache);

	if (r < 0)
		return r;
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct rtnl_tc *tc = TC_CAST((struct rtnl_qdisc *)o);
		struct queues_qdisc qdisc = {
			.ifindex = (uint32_t)rtnl_tc_get_ifindex(tc),
			.handle = rtnl_tc_get_handle(tc),
			.parent = rtnl_tc_get_parent(tc),
		};

		snprintf(qdisc.kind, sizeof(qdisc.kind), "%s", rtnl_tc_get_kind(tc) ?: "?");
		vec_push(&queues->qdiscs, qdisc);
	}
	return 0;
}

/* The other interface that the kernel names is a veth's peer in another namespace, and a tunnel's way out. */
static bool is_stacked(const char *type)
{
	static const char *const types[] = { "vlan", "macvlan", "ipvlan", "macsec" };

	for (size_t i = 0; type && i < ARRAY_SIZE(types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

static int read_links(struct nl_sock *sock, struct queues *queues)
{
	_cleanup_(nl_cache_freep) struct nl_cache *cache = NULL;
	int r = rtnl_link_alloc_cache(sock, AF_UNSPEC, &cache);

	if (r < 0)
		return r;
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *is = (struct rtnl_link *)o;
		struct queues_link link = {
			.ifindex = (uint32_t)rtnl_link_get_ifindex(is),
			.upper = (uint32_t)rtnl_link_get_master(is),
			.lower = is_stacked(rtnl_link_get_type(is)) ? (uint32_t)rtnl_link_get_link(is) : 0,
		};

		snprintf(link.name, sizeof(link.name), "%s", rtnl_link_get_name(is) ?: "?");
		vec_push(&queues->links, link);
	}
	return 0;
}

int queues_read(struct nl_sock *sock, struct queues *ret)
{
	struct queues queues = {};
	int r = read_qdiscs(sock, &queues);

	if (r == 0)
		r = read_links(sock, &queues);
	if (r == 0)
		*ret = queues;
	else
		queues_free(&queues);
	return r;
}

void queues_free(struct queues *queues)
{
	vec_free(&queues->qdiscs);
	vec_free(&queues->links);
}

/* --- what it does ---------------------------------------------------------------- */

static const struct queues_qdisc *root_of(const struct queues *queues, uint32_t ifindex)
{
	vec_for_each (qdisc, &queues->qdiscs)
		if (qdisc->ifindex == ifindex && qdisc->parent == TC_H_ROOT)
			return qdisc;
	return NULL;
}

static bool is_kind(const struct queues_qdisc *qdisc, const char *kind)
{
	return qdisc && strcmp(qdisc->kind, kind) == 0;
}

static bool blame(const struct queues *queues, uint32_t ifindex, const char *kind, struct queues_fault *ret)
{
	vec_for_each (link, &queues->links)
		if (link->ifindex == ifindex)
			memcpy(ret->name, link->name, sizeof(ret->name));
	snprintf(ret->kind, sizeof(ret->kind), "%s", kind);
	return false;
}

/* One qdisc for each of the device's queues. */
static bool children_keep_time(const struct queues *queues, const struct queues_qdisc *root, struct queues_fault *ret)
{
	size_t n = 0;

	vec_for_each (qdisc, &queues->qdiscs) {
		if (qdisc->ifindex != root->ifindex || qdisc->parent == TC_H_ROOT ||
		    TC_H_MAJ(qdisc->parent) != TC_H_MAJ(root->handle))
			continue;
		if (!is_kind(qdisc, "fq"))
			return blame(queues, root->ifindex, qdisc->kind, ret);
		n++;
	}
	return n > 0 || blame(queues, root->ifindex, root->kind, ret);
}

static bool keeps_time(const struct queues *queues, uint32_t ifindex, unsigned depth, struct queues_fault *ret)
{
	const struct queues_qdisc *root = root_of(queues, ifindex);
	size_t n = 0;

	if (is_kind(root, "fq"))
		return true;
	if (is_kind(root, "mq") || is_kind(root, "mqprio"))
		return children_keep_time(queues, root, ret);
	if ((root && !is_kind(root, "noqueue")) || depth == DEPTH_MAX)
		return blame(queues, ifindex, root ? root->kind : "noqueue", ret);
	vec_for_each (link, &queues->links) {
		const uint32_t below = link->upper == ifindex	  ? link->ifindex
				       : link->ifindex == ifindex ? link->lower
								  : 0;

		if (!below)
			continue;
		if (!keeps_time(queues, below, depth + 1, ret))
			return false;
		n++;
	}
	return n > 0 || blame(queues, ifindex, "noqueue", ret);
}

bool queues_keep_time(const struct queues *queues, uint32_t ifindex, struct queues_fault *ret)
{
	return keeps_time(queues, ifindex, 0, ret);
}
