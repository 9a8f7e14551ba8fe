/* SPDX-License-Identifier: BSD-2-Clause */
/* Typed Kubernetes objects: what the rest of weir knows of a manifest. */
#ifndef WEIR_OBJECT_OBJECT_H
#define WEIR_OBJECT_OBJECT_H

#include <time.h>

#include "base/cleanup.h"
#include "base/mac.h"
#include "object/diag.h"
#include "object/policy.h"

enum object_kind {
	KIND_NAMESPACE,
	KIND_POD,
	KIND_NODE,
	KIND_SERVICE,
	KIND_ENDPOINT_SLICE,
	KIND_NETWORK_POLICY,
	KIND_TRAFFIC_POLICY,
	KIND_CLUSTER_TRAFFIC_POLICY,
	KIND_ADMIN_NETWORK_POLICY,
	KIND_BASELINE_ADMIN_NETWORK_POLICY,
	KIND_CLUSTER_NETWORK_POLICY,
	KIND_MAX,
};

struct kind_info {
	const char *kind;	 /* "NetworkPolicy" */
	const char *api_version; /* "networking.k8s.io/v1" */
	const char *old_version; /* that says the same in the fields that weir reads, or NULL */
	const char *plural;	 /* "networkpolicies", as the CLI takes it too */
	const char *short_name;	 /* "netpol", or NULL */
	bool namespaced;
	bool is_policy; /* unknown fields are errors */
	bool is_custom; /* Kubernetes has it only where its definition is installed */
};

const struct kind_info *kind_info(enum object_kind kind);
/* Kind, plural or short name, in any case. KIND_MAX when there is none. */
enum object_kind kind_by_name(const char *name);

enum pod_phase { POD_PENDING, POD_RUNNING, POD_SUCCEEDED, POD_FAILED, POD_UNKNOWN };
/* Where it is known from which interface is a pod's. What only a look at the node's tables finds begins at route. */
enum interface_found {
	FOUND_ANNOTATION, /* weir.dev/interface */
	FOUND_PLUGIN,	  /* the CNI plugin said so */
	FOUND_ROUTE,	  /* a route of the node leads there */
	FOUND_PEER,	  /* its other end has the pod's address */
	FOUND_BRIDGE,	  /* neighbours and forwarding table of a bridge */
	FOUND_NEIGHBOUR,  /* neighbours of the interface itself */
	FOUND_KEPT,	  /* an earlier agent had found it */
};

enum xdp_mode { XDP_MODE_OFF, XDP_MODE_NATIVE, XDP_MODE_GENERIC };

struct pod_port {
	char *name;
	uint8_t protocol;
	uint16_t port;
};

struct pod {
	const char *node;      /* spec.nodeName, or NULL */
	char *service_account; /* or NULL */
	bool host_network;
	enum pod_phase phase;	    /* absent: running */
	addr_list addrs;	    /* status.podIPs, and status.podIP */
	VEC(struct pod_port) ports; /* named container ports only */
	char *owner;		    /* of the Deployment, StatefulSet or the like that made it, or NULL */
	char *interface;	    /* annotation weir.dev/interface, or what the CNI plugin said, or NULL */
	enum interface_found found; /* which of them */
	enum xdp_mode xdp;	    /* annotation weir.dev/xdp: "on" is native, "generic" generic */
	uint8_t mac[MAC_LENGTH];    /* annotation weir.dev/mac; zeros: none */
	bool may_spoof;		    /* annotation weir.dev/anti-spoofing: "off" */
};

struct service_port {
	char *name; /* or NULL */
	uint8_t protocol;
	uint16_t port; /* 0 in a slice: every port */
};

typedef VEC(struct service_port) service_ports;

void service_ports_free(service_ports *ports);

struct service {
	addr_list addrs; /* spec.clusterIPs, and spec.clusterIP; none of a headless one */
	service_ports ports;
};

/* Some of the backends of a service: each of the addresses at each of the ports. */
struct endpoint_slice {
	char *service; /* in the slice's namespace, or NULL */
	addr_list ready;
	service_ports ports; /* of the backends, by the names of the service's */
};

/* The name is the object's, as are the labels. */
struct cluster_node {
	addr_list addrs; /* status.addresses; host names are left out */
};

/* Its namespace, its file and a pod's node are interned, as labels are: many objects have the same ones. */
struct object {
	enum object_kind kind;
	const char *namespace; /* NULL for cluster-wide kinds; "default" when a namespaced object names none */
	char *name;
	struct labels labels; /* a Namespace always has kubernetes.io/metadata.name */
	char *version;	      /* metadata.resourceVersion, or NULL */
	char *uid;	      /* metadata.uid of a policy; of a Pod, as the container runtime has it; or NULL */
	int64_t generation;   /* metadata.generation of a policy: another one when its spec is; 0: not known */
	const char *file;     /* where it was read from, or NULL */
	int line;	      /* of the document's first line */
	time_t changed;	      /* since when its source has it as it is; 0: not known */
	char *json;	      /* the document as one line of JSON; only when asked for, else NULL */
	union {
		struct pod pod;
		struct cluster_node node;
		struct service service;
		struct endpoint_slice slice;
		struct policy policy;
	};
};

void object_free(struct object *object);
DEFINE_CLEANUP(struct object, object_free);

/*
 * Whether two objects of one kind and name say the same to weir, whatever else
 * of them differs. Of policies only two of one version, or of one generation of
 * one uid, are known to.
 */
bool object_same(const struct object *a, const struct object *b);

/* A Pod of its own that says the same, without its document and version: it may be changed. */
struct object *pod_copy(const struct object *pod);

/* "NetworkPolicy shop/backend", "Namespace shop"; the caller frees. */
char *object_title(const struct object *object);
/* A key unique among objects: "kind/namespace/name", kind as a number. The caller frees. */
char *object_key(enum object_kind kind, const char *namespace, const char *name);

/* An owned list of objects. */
struct objects {
	VEC(struct object *) list;
};

/* What changed between two versions of a source's objects. A changed object is in both lists. Borrows. */
struct objects_delta {
	VEC(const struct object *) gone;
	VEC(const struct object *) come;
};

void objects_free(struct objects *objects);
/* By kind, namespace, name; for arrays of pointers to objects. */
int object_compare(const void *a, const void *b);
/* In that order. */
void objects_sort(struct objects *objects);

#endif
