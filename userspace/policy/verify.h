/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Translation validation (Pnueli, Siegel & Singerman, TACAS 1998): not the
 * compiler is proved but each of its results, before it is put in force. The
 * image is walked as the kernel walks it, and what it says in each cell (subject
 * class, direction, peer class, port class) is compared with what the naive
 * evaluator makes of the objects for members of these classes, taken at random.
 */
#ifndef WEIR_POLICY_VERIFY_H
#define WEIR_POLICY_VERIFY_H

#include "base/error.h"
#include "policy/compile.h"

struct verify_options {
	uint64_t seed;
	unsigned budget_ms; /* all cells if they take less, by how fast the first ones were; 0: all, however long */
	unsigned sample_ms; /* else as many as this allows */
};

/* How an image was verified. */
struct verification {
	uint64_t cells; /* compared */
	uint64_t of;	/* that the image has for the pods, addresses and ports there are */
	bool sampled;	/* not all; no cell twice */
	uint64_t seed;
	double ms;
};

/*
 * -EBADMSG when the image says something else than the objects; the error names
 * the cell: "subject shop/backend ingress from shop/frontend TCP/80: image says
 * pass (policy-allow), objects say drop (policy-default)".
 */
int verify(const struct world *world, const struct compiled *compiled, const struct verify_options *options,
	   struct verification *ret, struct error *error);

#endif
