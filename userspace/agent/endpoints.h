/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces <-> pods. An endpoint is a pod of this node; a port is an interface that this agent attaches to. A port
 * without an endpoint is closed.
 */
#ifndef WEIR_AGENT_ENDPOINTS_H
#define WEIR_AGENT_ENDPOINTS_H

#include <uthash.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/hook_health.h"
#include "agent/matching.h"
#include "agent/notes.h"
#include "datapath/datapath.h"
#include "datapath/links.h"
#include "policy/compile.h"

/* How it went with an endpoint whose pod names no interface. */
struct search {
	enum match match;
	uint32_t ifindex, rival; /* as struct sought has them */
	bool is_late;		 /* it should have been found by now */
};

struct endpoint {
	char *namespace;
	char *pod;
	char *interface;	    /* NULL: not found */
	enum interface_found found; /* where it is known from */
	bool is_named;		    /* by the pod's object; or else: */
	struct search search;
	addr_list addrs; /* its own: without those that are another pod's as well and count as that one's */
	uint32_t identity;
	uint8_t mac[MAC_LENGTH]; /* as the pod's object says; zeros: as the other end of its interface is found to have
				  */
	bool may_spoof;
	enum datapath_xdp xdp; /* as asked for */
	uint32_t ifindex;      /* 0: the interface isn't there, or is another pod's */
};
typedef VEC(struct endpoint) endpoint_list;

struct port {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
	enum datapath_hook hook;
	enum datapath_xdp xdp;
	bool attached;	   /* by this agent, so with its programs */
	bool has_identity; /* the kernel knows who is behind it: */
	time_t since;	   /* that this agent knows of it */
	struct weir_endpoint entry;
	uint8_t peer_mac[MAC_LENGTH];	 /* of the interface's other end, as of the last event; zeros: not known */
	char *failure;			 /* why it could not be attached as asked, or NULL */
	const struct endpoint *endpoint; /* set by endpoints_sync(); NULL: nobody's */
	const char *namespace, *pod;	 /* that it was last identified as; interned */
	struct hook_health hooks;
	UT_hash_handle hh;
};

struct ignored_link;
struct attachments;

struct endpoints {
	const struct agent_config *config;
	struct datapath *datapath;
	struct links *links;
	const struct attachments *attachments; /* what the CNI plugin said; NULL: nothing */
	struct finder *finder;		       /* of interfaces that nobody names; NULL: they are not looked for */
	struct events *events;
	endpoint_list list;	      /* wanted, as of the last compiled policy; sorted by namespace, pod */
	struct port *ports;	      /* by ifindex */
	struct ignored_link *ignored; /* there before the agent: left alone unless a pod names them */
	struct notes problems;
	bool stale; /* an event touched something: endpoints_sync() has work */
};

/* Takes over what an earlier agent left attached and named. Only then may link events come. */
int endpoints_load(struct endpoints *endpoints, struct error *error);
void endpoints_free(struct endpoints *endpoints); /* what it holds */

/* The pods of this node in the compiled policy; the caller hands the list to endpoints_adopt() or frees it. */
void endpoints_list(const struct endpoints *endpoints, const struct world *world, const struct compiled *compiled,
		    endpoint_list *ret);
void endpoint_list_free(endpoint_list *list);
/* True when this pod is to have an endpoint on this node: it names an interface, or is said to run here. */
bool pod_is_local(const struct object *pod, const char *node);

/* Adds what the kernel takes the ports for. */
void endpoints_world(const struct endpoints *endpoints, struct world *world);
/*
 * Between the swap and endpoints_sync() a port has its old identity, judged by
 * the new policy. Where nobody knows any more what that identity was (an
 * earlier agent gave it, and its state directory is lost), nothing would
 * isolate the port: it is closed meanwhile.
 */
void endpoints_close_lost(struct endpoints *endpoints, const struct compiled *compiled);
/* Puts one pod's endpoint into the list, or takes it out; a pod that is not this node's has none. */
void endpoints_add_pod(struct endpoints *endpoints, const struct compiled *compiled, const struct object *pod);
void endpoints_remove_pod(struct endpoints *endpoints, const struct object *pod);
/* Takes list over as what is wanted now. */
void endpoints_adopt(struct endpoints *endpoints, endpoint_list *list);
/* Makes kernel and interfaces what is wanted. True when anything changed that flows depend on. */
bool endpoints_sync(struct endpoints *endpoints);
/* Which interface each address of an endpoint is behind. The caller frees what it holds. */
void endpoints_places(const struct endpoints *endpoints, datapath_addresses *ret);

/* Link events; each only notes what is to be done, except that a new interface is closed at once. */
void endpoints_link_changed(void *data, const struct link_info *link);
void endpoints_link_gone(void *data, uint32_t ifindex, const char *name);

/* Whether it has its programs, or is none that would get any: then nothing has to be kept from it. */
bool endpoints_decided(const struct endpoints *endpoints, const struct link_info *link);
/* An interface that was taken for somebody else's, as it was there before this agent, is a newcomer after all. */
void endpoints_reconsider(struct endpoints *endpoints, const struct link_info *link);
/* Closes an interface at once, unless it has its programs already. */
int endpoints_hold(struct endpoints *endpoints, const struct link_info *link, struct error *error);
const struct port *endpoints_port(const struct endpoints *endpoints, uint32_t ifindex); /* NULL: none */
/* Pods whose interface isn't there, is taken or is not found. */
void endpoints_note_problems(const struct endpoints *endpoints, struct notes *problems);
char *endpoint_problem(const struct endpoints *endpoints,
		       const struct endpoint *endpoint);  /* NULL: none; caller frees */
bool endpoints_failed(const struct endpoints *endpoints); /* an attachment failed and should be tried again */

#endif
