/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs, loaded but attached to nothing: packets run through them by
 * BPF_PROG_TEST_RUN, on the loopback interface, which is endpoint 1.
 */
#ifndef WEIR_TESTS_PACKET_LAB_H
#define WEIR_TESTS_PACKET_LAB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "packet/frame.h"
#include "packet/tiny_image.h"
#include "weir/event.h"
#include "weir/maps.h"
#include "weir/reason.h"

#define LAB_IFINDEX	 1u
#define LAB_DECISIONS	 64u
#define LAB_PAIRS	 64u
#define LAB_BUCKETS	 16u
#define LAB_SOURCES	 1024u
#define LAB_TICKS	 (1u << 20)
#define LAB_ANSWERS	 5u /* to rejected packets, and one more an hour */
#define LAB_ANSWER_NS	 (3600ull * 1000 * 1000 * 1000)
#define LAB_EVENT_BUDGET 50u /* a tick of about a quarter of a second */
#define LAB_STILL_SHIFT	 31u /* ticks of weeks */
#define LAB_ANSWER_MARK	 0x77656972u
/* Of a flow in that state; far enough from one another for a test to tell them apart, however slow it is. */
#define LAB_TIMEOUT(state) (LAB_TICKS + (state) * (LAB_TICKS >> 4))

struct lab;

struct lab_config {
	uint32_t flows;
	uint32_t addresses;
	uint32_t image_words; /* a power of two, at least TINY_WORDS */
	uint32_t event_bytes; /* of the ring buffer; as the programs have it unless given */
	bool still;	      /* time stands still */
};

enum lab_program {
	LAB_FROM_POD,
	LAB_TO_POD,
	LAB_XDP,
	LAB_UPLINK,
};

/* -EPERM or -EOPNOTSUPP when this process or kernel can't; *ret_why, a fixed string, then says so in words. */
int lab_open(const struct lab_config *config, struct lab **ret, const char **ret_why);
void lab_close(struct lab *lab);
DEFINE_CLEANUP(struct lab, lab_close);

/* No flows, empty buckets, no addresses; the endpoint and the image stay. */
int lab_reset(struct lab *lab);
int lab_swap(struct lab *lab, const struct tiny_image *image);
int lab_unload_image(struct lab *lab);
void lab_new_generation(struct lab *lab);
uint32_t lab_generation(const struct lab *lab);
void lab_set_generation(struct lab *lab, uint32_t generation);
int lab_set_endpoint(struct lab *lab, const struct weir_endpoint *endpoint);
int lab_delete_endpoint(struct lab *lab);
int lab_set_address(struct lab *lab, enum weir_family family, const uint8_t *addr, const struct weir_address *address);

struct lab_run {
	enum lab_program program;
	const struct frame *frame;
	uint32_t repeat;	 /* 1 unless given */
	uint32_t gso_size;	 /* tc only */
	uint32_t gso_segs;	 /* tc only */
	uint32_t linear;	 /* XDP only: bytes in the linear part; all unless given */
	uint32_t from_ifindex;	 /* tc only: where it came in */
	uint32_t mark;		 /* tc only */
	struct frame *ret_frame; /* what the packet has become; may be NULL */
};

struct lab_result {
	enum weir_verdict verdict; /* REJECT for a redirect by tc; NONE for a code that is none of these */
	uint32_t ns;		   /* a packet, on average */
	uint32_t mark;		   /* tc only */
	uint64_t departs;	   /* tc only: when it may leave, ns of the monotonic clock; 0: at once */
};

int lab_run(struct lab *lab, const struct lab_run *run, struct lab_result *ret);
/* What a program says by the code that it ends with. */
enum weir_verdict lab_verdict(enum lab_program program, uint32_t code);
int lab_program_fd(const struct lab *lab, enum lab_program program);

struct lab_answer {
	enum weir_verdict verdict;
	uint32_t reason, decision, revision, identity, peer;
};
/* Asks weir_explain about the frame, on its way into or out of endpoint 1. */
int lab_explain(struct lab *lab, const struct frame *frame, enum weir_direction direction, struct lab_answer *ret);

struct lab_counters {
	struct weir_counter reasons[WEIR_REASON_MAX * WEIR_DIRECTIONS];
	struct weir_account decisions[LAB_DECISIONS]; /* in all rows */
	struct weir_account limited;
};
int lab_counters(struct lab *lab, struct lab_counters *ret);
/* What row of accounts that is; where it is no pair's, the tag of the counter and no identities. */
uint64_t lab_account(struct lab *lab, uint32_t row);
/* What is counted for a tag; zeros when it has no row. */
int lab_pair(struct lab *lab, uint64_t tag, struct weir_account *ret);
/* Takes all free rows of pairs, or gives those that it took back. */
int lab_occupy_pairs(struct lab *lab, bool all);
int lab_bucket(struct lab *lab, uint32_t bucket, struct weir_bucket *ret);
int lab_charged(struct lab *lab, uint32_t bucket, struct weir_charged *ret);
/* How many sources are known to limits per identity or address. */
int lab_sources(struct lab *lab);
int lab_set_bucket(struct lab *lab, uint32_t bucket, const struct weir_bucket *value);

/* How many flows there are in all tables, or in one of both families; *ret is one of them. */
int lab_flows_in(struct lab *lab, enum weir_flow_table table, struct weir_flow *ret);
int lab_flows(struct lab *lab, struct weir_flow *ret);
/* Has every flow have counted so much. */
int lab_wind_flows(struct lab *lab, struct weir_flow_low low);
int lab_flows_of(struct lab *lab, enum weir_flow_table table, enum weir_family family);
/* How many packets are known by their first fragments. */
int lab_fragments(struct lab *lab);
/* Forgets all flows. */
int lab_forget_flows(struct lab *lab);
/* Makes all flows and fragments older. */
int lab_age(struct lab *lab, uint32_t ticks);
int lab_sweep(struct lab *lab, struct weir_sweep *sweep);
/*
 * Slots of limits on open connections: what their bucket counts, and what entries
 * of the flow tables say that they hold. Of a limit per identity or address these
 * are all sources' together.
 */
int lab_open_slots(struct lab *lab, uint32_t bucket);
int lab_held_slots(struct lab *lab, uint32_t bucket);
/* As a full table pushes it out. */
int lab_forget_source(struct lab *lab, const struct weir_source_key *key);
/* A sweep of all tables with a recount. Returns how many slots it has put right. */
int lab_recount(struct lab *lab);
/* A number that is another one when anything but counters has changed. */
int lab_print(struct lab *lab, uint64_t *ret);
int lab_tallies(struct lab *lab, uint64_t ret[static WEIR_TALLIES]);

/* What packets are told of; a budget is for a tick, which lasts for weeks where lab_config says so. */
void lab_watch(struct lab *lab, uint32_t watch, uint32_t budget);
bool lab_watched(const struct lab *lab);
/* Takes out what was told, and returns how many records there were; the first ones are in ret. */
int lab_events(struct lab *lab, struct weir_event *ret, int most);
/* As if nothing had been told yet. */
void lab_forget_events(struct lab *lab);
/* What was told was told so many ticks earlier. */
void lab_age_events(struct lab *lab, uint32_t ticks);

#endif
