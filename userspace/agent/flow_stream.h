/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of flows as it is sent, in pieces and in little memory: as they come
 * from the kernel or, with a limit, those that carried the most bytes.
 */
#ifndef WEIR_AGENT_FLOW_STREAM_H
#define WEIR_AGENT_FLOW_STREAM_H

#include "agent/core.h"
#include "agent/flow_filter.h"

#define FLOW_LIMIT_MAX 10000u

/* Takes the filter over. limit: 0: all. */
int flow_stream_open(struct agent *agent, struct flow_filter *filter, uint32_t limit, struct http_stream *ret);

/* The flows with the most bytes of all that are shown to it. */
struct flow_top {
	uint32_t limit;
	VEC(struct datapath_flow) flows; /* up to twice the limit; sorted and no more than that by flow_top_finish() */
	uint64_t floor;			 /* a flow with fewer bytes is not among them */
	uint64_t n;			 /* shown */
};
void flow_top_add(struct flow_top *top, const struct datapath_flow *flow);
void flow_top_finish(struct flow_top *top); /* largest first */

#endif
