// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel says of an end of a pair which index the other end has, and in
 * which namespace (by a number that it gives that namespace in ours when it is
 * asked); and it answers questions about interfaces of a namespace with such a
 * number. So nobody has to enter the namespace.
 */
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "datapath/peer_mac.h"

#define HERE	(-1) /* the namespace that is asked from */
#define MAC_LEN 6

DEFINE_CLEANUP(struct nl_msg, nlmsg_free);
DEFINE_CLEANUP(struct nl_cb, nl_cb_put);
DEFINE_CLEANUP(struct rtnl_link, rtnl_link_put);

static void keep_link(struct nl_object *object, void *data)
{
	nl_object_get(object);
	*(struct rtnl_link **)data = (struct rtnl_link *)object;
}

static int on_answer(struct nl_msg *message, void *data)
{
	nl_msg_parse(message, keep_link, data);
	return NL_OK;
}

/* rtnl_link_get_kernel() asks only in the namespace that the socket is of. */
static int ask(struct nl_sock *sock, uint32_t ifindex, int netns, struct rtnl_link **ret)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
	_cleanup_(nlmsg_freep) struct nl_msg *question = NULL;
	_cleanup_(nl_cb_putp) struct nl_cb *callbacks = nl_cb_alloc(NL_CB_DEFAULT);

	if (!callbacks || rtnl_link_build_get_request((int)ifindex, NULL, &question) < 0 ||
	    (netns != HERE && nla_put_s32(question, IFLA_TARGET_NETNSID, netns) < 0))
		return -ENOMEM;
	nl_cb_set(callbacks, NL_CB_VALID, NL_CB_CUSTOM, on_answer, &link);
	if (nl_send_auto(sock, question) < 0)
		return -EIO;
	/* A refusal is all of the answer; else an acknowledgement follows it. */
	if (nl_recvmsgs(sock, callbacks) < 0)
		return -ENOENT;
	nl_wait_for_ack(sock);
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

static bool has_mac(struct rtnl_link *link)
{
	static const uint8_t none[MAC_LEN];
	struct nl_addr *mac = rtnl_link_get_addr(link);

	return rtnl_link_get_arptype(link) == ARPHRD_ETHER && mac && nl_addr_get_len(mac) == MAC_LEN &&
	       memcmp(nl_addr_get_binary_addr(mac), none, MAC_LEN) != 0;
}

int peer_mac_read(struct nl_sock *sock, uint32_t ifindex, uint8_t ret[6])
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL, *peer = NULL;
	int32_t netns;
	int r;

	r = ask(sock, ifindex, HERE, &link);
	if (r < 0)
		return r;
	if (!is_pair(link))
		return -ENOENT;
	if (rtnl_link_get_link_netnsid(link, &netns) < 0)
		netns = HERE;
	r = ask(sock, (uint32_t)rtnl_link_get_link(link), netns, &peer);
	if (r < 0)
		return r;
	if (!has_mac(peer))
		return -ENOENT;
	memcpy(ret, nl_addr_get_binary_addr(rtnl_link_get_addr(peer)), MAC_LEN);
	return 0;
}
