// SPDX-License-Identifier: BSD-2-Clause
/* The addresses by which others know this node. */
#include <netlink/netlink.h>
#include <string.h>

#include "datapath/node_addrs.h"

DEFINE_CLEANUP(struct nl_cache, nl_cache_free);

static bool is_of_this_node(const struct addr *addr)
{
	static const struct cidr others[] = {
		{ { WEIR_IPV4, { 127 } }, 8 },	       { { WEIR_IPV4, { 169, 254 } }, 16 },
		{ { WEIR_IPV4, { 224 } }, 4 },	       { { WEIR_IPV6, { [15] = 1 } }, 128 },
		{ { WEIR_IPV6, { 0xfe, 0x80 } }, 10 }, { { WEIR_IPV6, { 0xff } }, 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (cidr_contains(&others[i], addr))
			return false;
	return true;
}

bool node_addr_read(struct rtnl_addr *from, struct addr *ret)
{
	struct nl_addr *local = rtnl_addr_get_local(from);
	int family = local ? nl_addr_get_family(local) : AF_UNSPEC;
	struct addr addr = { .family = family == AF_INET6 ? WEIR_IPV6 : WEIR_IPV4 };

	if ((family != AF_INET && family != AF_INET6) || nl_addr_get_len(local) != addr_bits(addr.family) / 8)
		return false;
	memcpy(addr.bytes, nl_addr_get_binary_addr(local), nl_addr_get_len(local));
	if (!is_of_this_node(&addr))
		return false;
	*ret = addr;
	return true;
}

static int compare(const void *a, const void *b)
{
	return addr_compare(a, b);
}

int node_addrs_dump(struct nl_sock *sock, addr_list *ret)
{
	_cleanup_(nl_cache_freep) struct nl_cache *cache = NULL;
	int r = rtnl_addr_alloc_cache(sock, &cache);
	struct addr addr;
	size_t n = 0;

	if (r < 0)
		return r;
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o))
		if (node_addr_read((struct rtnl_addr *)o, &addr))
			vec_push(ret, addr);
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare);
	vec_for_each (item, ret)
		if (n == 0 || addr_compare(&ret->items[n - 1], item) != 0)
			ret->items[n++] = *item;
	ret->n = n;
	return 0;
}
