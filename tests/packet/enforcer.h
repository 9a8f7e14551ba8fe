/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy's walk as the agent makes it, from manifests to the loaded
 * programs, and packets through these by BPF_PROG_TEST_RUN. One pod is behind
 * the loopback interface, on which test runs happen.
 */
#ifndef WEIR_TESTS_PACKET_ENFORCER_H
#define WEIR_TESTS_PACKET_ENFORCER_H

#include "datapath/datapath.h"
#include "packet/frame.h"
#include "policy/compile.h"

#define ENFORCER_IFINDEX 1u
#define ENFORCER_FLOWS	 (1u << 13)
#define ENFORCER_REASONS (WEIR_REASON_MAX * WEIR_DIRECTIONS)

/* Manifests, and what they compile to. Numbers are shared among policies, so keep them in one numberings. */
struct enforcer_policy {
	struct objects objects;
	struct diags diags;
	struct world world;
	struct compiled *compiled;
};

int enforcer_policy_compile(struct enforcer_policy *policy, const char *yaml, struct numberings *numberings,
			    struct error *error);
void enforcer_policy_free(struct enforcer_policy *policy); /* what it holds */

struct enforcer {
	char root[64];
	struct datapath *datapath;
	uint64_t reasons[ENFORCER_REASONS]; /* packets seen by enforcer_judge() */
};

/* -EPERM or -EOPNOTSUPP when this process or kernel can't. */
int enforcer_open(struct enforcer *enforcer, uint32_t image_words, struct error *error);
void enforcer_close(struct enforcer *enforcer); /* takes everything off again */

/* Addresses, and the pod behind the interface: a name in the compiled world. The image is not swapped. */
int enforcer_populate(struct enforcer *enforcer, const struct enforcer_policy *policy, const char *namespace,
		      const char *pod);
int enforcer_swap(struct enforcer *enforcer, const struct compiled *compiled, uint32_t revision, struct error *error);

/* For who puts one policy after the other in force: a swap, with the addresses of the new policy alone. */
int enforcer_replace(struct enforcer *enforcer, const struct compiled *compiled, uint32_t revision,
		     struct error *error);
/* The pod behind the interface. */
int enforcer_set_endpoint(const struct enforcer *enforcer, const struct compiled *compiled, const struct object *pod);
int enforcer_forget_flows(const struct enforcer *enforcer);
/* Fills the buckets of all limits of the policy. */
int enforcer_refill(const struct enforcer *enforcer, const struct compiled *compiled);

/* The program that packets of this direction, seen from the pod, run through. */
int enforcer_program(const struct enforcer *enforcer, enum weir_direction direction);
/* Runs one frame n times. *ret_ns: a packet, on average; may be NULL. */
int enforcer_run(const struct enforcer *enforcer, enum weir_direction direction, const struct frame *frame, uint32_t n,
		 enum weir_verdict *ret_verdict, uint32_t *ret_ns);
struct enforcer_judgement {
	enum weir_verdict verdict;
	enum weir_reason reason; /* NONE: counted under several, or in the other direction */
	bool counted;		 /* as the expected decision */
};
/*
 * Runs one frame once, in the direction of the decision that is expected to
 * fall, and reads off the counters what it fell by. For one caller at a time,
 * who runs no packets in any other way.
 */
int enforcer_judge(struct enforcer *enforcer, const struct frame *frame, const struct decision_info *expected,
		   struct enforcer_judgement *ret);
/* Descriptor of the per-CPU counters of reasons (struct weir_counter). */
int enforcer_reasons(const struct enforcer *enforcer);
/* Packets that were counted for a decision, by one CPU or by all. */
#define ENFORCER_ALL_CPUS -1
uint64_t enforcer_counted(const struct enforcer *enforcer, uint32_t counter, int cpu);

#endif
