// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The entry points of the packet's walk: each dresses its context as a packet, and the verdict as its hook's code. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "answer.h"
#include "capture.h"
#include "decide.h"
#include "sweep.h"
#include "weir/explain.h"

static __always_inline int enforce_tc(struct __sk_buff *skb, enum weir_direction direction)
{
	struct facts facts = {
		.generation = *(volatile __u32 *)&weir_control.generation,
		.direction = direction,
		.ifindex = skb->ifindex,
		.length = skb->len,
		.counter = WEIR_COUNTER_NONE,
		.account = WEIR_ACCOUNT_NONE,
	};
	union flow_key key;
	struct packet pkt = { .f = &facts, .hook = PACKET_TC, .direction = direction, .ctx = skb, .key = &key };
	enum weir_verdict verdict = decide(&pkt);

	account(&pkt);
	capture_packet(&pkt, verdict);
	/* What passes here is still subject to other programs on the hook. */
	if (verdict == WEIR_VERDICT_PASS)
		return TC_ACT_UNSPEC;
	return verdict == WEIR_VERDICT_REJECT ? answer(&pkt) : TC_ACT_SHOT;
}

/* What leaves the pod arrives on the host-side interface, and the other way round. */
SEC("tc")
int weir_from_pod(struct __sk_buff *skb)
{
	return is_answer(skb) ? TC_ACT_UNSPEC : enforce_tc(skb, WEIR_EGRESS);
}

SEC("tc")
int weir_to_pod(struct __sk_buff *skb)
{
	return enforce_tc(skb, WEIR_INGRESS);
}

/*
 * Only drops, and accounts for nothing else: what it lets through is judged and
 * counted by tc. So is what is to be answered.
 */
static __always_inline int enforce_xdp(struct xdp_md *xdp, enum weir_direction direction, bool uplink)
{
	struct facts facts = {
		.generation = *(volatile __u32 *)&weir_control.generation,
		.direction = direction,
		.ifindex = uplink ? 0 : xdp->ingress_ifindex,
		.length = bpf_xdp_get_buff_len(xdp),
		.counter = WEIR_COUNTER_NONE,
		.account = WEIR_ACCOUNT_NONE,
	};
	union flow_key key;
	struct packet pkt = {
		.f = &facts, .hook = PACKET_XDP, .direction = direction, .uplink = uplink, .ctx = xdp, .key = &key
	};

	/* What arrives at the node may be for nobody here: then it is not for us to drop. */
	if (decide(&pkt) != WEIR_VERDICT_DROP || !facts.ifindex)
		return XDP_PASS;
	account(&pkt);
	capture_packet(&pkt, WEIR_VERDICT_DROP);
	return XDP_DROP;
}

SEC("xdp.frags")
int weir_xdp(struct xdp_md *xdp)
{
	return enforce_xdp(xdp, WEIR_EGRESS, false);
}

/* On the interfaces by which the node is reached: what is denied on its way to a pod ends before an skb is made. */
SEC("xdp.frags")
int weir_uplink(struct xdp_md *xdp)
{
	return enforce_xdp(xdp, WEIR_INGRESS, true);
}

static __always_inline int explain(struct __sk_buff *skb, enum weir_direction direction)
{
	struct facts facts = {
		.peek = true,
		.direction = direction,
		.ifindex = skb->cb[WEIR_ASK_IFINDEX],
		.length = skb->len,
	};
	union flow_key key;
	struct packet pkt = { .f = &facts, .hook = PACKET_PEEK, .direction = direction, .ctx = skb, .key = &key };
	enum weir_verdict verdict = decide(&pkt);

	skb->cb[WEIR_TOLD_REASON] = facts.reason;
	skb->cb[WEIR_TOLD_DECISION] = facts.decision;
	skb->cb[WEIR_TOLD_REVISION] = facts.revision;
	skb->cb[WEIR_TOLD_IDENTITY] = facts.identity;
	skb->cb[WEIR_TOLD_PEER] = facts.peer;
	return verdict;
}

/* Runs only by BPF_PROG_TEST_RUN: answers what the programs above would do with a packet; see weir/explain.h. */
SEC("tc")
int weir_explain(struct __sk_buff *skb)
{
	return skb->cb[WEIR_ASK_DIRECTION] == WEIR_EGRESS ? explain(skb, WEIR_EGRESS) : explain(skb, WEIR_INGRESS);
}

/* Runs only by BPF_PROG_TEST_RUN. */
SEC("syscall")
int weir_sweep(struct weir_sweep *sweep)
{
	sweep_flows(sweep);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
