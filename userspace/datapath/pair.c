// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel says of an end of a pair which index the other end has, and in
 * which namespace (by a number that it gives that namespace in ours when it is
 * asked); and it answers questions about interfaces of a namespace with such a
 * number. So nobody has to enter the namespace.
 */
#include "datapath/pair.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdbool.h>
#include <string.h>

#include "datapath/netlink_ask.h"

static void keep_link(struct nl_object *object, void *data)
{
	struct rtnl_link **link = data;

	if (*link)
		return;
	nl_object_get(object);
	*link = (struct rtnl_link *)object;
}

/* rtnl_link_get_kernel() asks only in the namespace that the socket is of. */
int pair_read(struct nl_sock *sock, const struct pair_end *end, struct rtnl_link **ret)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
	_cleanup_(nlmsg_freep) struct nl_msg *question = NULL;
	int r;

	if (rtnl_link_build_get_request((int)end->ifindex, NULL, &question) < 0 ||
	    (end->netns != NETNS_HERE && nla_put_s32(question, IFLA_TARGET_NETNSID, end->netns) < 0))
		return -ENOMEM;
	r = netlink_ask(sock, question, keep_link, &link);
	if (r < 0)
		return r;
	if (!link)
		return -ENOENT;
	*ret = TAKE_PTR(link);
	return 0;
}

/* Others name another interface as theirs, too: a VLAN the one below it. */
static bool is_pair(struct rtnl_link *link)
{
	const char *type = rtnl_link_get_type(link) ?: "";

	return (strcmp(type, "veth") == 0 || strcmp(type, "netkit") == 0) && rtnl_link_get_link(link);
}

int pair_other_end(struct nl_sock *sock, uint32_t ifindex, struct pair_end *ret)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
	const struct pair_end here = { ifindex, NETNS_HERE };
	struct pair_end other;
	int r = pair_read(sock, &here, &link);

	if (r < 0)
		return r;
	if (!is_pair(link))
		return -ENOENT;
	other.ifindex = (uint32_t)rtnl_link_get_link(link);
	if (rtnl_link_get_link_netnsid(link, &other.netns) < 0)
		other.netns = NETNS_HERE;
	*ret = other;
	return 0;
}
