// SPDX-License-Identifier: BSD-2-Clause
#include "policy/verdict.h"

#include "base/mem.h"
#include "policy/words.h"

struct verdict verdict_of_image(const struct weir_image *image, uint32_t cell)
{
	const struct weir_image_decision decision = weir_image_decision_at(image, cell);
	struct weir_image_limit limits[WEIR_DECISION_LIMITS];
	struct verdict verdict = { .verdict = decision.verdict,
				   .reason = decision.reason,
				   .n_limits = decision.n_limits };
	uint32_t n = 0;

	for (; n < decision.n_limits && n < WEIR_DECISION_LIMITS; n++) {
		limits[n] = weir_image_limit_at(image, cell, n);
		verdict.n_audited_limits += limits[n].flags & WEIR_LIMIT_AUDIT;
	}
	/* What the flags say of limits has to be as the limits are; then it is no concern of the objects. */
	verdict.flags = decision.flags ^ weir_image_limit_flags(limits, n);
	return verdict;
}

struct verdict verdict_of_objects(const struct naive_answer *answer)
{
	return (struct verdict){
		.verdict = naive_verdict(answer),
		.reason = answer->reason,
		.flags = (answer->audited ? WEIR_DECISION_AUDIT : 0) | (answer->rejects ? WEIR_DECISION_REJECT : 0),
		.n_limits = answer->n_limits,
		.n_audited_limits = answer->n_audited_limits,
	};
}

bool verdict_same_decision(const struct verdict *a, const struct verdict *b)
{
	return a->verdict == b->verdict && a->reason == b->reason && a->flags == b->flags;
}

bool verdict_same_limits(const struct verdict *a, const struct verdict *b)
{
	return a->n_limits == b->n_limits && a->n_audited_limits == b->n_audited_limits;
}

char *verdict_decision(const struct verdict *verdict)
{
	return xasprintf("%s (%s)", decision_word(verdict->verdict, verdict->flags),
			 reason_name(verdict->reason) ?: "?");
}

char *verdict_limits(const struct verdict *verdict)
{
	return xasprintf("%zu limits (%zu only counting)", verdict->n_limits, verdict->n_audited_limits);
}
