// SPDX-License-Identifier: BSD-2-Clause
#include "cni/interface.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

#define NETNS_HERE "/proc/thread-self/ns/net"
#define NO_NETNS   (-1)

DEFINE_CLEANUP(struct nl_sock, nl_socket_free);
DEFINE_CLEANUP(struct nl_msg, nlmsg_free);
DEFINE_CLEANUP(struct rtnl_link, rtnl_link_put);

static int open_socket(struct nl_sock **ret)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = nl_socket_alloc();

	if (!sock || nl_connect(sock, NETLINK_ROUTE) < 0)
		return -EIO;
	*ret = TAKE_PTR(sock);
	return 0;
}

/* A socket belongs to the namespace that it was made in, whoever uses it. */
static int open_socket_in(int netns, struct nl_sock **ret)
{
	_cleanup_close_ int here = open(NETNS_HERE, O_RDONLY | O_CLOEXEC);
	int r;

	if (here < 0)
		return -errno;
	if (setns(netns, CLONE_NEWNET) < 0)
		return -errno;
	r = open_socket(ret);
	if (setns(here, CLONE_NEWNET) < 0)
		return -errno;
	return r;
}

static int keep_number(struct nl_msg *message, void *data)
{
	struct nlattr *number = nlmsg_find_attr(nlmsg_hdr(message), sizeof(struct rtgenmsg), NETNSA_NSID);

	if (number)
		*(int *)data = nla_get_s32(number);
	return NL_OK;
}

/* What the namespace of sock calls another one; NO_NETNS: nothing. */
static int number_of(struct nl_sock *sock, int netns)
{
	_cleanup_(nlmsg_freep) struct nl_msg *question = nlmsg_alloc_simple(RTM_GETNSID, NLM_F_REQUEST | NLM_F_ACK);
	const struct rtgenmsg header = { .rtgen_family = AF_UNSPEC };
	int number = NO_NETNS;

	if (!question || nlmsg_append(question, (void *)&header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(question, NETNSA_FD, (uint32_t)netns) < 0)
		return NO_NETNS;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, keep_number, &number);
	if (nl_send_auto(sock, question) < 0 || nl_recvmsgs_default(sock) < 0)
		return NO_NETNS;
	/* The answer and its acknowledgement are two. */
	if (number != NO_NETNS)
		nl_wait_for_ack(sock);
	return number;
}

static bool is_pair(struct rtnl_link *link)
{
	const char *type = rtnl_link_get_type(link) ?: "";

	return strcmp(type, "veth") == 0 || strcmp(type, "netkit") == 0;
}

static bool names_each_other(struct rtnl_link *host, struct rtnl_link *inside, int netns_number)
{
	int number = NO_NETNS;

	rtnl_link_get_link_netnsid(host, &number);
	return is_pair(host) && rtnl_link_get_link(host) == rtnl_link_get_ifindex(inside) && number == netns_number;
}

static int find_other_end(int netns, struct rtnl_link *inside, struct host_interface *ret)
{
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL, *asking = NULL;
	_cleanup_(rtnl_link_putp) struct rtnl_link *host = NULL;

	if (open_socket(&sock) < 0 || open_socket(&asking) < 0)
		return -EIO;
	if (rtnl_link_get_kernel(sock, rtnl_link_get_link(inside), NULL, &host) < 0)
		return -ENOENT;
	if (!names_each_other(host, inside, number_of(asking, netns)))
		return -ENOENT;
	ret->ifindex = (uint32_t)rtnl_link_get_ifindex(host);
	snprintf(ret->name, sizeof(ret->name), "%s", rtnl_link_get_name(host));
	return 0;
}

int host_interface_find(const char *netns, const char *ifname, struct host_interface *ret, struct cni_error *error)
{
	_cleanup_close_ int fd = open(netns, O_RDONLY | O_CLOEXEC);
	_cleanup_(nl_socket_freep) struct nl_sock *sock = NULL;
	_cleanup_(rtnl_link_putp) struct rtnl_link *inside = NULL;
	int r = fd < 0 ? -errno : open_socket_in(fd, &sock);

	if (r < 0)
		return cni_fail(error, CNI_IO_FAILURE, "the container's network namespace can't be entered",
				"%s: %s (CNI_NETNS)", netns, strerror(-r));
	if (rtnl_link_get_kernel(sock, 0, ifname, &inside) < 0)
		return cni_fail(error, CNI_NO_INTERFACE, "the container has no such interface",
				"%s isn't there in %s (CNI_IFNAME)", ifname, netns);
	if (!is_pair(inside))
		return cni_fail(error, CNI_NO_INTERFACE, "the container's interface is no veth or netkit",
				"%s is of type %s, which has no end on the node where weir could enforce (use a plugin "
				"that makes a veth, as bridge and ptp do)",
				ifname, rtnl_link_get_type(inside) ?: "unknown");
	if (find_other_end(fd, inside, ret) < 0)
		return cni_fail(error, CNI_NO_INTERFACE, "the container's interface has no end on this node",
				"the other end of %s is in another network namespace than this one", ifname);
	return 0;
}
