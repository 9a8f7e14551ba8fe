// SPDX-License-Identifier: BSD-2-Clause
#include "cli/demo_net.h"

#include <fcntl.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

/* The node's address towards every pod: each has a link of its own, so one is enough. */
static const char *const gateway[WEIR_FAMILIES] = { [WEIR_IPV4] = "10.77.0.1", [WEIR_IPV6] = "fe80::1" };
static const int families[WEIR_FAMILIES] = { [WEIR_IPV4] = AF_INET, [WEIR_IPV6] = AF_INET6 };

static void nl_socket_freep(struct nl_sock **sock)
{
	nl_socket_free(*sock);
}

static void nl_addr_putp(struct nl_addr **addr)
{
	nl_addr_put(*addr);
}

static void rtnl_link_putp(struct rtnl_link **link)
{
	rtnl_link_put(*link);
}

static void rtnl_addr_putp(struct rtnl_addr **addr)
{
	rtnl_addr_put(*addr);
}

static void rtnl_route_putp(struct rtnl_route **route)
{
	rtnl_route_put(*route);
}

static int present_namespace(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int write_sysctl(const char *name, const char *value, struct error *error)
{
	_cleanup_close_ int fd = open(name, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return error_set(error, -errno, "can't write %s: %s", name, strerror(errno));
	return 0;
}

/* Of the namespace that we are in. Addresses must serve at once, without duplicate address detection. */
static int set_sysctls(const struct demo_net *net, struct error *error)
{
	static const char *const ipv6[][2] = {
		{ "/proc/sys/net/ipv6/conf/all/disable_ipv6", "0" },
		{ "/proc/sys/net/ipv6/conf/default/disable_ipv6", "0" },
		{ "/proc/sys/net/ipv6/conf/default/accept_dad", "0" },
		{ "/proc/sys/net/ipv6/conf/all/forwarding", "1" },
	};
	int r = write_sysctl("/proc/sys/net/ipv4/ip_forward", "1", error);

	for (size_t i = 0; !r && net->ipv6 && i < ARRAY_SIZE(ipv6); i++)
		r = write_sysctl(ipv6[i][0], ipv6[i][1], error);
	return r;
}

/* A routing socket of a namespace goes on belonging to it, wherever its user is. */
static int open_netlink(struct nl_sock **ret, struct error *error)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r = sock ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;

	if (r < 0) {
		nl_socket_free(sock);
		return error_set(error, -EIO, "no routing socket: %s", nl_geterror(r));
	}
	*ret = sock;
	return 0;
}

static int link_up(struct nl_sock *sock, const char *name, int *ret_ifindex, struct error *error)
{
	struct rtnl_link *link _cleanup_(rtnl_link_putp) = NULL, *change _cleanup_(rtnl_link_putp) = rtnl_link_alloc();
	int r = rtnl_link_get_kernel(sock, 0, name, &link);

	if (r >= 0) {
		rtnl_link_set_flags(change, IFF_UP);
		r = rtnl_link_change(sock, link, change, 0);
	}
	if (r < 0)
		return error_set(error, -EIO, "can't bring %s up: %s", name, nl_geterror(r));
	*ret_ifindex = rtnl_link_get_ifindex(link);
	return 0;
}

static int add_address(struct nl_sock *sock, int ifindex, const char *text, enum weir_family family,
		       struct error *error)
{
	struct rtnl_addr *addr _cleanup_(rtnl_addr_putp) = rtnl_addr_alloc();
	struct nl_addr *local _cleanup_(nl_addr_putp) = NULL;
	int r = nl_addr_parse(text, families[family], &local);

	if (r >= 0) {
		if (family == WEIR_IPV6)
			rtnl_addr_set_flags(addr, IFA_F_NODAD);
		rtnl_addr_set_ifindex(addr, ifindex);
		rtnl_addr_set_local(addr, local);
		r = rtnl_addr_add(sock, addr, 0);
	}
	return r < 0 ? error_set(error, -EIO, "can't add the address %s: %s", text, nl_geterror(r)) : 0;
}

/* to: an address or "default". via: the next hop, NULL for a neighbour. */
static int add_route(struct nl_sock *sock, int ifindex, enum weir_family family, const char *const to_via[2],
		     struct error *error)
{
	struct rtnl_route *route _cleanup_(rtnl_route_putp) = rtnl_route_alloc();
	struct nl_addr *destination _cleanup_(nl_addr_putp) = NULL, *next _cleanup_(nl_addr_putp) = NULL;
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	int r = nl_addr_parse(to_via[0], families[family], &destination);

	rtnl_route_nh_set_ifindex(hop, ifindex);
	if (r >= 0 && to_via[1]) {
		r = nl_addr_parse(to_via[1], families[family], &next);
		rtnl_route_nh_set_gateway(hop, next);
	}
	rtnl_route_add_nexthop(route, hop);
	if (r >= 0) {
		rtnl_route_set_family(route, families[family]);
		rtnl_route_set_scope(route, to_via[1] ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
		rtnl_route_set_dst(route, destination);
		r = rtnl_route_add(sock, route, NLM_F_EXCL);
	}
	return r < 0 ? error_set(error, -EIO, "can't add the route to %s: %s", to_via[0], nl_geterror(r)) : 0;
}

static int add_veth(struct nl_sock *sock, const struct demo_net *net, enum demo_pod pod, struct error *error)
{
	struct rtnl_link *link _cleanup_(rtnl_link_putp) = rtnl_link_veth_alloc(), *peer;
	int r;

	rtnl_link_set_name(link, demo_pods[pod].interface);
	peer = rtnl_link_veth_get_peer(link);
	rtnl_link_set_name(peer, "eth0");
	rtnl_link_set_ns_fd(peer, net->pods[pod]);
	rtnl_link_put(peer);
	r = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
	if (r == -NLE_OPNOTSUPP)
		return error_set(error, -EOPNOTSUPP, "this kernel has no veth interfaces (modprobe veth)");
	return r < 0 ? error_set(error, -EIO, "can't make a veth pair: %s", nl_geterror(r)) : 0;
}

static int set_up_node_side(struct nl_sock *sock, const struct demo_net *net, enum demo_pod pod, struct error *error)
{
	int ifindex, r = link_up(sock, demo_pods[pod].interface, &ifindex, error);

	for (enum weir_family family = 0; !r && family < (net->ipv6 ? WEIR_FAMILIES : WEIR_IPV6); family++) {
		const char *const neighbour[2] = { demo_pods[pod].address[family], NULL };
		const char *own = family == WEIR_IPV4 ? gateway[family] : "fe80::1/64";

		r = add_address(sock, ifindex, own, family, error)
			    ?: add_route(sock, ifindex, family, neighbour, error);
	}
	return r;
}

static int set_up_pod_side(struct nl_sock *sock, const struct demo_net *net, enum demo_pod pod, struct error *error)
{
	int ifindex, r = link_up(sock, "lo", &ifindex, error) ?: link_up(sock, "eth0", &ifindex, error);

	for (enum weir_family family = 0; !r && family < (net->ipv6 ? WEIR_FAMILIES : WEIR_IPV6); family++) {
		const char *const neighbour[2] = { gateway[family], NULL };
		const char *const onward[2] = { "default", gateway[family] };

		r = add_address(sock, ifindex, demo_pods[pod].address[family], family, error);
		if (!r && family == WEIR_IPV4)
			r = add_route(sock, ifindex, family, neighbour, error);
		if (!r)
			r = add_route(sock, ifindex, family, onward, error);
	}
	return r;
}

/* Makes a namespace and comes back from it; leaves a routing socket of it. */
static int make_pod_namespace(struct demo_net *net, enum demo_pod pod, struct nl_sock **ret, struct error *error)
{
	int r;

	if (unshare(CLONE_NEWNET))
		return error_set(error, -errno, "no network namespace: %s", strerror(errno));
	net->pods[pod] = present_namespace();
	r = set_sysctls(net, error) ?: open_netlink(ret, error);
	if (setns(net->node, CLONE_NEWNET) && !r)
		r = error_set(error, -errno, "can't leave a network namespace: %s", strerror(errno));
	return r;
}

static int add_pod(struct demo_net *net, struct nl_sock *node, enum demo_pod pod, struct error *error)
{
	struct nl_sock *inside _cleanup_(nl_socket_freep) = NULL;

	return make_pod_namespace(net, pod, &inside, error) ?: add_veth(node, net, pod, error) ?:
	       set_up_node_side(node, net, pod, error) ?: set_up_pod_side(inside, net, pod, error);
}

int demo_net_build(struct demo_net *net, struct error *error)
{
	struct nl_sock *node _cleanup_(nl_socket_freep) = NULL;
	int ifindex, r;

	net->node = present_namespace();
	if (net->node < 0)
		return error_set(error, net->node, "no network namespaces: %s", strerror(-net->node));
	net->ipv6 = !access("/proc/sys/net/ipv6/conf/all/forwarding", W_OK);
	r = set_sysctls(net, error) ?: open_netlink(&node, error) ?: link_up(node, "lo", &ifindex, error);
	for (enum demo_pod pod = 0; !r && pod < DEMO_PODS; pod++)
		r = add_pod(net, node, pod, error);
	return r;
}

void demo_net_close(struct demo_net *net)
{
	closep(&net->node);
	for (enum demo_pod pod = 0; pod < DEMO_PODS; pod++)
		closep(&net->pods[pod]);
}

int demo_net_socket(const struct demo_net *net, enum demo_pod pod, int family, int type)
{
	int fd, saved;

	if (setns(net->pods[pod], CLONE_NEWNET))
		return -errno;
	fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	saved = errno;
	if (setns(net->node, CLONE_NEWNET)) {
		closep(&fd);
		return -errno;
	}
	return fd < 0 ? -saved : fd;
}
