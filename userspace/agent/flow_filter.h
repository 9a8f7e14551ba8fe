/* SPDX-License-Identifier: BSD-2-Clause */
/* Which flows are asked for: what was said of one must all be true of it. */
#ifndef WEIR_AGENT_FLOW_FILTER_H
#define WEIR_AGENT_FLOW_FILTER_H

#include "agent/endpoints.h"
#include "policy/world.h"

typedef VEC(struct cidr) flow_nets;

struct flow_filter {
	bool by_pod;
	uint32_t ifindex;   /* of the pod's interface on this node, or 0: */
	flow_nets pod_nets; /* its addresses, of which the other end is one */
	char *namespace;    /* of the endpoint; NULL: any */
	bool by_from, by_to;
	flow_nets from, to; /* the opener's address, the other one's */
	uint16_t port;	    /* of the end that was not the opener; 0: any */
	bool by_protocol, by_state;
	uint8_t protocol;
	enum weir_flow_state state;
};

/* What a filter is made of, as text; NULL: not said. */
struct flow_filter_words {
	const char *pod; /* NAMESPACE/POD */
	const char *namespace;
	const char *from, *to; /* NAMESPACE/POD, an address or a CIDR */
	const char *port, *protocol, *state;
};

/* -EINVAL, or -ENOENT for a pod that isn't there, with the parameter and why in error. */
int flow_filter_parse(const struct flow_filter_words *words, const struct world *world,
		      const struct endpoints *endpoints, struct flow_filter *ret, struct error *error);
bool flow_filter_matches(const struct flow_filter *filter, const struct endpoints *endpoints,
			 const struct datapath_flow *flow);
void flow_filter_free(struct flow_filter *filter); /* what it holds */

/* The ends as the opener sees them. */
struct flow_ends {
	const struct addr *from, *to;
	uint16_t from_port, to_port; /* 0 where the protocol has none */
	bool from_is_local;	     /* the endpoint is the opener */
};
struct flow_ends flow_ends(const struct datapath_flow *flow);

#endif
