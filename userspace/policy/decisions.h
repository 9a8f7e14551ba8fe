/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. The rules that match -> one decision, each distinct one
 * once: its record in the image, its counter, its limits, and what people are
 * told about it.
 *
 * A policy in audit mode never changes what passes. So each cell is judged
 * twice, without such policies and with them. What the former denies is denied.
 * What both allow is told as the latter says it; what only the latter denies is
 * told so too, passes, and is counted as what would be dropped. Either way the
 * limits are those of the former, and beside them those of audited policies,
 * which only count.
 */
#ifndef WEIR_POLICY_DECISIONS_H
#define WEIR_POLICY_DECISIONS_H

#include "policy/compile.h"
#include "policy/opinion.h"
#include "policy/writer.h"

struct decision {
	struct decision_info info;
	struct opinion enforced, all; /* that it was made of */
	uint8_t n_limits;
	struct weir_image_limit limits[WEIR_DECISION_LIMITS];
};

struct decisions {
	const struct ruleset *rules;
	struct numberings *numberings;
	struct interner keys;
	VEC(struct decision) list;
	struct interner limit_keys;
	VEC(struct limit_info) limits;
	VEC(struct weir_image_limit) limit_records; /* like limits */
};

void decisions_free(struct decisions *decisions); /* what it holds */

/* One that no rule has a say in. */
uint32_t decisions_fixed(struct decisions *decisions, enum weir_direction direction, enum weir_reason reason);

int decisions_merge(struct decisions *decisions, enum weir_direction direction, const struct grounds *grounds,
		    uint32_t *ret, struct error *error);
/* What one decision says without audited policies, and another one with them, taken together. */
int decisions_cross(struct decisions *decisions, uint32_t enforced, uint32_t all, uint32_t *ret, struct error *error);

/* Writes the records, puts their offsets where the decisions' numbers were, and hands over what people are told. */
void decisions_write(struct decisions *decisions, struct writer *writer, struct compiled *compiled);

#endif
