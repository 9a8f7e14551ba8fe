/* SPDX-License-Identifier: BSD-2-Clause */
/* The node's end of a container's interface, as the kernel has it. */
#ifndef WEIR_CNI_INTERFACE_H
#define WEIR_CNI_INTERFACE_H

#include <net/if.h>
#include <stdint.h>

#include "cni/error.h"

struct host_interface {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
};

/*
 * The kernel says of each end of a pair which index the other has, and in which
 * namespace; both ends must say it of each other. netns: the path of the
 * container's namespace.
 */
int host_interface_find(const char *netns, const char *ifname, struct host_interface *ret, struct cni_error *error);

#endif
