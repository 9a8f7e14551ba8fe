/* SPDX-License-Identifier: BSD-2-Clause */
/* The network interfaces and addresses of this network namespace, kept current by rtnetlink (libnl). */
#ifndef WEIR_DATAPATH_LINKS_H
#define WEIR_DATAPATH_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/vec.h"

struct links;

struct link_info {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
	bool is_veth;	     /* veth or netkit */
	bool peer_elsewhere; /* the other end is in another network namespace */
	bool up;
	bool running; /* and so is the other end */
};
typedef VEC(struct link_info) link_infos;

struct links_events {
	/* An interface appeared, was renamed or changed. */
	void (*changed)(void *data, const struct link_info *link);
	void (*gone)(void *data, uint32_t ifindex, const char *name);
	void (*addresses_changed)(void *data);
	/* A filter or qdisc of the interface came, changed or went; 0: perhaps, of any. Only after
	 * links_watch_filters(). */
	void (*filters_changed)(void *data, uint32_t ifindex);
	void *data;
};

/* Events are only given from links_dispatch(). */
int links_open(const struct links_events *events, struct links **ret, struct error *error);
void links_close(struct links *links);
DEFINE_CLEANUP(struct links, links_close);

/* Tells of filters too, from now on. */
int links_watch_filters(struct links *links, struct error *error);

int links_fd(const struct links *links); /* readable when links_dispatch() has work */
/* Lost events (ENOBUFS) are made good by reading everything again. */
int links_dispatch(struct links *links);

bool links_by_name(const struct links *links, const char *name, struct link_info *ret);
void links_list(const struct links *links, link_infos *ret);
typedef VEC(uint32_t) ifindexes;
/* Interfaces that default routes of the main table go by, of either family, each once. */
int links_default_route(const struct links *links, ifindexes *ret);
/*
 * Whether packets that leave the node by its default routes do so when they are
 * due. -EOPNOTSUPP when not: the error says who is in the way, and what to do.
 */
int links_keep_time(const struct links *links, struct error *error);
/* The MAC address of a pair's other end, as it is now. -ENOENT where it can't be known. */
int links_peer_mac(const struct links *links, uint32_t ifindex, uint8_t ret[6]);
/* Unicast addresses of this node, loopback and link-local ones left out. */
void links_addresses(const struct links *links, addr_list *ret);

#endif
