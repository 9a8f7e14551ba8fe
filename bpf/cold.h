/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stages that an established packet doesn't come to. Each is a global function:
 * the verifier proves it once, for whatever facts it may be given, instead of
 * again for each way that leads to it, and the way of an established packet
 * stays short. It is weak, so that the compiler draws no conclusions from its
 * body for its callers (clang 19 passes nothing for an argument that is unused,
 * where the verifier expects a context).
 *
 * COLD_STAGE() makes NAME4 and NAME6 of an inline stage, for tc;
 * COLD_STAGE_XDP() makes NAME_xdp4 and NAME_xdp6.
 */
#ifndef WEIR_BPF_COLD_H
#define WEIR_BPF_COLD_H

#include "packet.h"

#define COLD_FUNCTION(context, which, name, stage, family, member)                                               \
	__weak __noinline int name(context *ctx, struct facts *facts, struct weir_flow##member##_key *flow_key)  \
	{                                                                                                        \
		struct weir_flow##member##_key key;                                                              \
		struct scratch scratch;                                                                          \
		struct packet pkt = {                                                                            \
			.f = facts, .scratch = &scratch, .cold = true, .ctx = ctx, .key = (union flow_key *)&key \
		};                                                                                               \
		int ret;                                                                                         \
                                                                                                                 \
		if (!facts || !flow_key)                                                                         \
			return WEIR_VERDICT_DROP;                                                                \
		key = *flow_key; /* before 6.2 a key that is looked up is on the own stack */                    \
		pkt.hook = which;                                                                                \
		pkt.direction = facts->direction == WEIR_EGRESS ? WEIR_EGRESS : WEIR_INGRESS;                    \
		ret = stage(&pkt, family);                                                                       \
		*flow_key = key;                                                                                 \
		return ret;                                                                                      \
	}

#define COLD_STAGE(stage)                                                                                     \
	COLD_FUNCTION(struct __sk_buff, facts->peek ? PACKET_PEEK : PACKET_TC, stage##4, stage, WEIR_IPV4, 4) \
	COLD_FUNCTION(struct __sk_buff, facts->peek ? PACKET_PEEK : PACKET_TC, stage##6, stage, WEIR_IPV6, 6)
#define COLD_STAGE_XDP(stage)                                                       \
	COLD_FUNCTION(struct xdp_md, PACKET_XDP, stage##_xdp4, stage, WEIR_IPV4, 4) \
	COLD_FUNCTION(struct xdp_md, PACKET_XDP, stage##_xdp6, stage, WEIR_IPV6, 6)

#define CALL_STAGE(pkt, stage, family)                                           \
	((family) == WEIR_IPV4 ? stage##4((pkt)->ctx, (pkt)->f, &(pkt)->key->v4) \
			       : stage##6((pkt)->ctx, (pkt)->f, &(pkt)->key->v6))

#endif
