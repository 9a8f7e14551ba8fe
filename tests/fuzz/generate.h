/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random sequences that mean something: a few conversations that go on as their
 * protocols have it, most of the time; in between, every odd thing that a
 * packet can have, other people's packets, and what the agent does.
 */
#ifndef WEIR_TESTS_FUZZ_GENERATE_H
#define WEIR_TESTS_FUZZ_GENERATE_H

#include "fuzz/random.h"
#include "fuzz/sequence.h"

void generate_sequence(struct random *r, unsigned steps, struct sequence *ret);

#endif
