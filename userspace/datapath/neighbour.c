// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/route/neighbour.h>
#include <stdbool.h>
#include <string.h>

#include "datapath/netlink_ask.h"

#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

struct asked {
	uint32_t bridge;
	const uint8_t *mac; /* that is looked for */
	uint8_t found[MAC_LENGTH];
	uint32_t port;
	bool is_found;
};

static bool has_mac(struct rtnl_neigh *neighbour)
{
	struct nl_addr *mac = rtnl_neigh_get_lladdr(neighbour);

	return mac && nl_addr_get_len(mac) == MAC_LENGTH;
}

static void take_mac(struct nl_object *object, void *data)
{
	struct rtnl_neigh *neighbour = (struct rtnl_neigh *)object;
	struct asked *asked = data;

	if (!(rtnl_neigh_get_state(neighbour) & NUD_USABLE) || !has_mac(neighbour))
		return;
	memcpy(asked->found, nl_addr_get_binary_addr(rtnl_neigh_get_lladdr(neighbour)), MAC_LENGTH);
	asked->is_found = true;
}

/* An entry without an end in time is the port's own address. */
static void take_port(struct nl_object *object, void *data)
{
	struct rtnl_neigh *entry = (struct rtnl_neigh *)object;
	struct asked *asked = data;

	if (!has_mac(entry) || (uint32_t)rtnl_neigh_get_master(entry) != asked->bridge ||
	    rtnl_neigh_get_state(entry) & NUD_PERMANENT ||
	    memcmp(nl_addr_get_binary_addr(rtnl_neigh_get_lladdr(entry)), asked->mac, MAC_LENGTH) != 0)
		return;
	asked->port = (uint32_t)rtnl_neigh_get_ifindex(entry);
	asked->is_found = true;
}

int neighbour_read(struct nl_sock *sock, uint32_t ifindex, const struct addr *addr, uint8_t ret[MAC_LENGTH])
{
	_cleanup_(nlmsg_freep) struct nl_msg *question = nlmsg_alloc_simple(RTM_GETNEIGH, 0);
	const struct ndmsg about = {
		.ndm_family = addr->family == WEIR_IPV4 ? AF_INET : AF_INET6,
		.ndm_ifindex = (int)ifindex,
	};
	struct asked asked = {};
	int r;

	if (!question || nlmsg_append(question, (void *)&about, sizeof(about), NLMSG_ALIGNTO) < 0 ||
	    nla_put(question, NDA_DST, (int)addr_bits(addr->family) / 8, addr->bytes) < 0)
		return -ENOMEM;
	r = netlink_ask(sock, question, take_mac, &asked);
	if (r < 0)
		return r;
	if (!asked.is_found)
		return -ENOENT;
	memcpy(ret, asked.found, MAC_LENGTH);
	return 0;
}

/* The list and not the one entry, which would have to be asked for by VLAN. */
int neighbour_port(struct nl_sock *sock, uint32_t bridge, const uint8_t mac[MAC_LENGTH], uint32_t *ret)
{
	_cleanup_(nlmsg_freep) struct nl_msg *question = nlmsg_alloc_simple(RTM_GETNEIGH, NLM_F_DUMP);
	const struct ndmsg about = { .ndm_family = AF_BRIDGE };
	struct asked asked = { .bridge = bridge, .mac = mac };
	int r;

	if (!question || nlmsg_append(question, (void *)&about, sizeof(about), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(question, NDA_MASTER, bridge) < 0)
		return -ENOMEM;
	r = netlink_ask(sock, question, take_port, &asked);
	if (r < 0)
		return r;
	if (!asked.is_found)
		return -ENOENT;
	*ret = asked.port;
	return 0;
}
