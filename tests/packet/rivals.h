/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two policies about one pod that exclude each other, and the questions that
 * tell by which of the two a packet was judged: their decisions all differ.
 */
#ifndef WEIR_TESTS_PACKET_RIVALS_H
#define WEIR_TESTS_PACKET_RIVALS_H

#include "packet/enforcer.h"

#define RIVALS	     2
#define RIVALS_PEERS 16u

/* May this peer come in to the pod, or be reached by it, at this port, TCP or UDP? */
struct rivals_probe {
	enum weir_direction direction;
	unsigned peer;
	uint16_t port;
	const struct decision_info *says[RIVALS];
};

struct rivals {
	struct numberings numberings;
	struct enforcer_policy policies[RIVALS];
	VEC(struct rivals_probe) probes;
};

/* The pod is shop/target, 10.0.0.1; peer i has 10.0.1.i. */
int rivals_make(struct rivals *rivals, struct error *error);
void rivals_free(struct rivals *rivals); /* what it holds */
bool rivals_allows(const struct rivals_probe *probe, int policy);

#endif
