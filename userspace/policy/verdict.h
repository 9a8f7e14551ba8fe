/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to policy/. For verify.c: what of a decision is compared, as the image and as the objects have it. */
#ifndef WEIR_POLICY_VERDICT_H
#define WEIR_POLICY_VERDICT_H

#include "policy/naive.h"

struct verdict {
	enum weir_verdict verdict;
	unsigned reason, flags;
	size_t n_limits, n_audited_limits;
};

/* cell: offset of the decision's record. */
struct verdict verdict_of_image(const struct weir_image *image, uint32_t cell);
struct verdict verdict_of_objects(const struct naive_answer *answer);

bool verdict_same_decision(const struct verdict *a, const struct verdict *b);
bool verdict_same_limits(const struct verdict *a, const struct verdict *b);

/* "pass (policy-allow)", "2 limits (1 only counting)"; the caller frees. */
char *verdict_decision(const struct verdict *verdict);
char *verdict_limits(const struct verdict *verdict);

#endif
