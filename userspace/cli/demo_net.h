/* SPDX-License-Identifier: BSD-2-Clause */
/* The demo's network: one namespace a container, veth pairs to this one, which routes between them. */
#ifndef WEIR_CLI_DEMO_NET_H
#define WEIR_CLI_DEMO_NET_H

#include "cli/demo.h"

struct demo_net {
	int node;	     /* the network namespace that we are in */
	int pods[DEMO_PODS]; /* nothing but these descriptors keeps the pods' namespaces */
	bool ipv6;	     /* this kernel has it */
};

#define DEMO_NET_NONE                         \
	{                                     \
		-1, { -1, -1, -1, -1 }, false \
	}

/* Builds it from, and in, the present network namespace, which must be new. */
int demo_net_build(struct demo_net *net, struct error *error);
void demo_net_close(struct demo_net *net);

/* A socket that lives in a pod. Its descriptor or -errno. */
int demo_net_socket(const struct demo_net *net, enum demo_pod pod, int family, int type);

#endif
