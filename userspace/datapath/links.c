// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel's notifications keep a table of interfaces; what they do not tell
 * (the other end of a pair changed its namespace, some were lost) is asked for.
 *
 * libnl's cache manager is not used: it files bridges and bridge ports under
 * one family and then loses a bridge's end.
 */
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <string.h>

#include "base/mem.h"
#include "datapath/links.h"
#include "datapath/node_addrs.h"
#include "datapath/default_route.h"
#include "datapath/peer_mac.h"
#include "datapath/queues.h"

/* Room for the notifications of some thousand interfaces that come at once. */
#define EVENT_BUFFER (1 << 20)
/* Datagrams a dispatch takes; the rest keep the descriptor readable. */
#define DISPATCH_MAX 1024

struct entry {
	struct link_info info;
	uint32_t peer; /* of a veth: index of the other end, in the namespace where that is */
};
typedef VEC(struct entry) entry_list;

struct links {
	struct links_events events;
	struct nl_sock *event_sock;
	struct nl_sock *dump_sock;
	entry_list entries;
	addr_list addrs; /* sorted, distinct */
	bool addrs_stale;
};

DEFINE_CLEANUP(struct nl_cache, nl_cache_free);
DEFINE_CLEANUP(struct rtnl_link, rtnl_link_put);

static int from_nl(int r)
{
	switch (-r) {
	case NLE_SUCCESS:
		return 0;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

/* --- interfaces -------------------------------------------------------------- */

static struct entry entry_from(struct rtnl_link *link)
{
	const char *type = rtnl_link_get_type(link);
	const char *name = rtnl_link_get_name(link);
	struct entry entry = {
		.info.ifindex = rtnl_link_get_ifindex(link),
		.info.is_veth = type && (strcmp(type, "veth") == 0 || strcmp(type, "netkit") == 0),
		.info.up = rtnl_link_get_flags(link) & IFF_UP,
		.info.running = rtnl_link_get_flags(link) & IFF_RUNNING,
	};
	int32_t netns;

	entry.info.peer_elsewhere = rtnl_link_get_link_netnsid(link, &netns) == 0 && netns >= 0;
	entry.peer = entry.info.is_veth ? rtnl_link_get_link(link) : 0;
	snprintf(entry.info.name, sizeof(entry.info.name), "%s", name ?: "");
	return entry;
}

static struct entry *find(const entry_list *list, uint32_t ifindex)
{
	vec_for_each (entry, list)
		if (entry->info.ifindex == ifindex)
			return entry;
	return NULL;
}

static bool same_info(const struct link_info *a, const struct link_info *b)
{
	return a->ifindex == b->ifindex && strcmp(a->name, b->name) == 0 && a->is_veth == b->is_veth &&
	       a->peer_elsewhere == b->peer_elsewhere && a->up == b->up && a->running == b->running;
}

/* Tells only of what link_info holds: the kernel announces far more. */
static void put_entry(struct links *links, struct entry entry)
{
	struct entry *known = find(&links->entries, entry.info.ifindex);
	bool changed = !known || !same_info(&known->info, &entry.info);

	if (known)
		*known = entry;
	else
		vec_push(&links->entries, entry);
	if (changed)
		links->events.changed(links->events.data, &entry.info);
}

static void drop_entry(struct links *links, uint32_t ifindex)
{
	struct entry *known = find(&links->entries, ifindex);

	if (!known)
		return;
	struct entry entry = *known;
	*known = links->entries.items[--links->entries.n];
	links->events.gone(links->events.data, ifindex, entry.info.name);
}

static void ask_again(struct links *links, uint32_t ifindex)
{
	_cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;

	if (rtnl_link_get_kernel(links->dump_sock, ifindex, NULL, &link) == 0)
		put_entry(links, entry_from(link));
}

/*
 * The end of a pair that stays is not announced when the other moves to another
 * namespace, or comes from there. Which end knows of the other depends on which
 * was made first; the one that stays is asked.
 */
static void peer_left(struct links *links, uint32_t ifindex)
{
	vec_for_each (entry, &links->entries)
		if (entry->info.is_veth && !entry->info.peer_elsewhere && entry->peer == ifindex) {
			ask_again(links, entry->info.ifindex);
			return;
		}
}

static void peer_came(struct links *links, const struct entry *came)
{
	const struct entry *peer = came->info.is_veth ? find(&links->entries, came->peer) : NULL;

	if (peer && peer->info.is_veth && peer->info.peer_elsewhere)
		ask_again(links, peer->info.ifindex);
}

static void link_announced(struct nl_object *object, void *data)
{
	struct entry entry = entry_from((struct rtnl_link *)object);
	struct links *links = data;
	bool is_new = !find(&links->entries, entry.info.ifindex);

	put_entry(links, entry);
	if (is_new && !entry.info.peer_elsewhere)
		peer_came(links, &entry);
}

static void link_withdrawn(struct nl_object *object, void *data)
{
	uint32_t ifindex = rtnl_link_get_ifindex((struct rtnl_link *)object);
	struct links *links = data;

	drop_entry(links, ifindex);
	peer_left(links, ifindex);
}

static int dump_links(const struct links *links, entry_list *ret)
{
	_cleanup_(nl_cache_freep) struct nl_cache *cache = NULL;
	int r = rtnl_link_alloc_cache(links->dump_sock, AF_UNSPEC, &cache);

	if (r < 0)
		return r;
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o))
		vec_push(ret, entry_from((struct rtnl_link *)o));
	return 0;
}

/* What differs from the table comes out as the events that were lost. */
static int resync_links(struct links *links)
{
	entry_list now = {}, before = {};
	int r = dump_links(links, &now);

	if (r < 0)
		return r;
	vec_for_each (entry, &links->entries)
		vec_push(&before, *entry);
	vec_for_each (entry, &before)
		if (!find(&now, entry->info.ifindex))
			drop_entry(links, entry->info.ifindex);
	vec_for_each (entry, &now)
		put_entry(links, *entry);
	vec_free(&before);
	vec_free(&now);
	return 0;
}

/* --- addresses --------------------------------------------------------------- */

static void addr_announced(struct nl_object *object, void *data)
{
	struct links *links = data;
	struct addr addr;

	links->addrs_stale |= node_addr_read((struct rtnl_addr *)object, &addr);
}

static bool same_addrs(const addr_list *a, const addr_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (addr_compare(&a->items[i], &b->items[i]) != 0)
			return false;
	return true;
}

/* *ret_changed: they are others than before. */
static int refresh_addrs(struct links *links, bool *ret_changed)
{
	addr_list now = {};
	int r = node_addrs_dump(links->dump_sock, &now);

	if (r < 0) {
		vec_free(&now);
		return r;
	}
	links->addrs_stale = false;
	*ret_changed = !same_addrs(&links->addrs, &now);
	vec_free(&links->addrs);
	links->addrs = now;
	return 0;
}

/* --- notifications ----------------------------------------------------------- */

static void filter_announced(const struct links *links, const struct nlmsghdr *header)
{
	const struct tcmsg *tc = nlmsg_data(header);

	if (nlmsg_datalen(header) >= (int)sizeof(*tc) && links->events.filters_changed)
		links->events.filters_changed(links->events.data, (uint32_t)tc->tcm_ifindex);
}

static int on_message(struct nl_msg *message, void *data)
{
	const struct nlmsghdr *header = nlmsg_hdr(message);
	const struct ifinfomsg *link = nlmsg_data(header);

	switch (header->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		/* A bridge announces its ports once more in its own family, and takes that back when a port leaves. */
		if (nlmsg_datalen(header) < (int)sizeof(*link) || link->ifi_family != AF_UNSPEC)
			break;
		nl_msg_parse(message, header->nlmsg_type == RTM_NEWLINK ? link_announced : link_withdrawn, data);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		nl_msg_parse(message, addr_announced, data);
		break;
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
	case RTM_DELQDISC:
		filter_announced(data, header);
		break;
	}
	return NL_OK;
}

static int open_sockets(struct links *links)
{
	const int buffer = EVENT_BUFFER;
	int r;

	links->event_sock = nl_socket_alloc();
	links->dump_sock = nl_socket_alloc();
	if (!links->event_sock || !links->dump_sock)
		return -NLE_NOMEM;
	nl_socket_disable_seq_check(links->event_sock);
	nl_socket_modify_cb(links->event_sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, links);
	r = nl_connect(links->event_sock, NETLINK_ROUTE);
	if (r == 0)
		r = nl_socket_set_nonblocking(links->event_sock);
	if (r == 0)
		r = nl_socket_add_memberships(links->event_sock, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
					      0);
	if (r < 0)
		return r;
	/* Without the right to it the default has to do; what is lost is read again. */
	setsockopt(nl_socket_get_fd(links->event_sock), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	return nl_connect(links->dump_sock, NETLINK_ROUTE);
}

int links_open(const struct links_events *events, struct links **ret, struct error *error)
{
	_cleanup_(links_closep) struct links *links = new0(struct links);
	bool changed;
	int r;

	links->events = *events;
	/* Subscribed first, then read: what changes in between is announced. */
	r = open_sockets(links);
	if (r == 0)
		r = dump_links(links, &links->entries);
	if (r == 0)
		r = refresh_addrs(links, &changed);
	if (r < 0)
		return error_set(error, from_nl(r), "watch network interfaces: %s", nl_geterror(r));
	*ret = TAKE_PTR(links);
	return 0;
}

int links_watch_filters(struct links *links, struct error *error)
{
	int r = nl_socket_add_memberships(links->event_sock, RTNLGRP_TC, 0);

	return r < 0 ? error_set(error, from_nl(r), "watch filters of interfaces: %s", nl_geterror(r)) : 0;
}

void links_close(struct links *links)
{
	if (!links)
		return;
	nl_socket_free(links->event_sock);
	nl_socket_free(links->dump_sock);
	vec_free(&links->entries);
	vec_free(&links->addrs);
	free(links);
}

int links_fd(const struct links *links)
{
	return nl_socket_get_fd(links->event_sock);
}

int links_dispatch(struct links *links)
{
	bool changed = false;
	int r = 0;

	for (int i = 0; r == 0 && i < DISPATCH_MAX; i++)
		r = nl_recvmsgs_default(links->event_sock);
	if (r < 0 && r != -NLE_AGAIN) {
		links->addrs_stale = true;
		r = resync_links(links);
		if (links->events.filters_changed)
			links->events.filters_changed(links->events.data, 0);
	} else {
		r = 0;
	}
	if (r == 0 && links->addrs_stale)
		r = refresh_addrs(links, &changed);
	if (changed)
		links->events.addresses_changed(links->events.data);
	return from_nl(r);
}

/* --- what is there ----------------------------------------------------------- */

bool links_by_name(const struct links *links, const char *name, struct link_info *ret)
{
	vec_for_each (entry, &links->entries)
		if (strcmp(entry->info.name, name) == 0) {
			*ret = entry->info;
			return true;
		}
	return false;
}

void links_list(const struct links *links, link_infos *ret)
{
	vec_for_each (entry, &links->entries)
		vec_push(ret, entry->info);
}

int links_default_route(const struct links *links, ifindexes *ret)
{
	return from_nl(default_route_read(links->dump_sock, ret));
}

int links_keep_time(const struct links *links, struct error *error)
{
	_cleanup_(queues_free) struct queues queues = {};
	struct queues_fault fault = {};
	ifindexes routes = {};
	int r = from_nl(default_route_read(links->dump_sock, &routes) ?: queues_read(links->dump_sock, &queues));

	if (r < 0)
		error_set(error, r, "the queues of interfaces can't be read: %s", strerror(-r));
	vec_for_each (ifindex, &routes) {
		if (r == 0 && !queues_keep_time(&queues, *ifindex, &fault))
			r = error_set(error, -EOPNOTSUPP,
				      "packets leave the node by %s, whose qdisc is %s, and only fq keeps departure "
				      "times (tc qdisc replace dev %s root fq)",
				      fault.name, fault.kind, fault.name);
	}
	vec_free(&routes);
	return r;
}

int links_peer_mac(const struct links *links, uint32_t ifindex, uint8_t ret[6])
{
	return peer_mac_read(links->dump_sock, ifindex, ret);
}

void links_addresses(const struct links *links, addr_list *ret)
{
	vec_for_each (addr, &links->addrs)
		vec_push(ret, *addr);
}
