/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a sequence through the model and an engine, and makes a disagreement small. */
#ifndef WEIR_TESTS_FUZZ_COMPARE_H
#define WEIR_TESTS_FUZZ_COMPARE_H

#include "fuzz/engine.h"

/*
 * True when they disagree: in the verdict of a packet, in what the answer to a
 * rejected one is, or in what can be seen in the end. out: what is different,
 * as text; may be NULL. A failing engine is a disagreement.
 */
bool compare_sequence(const struct engine *engine, const struct sequence *sequence, FILE *out);
/* The same of what was told of one packet, since the last call. */
bool compare_event(const struct engine *engine, const struct step *step, const struct judgement *judgement, bool xdp,
		   FILE *out);
/* The fewest steps, and then the shortest packets, that still disagree. */
void compare_shrink(const struct engine *engine, struct sequence *sequence);
/* Shrinks it, writes it to directory in the form of the corpus, and tells on out how to run it again. */
void compare_report(const struct engine *engine, struct sequence *sequence, const char *directory, FILE *out);

/* How many packets met each reason so far, by the model. */
extern uint64_t compare_reasons[WEIR_REASON_MAX];

#endif
