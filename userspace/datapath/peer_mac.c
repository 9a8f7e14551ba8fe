// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/peer_mac.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <stdbool.h>
#include <string.h>

#include "datapath/pair.h"

#define MAC_LEN 6

static bool has_mac(struct rtnl_link *link)
{
	static const uint8_t none[MAC_LEN];
	struct nl_addr *mac = rtnl_link_get_addr(link);

	return rtnl_link_get_arptype(link) == ARPHRD_ETHER && mac && nl_addr_get_len(mac) == MAC_LEN &&
	       memcmp(nl_addr_get_binary_addr(mac), none, MAC_LEN) != 0;
}

int peer_mac_read(struct nl_sock *sock, uint32_t ifindex, uint8_t ret[6])
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *peer = NULL;
	struct pair_end end;
	int r = pair_other_end(sock, ifindex, &end) ?: pair_read(sock, &end, &peer);

	if (r < 0)
		return r;
	if (!has_mac(peer))
		return -ENOENT;
	memcpy(ret, nl_addr_get_binary_addr(rtnl_link_get_addr(peer)), MAC_LEN);
	return 0;
}
