// SPDX-License-Identifier: BSD-2-Clause
#include "agent/flow_stream.h"

static uint64_t bytes_of(const struct datapath_flow *flow)
{
	return flow->counts[WEIR_INGRESS].bytes + flow->counts[WEIR_EGRESS].bytes;
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = bytes_of(a), y = bytes_of(b);

	return x < y ? 1 : x > y ? -1 : 0;
}

void flow_top_finish(struct flow_top *top)
{
	if (top->flows.n)
		qsort(top->flows.items, top->flows.n, sizeof(*top->flows.items), compare);
	if (top->flows.n > top->limit)
		top->flows.n = top->limit;
}

/* The smaller half goes each time that it is full, so that a flow costs a few comparisons. */
void flow_top_add(struct flow_top *top, const struct datapath_flow *flow)
{
	top->n++;
	if (bytes_of(flow) < top->floor)
		return;
	vec_push(&top->flows, *flow);
	if (top->flows.n < 2 * (size_t)top->limit)
		return;
	flow_top_finish(top);
	top->floor = bytes_of(&top->flows.items[top->flows.n - 1]);
}
