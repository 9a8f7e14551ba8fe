/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is to happen to a packet, said once more: plain C with no thought of
 * speed, written from the RFCs and from what docs/architecture.md promises. It
 * shares no code with bpf/, only the words of include/weir and the walk through
 * a policy image. Where the programs and the model disagree, one is wrong.
 */
#ifndef WEIR_TESTS_FUZZ_MODEL_H
#define WEIR_TESTS_FUZZ_MODEL_H

#include <stdbool.h>

#include "fuzz/observation.h"
#include "fuzz/sequence.h"
#include "weir/event.h"

#define MODEL_SOURCES	 64u
#define MODEL_ANSWER_MAX 160u /* link header, IP header and what is quoted */

struct judgement {
	enum weir_verdict verdict;
	enum weir_reason reason;
	uint32_t account;     /* where it is counted, as in a flow */
	uint32_t counter;     /* of its decision; WEIR_COUNTER_NONE */
	bool xdp_drops;	      /* XDP on the pod's interface sees that already */
	bool marked;	      /* passes with a congestion mark that it did not come with */
	uint32_t destination; /* interface of the local pod that it is for, as an uplink sees it; 0: none, or no IP */
	enum weir_event_kind told; /* 0: nothing */
	bool named;		   /* there is a connection that it is told of, by this name */
	struct flow_name name;
	uint32_t answer_length; /* of the answer to a rejected packet; 0: there is none */
	uint8_t answer[MODEL_ANSWER_MAX];
	uint8_t after[SEQUENCE_PACKET]; /* the frame, as it passes */
};

struct model {
	struct weir_control control;
	uint32_t linear;	    /* bytes of the next packet that can be read in place */
	uint32_t now;		    /* tick; stands still, entries grow older instead */
	uint32_t revision;	    /* of the last image */
	uint32_t words[TINY_WORDS]; /* the image */
	bool known[SETTING_PODS];   /* there is an endpoint */
	struct weir_endpoint endpoints[SETTING_PODS];
	unsigned answers[SETTING_PODS];	   /* sent since the endpoint was set */
	uint64_t charged[SETTING_BUCKETS]; /* units */
	uint64_t bursts[SETTING_BUCKETS];  /* of the limit that was charged */
	bool used[SETTING_BUCKETS];	   /* charged ever */
	uint64_t marked[SETTING_BUCKETS];  /* units that were charged when a packet was marked last, or fewer since */
	struct weir_source_key sources[MODEL_SOURCES]; /* that limits per identity or address have met */
	unsigned n_sources;
	struct observation seen; /* flows, fragments, counters */
};

/* Nothing has happened yet. generation and revision go on from where they are. */
void model_reset(struct model *model, uint32_t now, bool quiet);
/* What the agent does, and time. */
void model_event(struct model *model, const struct step *step);
void model_packet(struct model *model, const struct step *step, struct judgement *ret);

#endif
