/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What policy is compiled from: the objects of all sources, sorted out by
 * kind, and this node's own addresses. Borrows every object.
 */
#ifndef WEIR_POLICY_WORLD_H
#define WEIR_POLICY_WORLD_H

#include "object/object.h"

/* Whose an address is. Pods on the host's network and finished pods own none. */
struct world_address {
	struct addr addr;
	size_t pod; /* index in pods */
};

/* One who answers for a service. */
struct world_backend {
	struct addr addr;
	uint16_t port;
};

struct world_service_port {
	uint8_t protocol;
	uint16_t port;
	VEC(struct world_backend) backends; /* the ready ones, sorted */
};

/* An address that stands for others: one of a Service's cluster IPs. */
struct world_service {
	struct addr addr;
	const struct object *object;
	VEC(struct world_service_port) ports;
};

struct world_node_address {
	struct addr addr;
	size_t node; /* index in nodes */
};

/* An entry of the kernel's tables as they are before the swap: an address's, or an endpoint's. */
struct kernel_identity {
	uint32_t identity;
	bool has_addr;
	struct addr addr;
};

struct world {
	VEC(const struct object *) namespaces; /* sorted by name */
	VEC(const struct object *) pods;       /* sorted by namespace, name; finished ones are left out */
	VEC(const struct object *) nodes;      /* sorted by name */
	VEC(const struct object *) service_objects, slices;
	VEC(const struct object *) policies;   /* sorted by kind, namespace, name */
	VEC(struct addr) node_addrs;	       /* filled by the caller, before world_finish */
	VEC(struct kernel_identity) in_kernel; /* filled by the caller, before compile(), which keeps their meaning */
	/* Sorted by address, distinct; filled by world_finish. The first without what is in node_addrs. */
	VEC(struct world_node_address) other_node_addrs;
	VEC(struct world_address) pod_addrs;
	/* Pods that lack their name or an address, because another has it; some of them twice. */
	VEC(const struct object *) disputed;
	VEC(struct world_service) services; /* of addresses that are no pod's and no node's */
};

/*
 * Adds one source's objects. An object that an earlier source has too is left
 * out, and named in a warning.
 */
void world_add(struct world *world, const struct objects *objects, struct diags *diags);
/*
 * To be called once after the last world_add: sorts, and warns of two pods
 * with one address (the first by name keeps it).
 */
void world_finish(struct world *world, struct diags *diags);
void world_free(struct world *world); /* what it holds */

const struct object *world_pod(const struct world *world, const char *namespace, const char *name); /* NULL: none */
/* The service that an address stands for, or NULL. */
const struct world_service *world_service_by_addr(const struct world *world, const struct addr *addr);
/* Whether a Node object has one of this node's addresses. */
bool world_is_this_node(const struct world *world, const struct object *node);
const struct object *world_pod_by_addr(const struct world *world, const struct addr *addr);
/*
 * The labels of a namespace; of one that has no object, only its name as
 * kubernetes.io/metadata.name (into scratch, which the caller frees).
 */
const struct labels *world_namespace_labels(const struct world *world, const char *name, struct labels *scratch);
/* Whether a policy of any kind is about a pod. */
bool world_selects(const struct world *world, const struct object *policy, const struct object *pod);

/* Whether a pod or a node has the address. */
bool world_is_owned(const struct world *world, const struct addr *addr);
/* Private to world.c: fills services, and frees what belongs to them. */
void world_find_services(struct world *world);
void world_free_services(struct world *world);

#endif
