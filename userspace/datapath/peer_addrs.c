// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/peer_addrs.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "datapath/netlink_ask.h"
#include "datapath/node_addrs.h"
#include "datapath/pair.h"

struct asked {
	uint32_t ifindex;
	addr_list *list;
};

static void add_address(struct nl_object *object, void *data)
{
	struct rtnl_addr *from = (struct rtnl_addr *)object;
	const struct asked *asked = data;
	struct addr addr;

	if ((uint32_t)rtnl_addr_get_ifindex(from) == asked->ifindex && node_addr_read(from, &addr))
		vec_push(asked->list, addr);
}

int peer_addrs_read(struct nl_sock *sock, uint32_t ifindex, addr_list *ret)
{
	_cleanup_(nlmsg_freep) struct nl_msg *question = nlmsg_alloc_simple(RTM_GETADDR, NLM_F_DUMP);
	struct pair_end end;
	int r = pair_other_end(sock, ifindex, &end);

	if (r < 0)
		return r;
	const struct ifaddrmsg about = { .ifa_family = AF_UNSPEC, .ifa_index = end.ifindex };
	struct asked asked = { end.ifindex, ret };

	/* What nobody is strict about would be answered for this namespace, as if the number were not there. */
	if (end.netns == NETNS_HERE)
		return -ENOENT;
	if (!question || nlmsg_append(question, (void *)&about, sizeof(about), NLMSG_ALIGNTO) < 0 ||
	    nla_put_s32(question, IFA_TARGET_NETNSID, end.netns) < 0)
		return -ENOMEM;
	return netlink_ask(sock, question, add_address, &asked);
}
