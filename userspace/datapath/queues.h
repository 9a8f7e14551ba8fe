/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether packets leave an interface when they are due: what fq does with a
 * departure time, and other qdiscs take no notice of. An interface without a
 * queue of its own (VLAN, bond, bridge) does what those below it do.
 */
#ifndef WEIR_DATAPATH_QUEUES_H
#define WEIR_DATAPATH_QUEUES_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"

#define QDISC_NAME_MAX 16

struct queues_qdisc {
	uint32_t ifindex, handle, parent; /* as in linux/pkt_sched.h */
	char kind[QDISC_NAME_MAX];
};

struct queues_link {
	uint32_t ifindex;
	uint32_t upper; /* bond, bridge or the like that it is a port of; 0: none */
	uint32_t lower; /* of a VLAN or the like: what it is on; 0: nothing */
	char name[IF_NAMESIZE];
};

struct queues {
	VEC(struct queues_qdisc) qdiscs;
	VEC(struct queues_link) links;
};

/* Who is in the way. */
struct queues_fault {
	char name[IF_NAMESIZE]; /* of the interface */
	char kind[QDISC_NAME_MAX];
};

struct nl_sock;
int queues_read(struct nl_sock *sock, struct queues *ret); /* 0 or -NLE_*; then *ret is as it was */
void queues_free(struct queues *queues);		   /* what it holds */
bool queues_keep_time(const struct queues *queues, uint32_t ifindex, struct queues_fault *ret);

#endif
