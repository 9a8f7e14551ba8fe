// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The entry points of the packet's walk: each dresses its context as a packet, and the verdict as its hook's code. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "decide.h"
#include "sweep.h"
#include "weir/explain.h"

static __always_inline int enforce_tc(struct __sk_buff *skb, enum weir_direction direction)
{
	struct packet pkt = {
		.generation = *(volatile __u32 *)&weir_control.generation,
		.ctx = skb,
		.hook = PACKET_TC,
		.direction = direction,
		.ifindex = skb->ifindex,
		.length = skb->len,
		.counter = WEIR_COUNTER_NONE,
	};
	enum weir_verdict verdict = decide(&pkt);

	account(&pkt);
	/* What passes here is still subject to other programs on the hook. */
	return verdict == WEIR_VERDICT_PASS ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

/* What leaves the pod arrives on the host-side interface, and the other way round. */
SEC("tc")
int weir_from_pod(struct __sk_buff *skb)
{
	return enforce_tc(skb, WEIR_EGRESS);
}

SEC("tc")
int weir_to_pod(struct __sk_buff *skb)
{
	return enforce_tc(skb, WEIR_INGRESS);
}

/* Only drops, and accounts for nothing else: what it lets through is judged and counted by tc. */
SEC("xdp.frags")
int weir_xdp(struct xdp_md *xdp)
{
	struct packet pkt = {
		.generation = *(volatile __u32 *)&weir_control.generation,
		.ctx = xdp,
		.hook = PACKET_XDP,
		.direction = WEIR_EGRESS,
		.ifindex = xdp->ingress_ifindex,
		.length = bpf_xdp_get_buff_len(xdp),
		.counter = WEIR_COUNTER_NONE,
	};

	if (decide(&pkt) == WEIR_VERDICT_PASS)
		return XDP_PASS;
	account(&pkt);
	return XDP_DROP;
}

/* Runs only by BPF_PROG_TEST_RUN: answers what the programs above would do with a packet; see weir/explain.h. */
SEC("tc")
int weir_explain(struct __sk_buff *skb)
{
	struct packet pkt = {
		.ctx = skb,
		.hook = PACKET_PEEK,
		.direction = skb->cb[WEIR_ASK_DIRECTION] == WEIR_EGRESS ? WEIR_EGRESS : WEIR_INGRESS,
		.ifindex = skb->cb[WEIR_ASK_IFINDEX],
		.length = skb->len,
	};
	enum weir_verdict verdict = decide(&pkt);

	skb->cb[WEIR_TOLD_REASON] = pkt.reason;
	skb->cb[WEIR_TOLD_DECISION] = pkt.decision;
	skb->cb[WEIR_TOLD_REVISION] = pkt.revision;
	skb->cb[WEIR_TOLD_IDENTITY] = pkt.identity;
	skb->cb[WEIR_TOLD_PEER] = pkt.peer;
	return verdict;
}

/* Runs only by BPF_PROG_TEST_RUN. */
SEC("syscall")
int weir_sweep(struct weir_sweep *sweep)
{
	sweep_flows(sweep);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
