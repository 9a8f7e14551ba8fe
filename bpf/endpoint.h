/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is behind the interface. Until the agent has said so, the interface is closed. */
#ifndef WEIR_BPF_ENDPOINT_H
#define WEIR_BPF_ENDPOINT_H

#include "flow.h"

static __always_inline enum weir_verdict find_endpoint(struct packet *pkt)
{
	__u32 ifindex = pkt->f->ifindex;
	struct weir_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &ifindex);

	if (!endpoint)
		return refuse(pkt, WEIR_REASON_NO_ENDPOINT, WEIR_VERDICT_DROP);
	pkt->endpoint = endpoint;
	pkt->f->identity = endpoint->identity;
	return WEIR_VERDICT_NONE;
}

#endif
