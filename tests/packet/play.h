/* SPDX-License-Identifier: BSD-2-Clause */
/* A scenario that is being played: one packet through the programs that it meets, and what each must do with it. */
#ifndef WEIR_TESTS_PACKET_PLAY_H
#define WEIR_TESTS_PACKET_PLAY_H

#include "packet/scenario.h"

/* A scenario, played in one way. */
struct play {
	struct lab *lab;
	const struct scenario *scenario;
	enum weir_family family;
	enum weir_direction opener;
	unsigned step;
	char *why;
};

/* What one run of one program must do; reason NONE: leave no trace. */
struct outcome {
	enum lab_program program;
	enum weir_direction direction;
	enum weir_verdict verdict;
	enum weir_reason reason;
	enum world_decision by;
	bool unanswered; /* rejected, but nothing is sent back */
	bool optional;	 /* it may pass instead, and leave no trace */
};

/* Says why in play->why. Returns -1. */
__attribute__((format(printf, 2, 3))) int play_fail(struct play *play, const char *format, ...);
/* That the packet was told of as it should be. entered: how many flow entries there are now that there were not. */
int play_check_event(struct play *play, const struct outcome *outcome, uint32_t bytes, unsigned entered);
/* 0, or -1 when it did something else than the step says. */
int play_tc(struct play *play, const struct scenario_step *step, const struct frame *frame,
	    enum weir_direction direction);
int play_xdp(struct play *play, const struct scenario_step *step, const struct frame *frame,
	     enum weir_direction direction);

#endif
