/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. For verify.c: whether the limits of a cell are those that
 * the objects have for it, in every word of them. Which is which comes out by
 * their buckets.
 */
#ifndef WEIR_POLICY_VERIFY_LIMITS_H
#define WEIR_POLICY_VERIFY_LIMITS_H

#include "policy/compile.h"
#include "policy/naive.h"

/* cell: offset of the decision's record. NULL: they are; else what is not so, which the caller frees. */
char *limits_difference(const struct compiled *compiled, uint32_t cell, enum weir_direction direction,
			const struct naive_answer *answer);

#endif
