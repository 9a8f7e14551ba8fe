/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A test as data: what happens, step by step, and what must come of it. Every
 * scenario is played with the pod at either end, and every packet runs through
 * XDP first, on the pod's interface or on the node's uplink. That must drop
 * what tc would drop, or leave it to tc where its shape is odd, and otherwise
 * leave no trace.
 */
#ifndef WEIR_TESTS_PACKET_SCENARIO_H
#define WEIR_TESTS_PACKET_SCENARIO_H

#include "packet/world.h"

enum scenario_event {
	SENDS = 1,     /* the end that opens the connection sends a packet */
	REPLIES,       /* the other end does */
	GENERATION,    /* the agent begins a new generation: nothing has changed */
	WITHDRAWS,     /* the policy now denies everything */
	GRANTS,	       /* the standard policy is back */
	REVERSES,      /* who may call may now be called, and the other way round */
	UNLIMITS,      /* the standard policy, without its limits */
	NO_ENDPOINT,   /* nobody is known to be behind the interface */
	ENDPOINT,      /* somebody is again */
	NO_IMAGE,      /* the policy image is taken away */
	NO_GENERATION, /* the agent has not begun its first generation */
	IMAGE_FIRST,   /* the policy without limits is in place, its generation not yet begun */
	FORGETS,       /* the flow table is emptied */
	REJECTS,       /* the policy now rejects everything */
	AGES,	       /* ticks go by */
	UNCHECKED,     /* the pod is a router: it may send in the name of others */
	MULTIHOMED,    /* the pod has a second address of each family */
	UNHEARD,       /* from now on nothing is told of packets */
};

enum scenario_flow {
	FLOW_NONE,
	FLOW_KEPT,
	FLOW_REVOKED,
};

struct scenario_step {
	enum scenario_event event;
	struct frame_spec packet;
	enum weir_verdict verdict;
	enum weir_reason reason;
	enum world_decision by;	 /* the decision that is counted */
	enum scenario_flow flow; /* the state after */
	bool opened_by_replier;	 /* the flow's opener is the other end */
	uint8_t in;		 /* 1 + the table where it is; 0: not looked at, nor is its state */
	enum weir_flow_state state;
	unsigned flows;	 /* when there are several; none of them is looked at */
	bool unanswered; /* rejected, but nothing is sent back */
	uint32_t ticks;
	uint32_t from_ifindex;	     /* tc only: where the packet came in */
	uint32_t gso_size, gso_segs; /* tc only */
	uint32_t linear;	     /* XDP only: bytes in the linear part */
};

#define SCENARIO_STEPS	 16
#define SCENARIO_WHY_MAX 256

enum scenario_families {
	ANY_FAMILY,
	IPV4_ONLY,
	IPV6_ONLY,
};

enum scenario_openers {
	ANY_OPENER,
	POD_OPENS,
	PEER_OPENS,
};

struct scenario {
	const char *name; /* a sentence */
	enum scenario_families families;
	enum scenario_openers openers;
	enum world_peer peer;
	enum world_peer peer_inbound; /* when the pod is the one that is connected to; the same unless given */
	struct scenario_step steps[SCENARIO_STEPS];
};

#define ADMITTED    .verdict = WEIR_VERDICT_PASS, .reason = WEIR_REASON_POLICY_ALLOW, .by = BY_ALLOW, .flow = FLOW_KEPT
#define ESTABLISHED .verdict = WEIR_VERDICT_PASS, .reason = WEIR_REASON_FLOW, .by = BY_ALLOW, .flow = FLOW_KEPT
#define REFUSED	    .verdict = WEIR_VERDICT_DROP, .reason = WEIR_REASON_POLICY_DEFAULT, .by = BY_DEFAULT
#define WITHDRAWN \
	.verdict = WEIR_VERDICT_DROP, .reason = WEIR_REASON_POLICY_DENY, .by = BY_WITHDRAWAL, .flow = FLOW_REVOKED
#define MALFORMED(why) .verdict = WEIR_VERDICT_DROP, .reason = WEIR_REASON_##why
#define REJECTED       .verdict = WEIR_VERDICT_REJECT, .reason = WEIR_REASON_POLICY_DENY, .by = BY_REJECT
#define PASSED(why)    .verdict = WEIR_VERDICT_PASS, .reason = WEIR_REASON_##why

/* Where the flow is after the step. */
#define OPENING(name)	 .in = 1 + WEIR_OPENINGS, .state = WEIR_FLOW_##name
#define CONNECTION(name) .in = 1 + WEIR_CONNECTIONS, .state = WEIR_FLOW_##name
#define EXCHANGE(name)	 .in = 1 + WEIR_EXCHANGES, .state = WEIR_FLOW_##name

/* Whether the scenario is to be played so; and under what name, which the caller frees. */
bool scenario_applies(const struct scenario *scenario, enum weir_family family, enum weir_direction opener);
char *scenario_title(const struct scenario *scenario, enum weir_family family, enum weir_direction opener);

/* Plays it once. 0, or -1 with what went wrong in ret_why. */
int scenario_play(struct lab *lab, const struct scenario *scenario, enum weir_family family, enum weir_direction opener,
		  char ret_why[static SCENARIO_WHY_MAX]);

#endif
