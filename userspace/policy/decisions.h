/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. The rules that match -> one decision, each distinct one
 * once: its record in the image, its counter, its limits, and what people are
 * told about it.
 */
#ifndef WEIR_POLICY_DECISIONS_H
#define WEIR_POLICY_DECISIONS_H

#include "policy/compile.h"
#include "policy/ruleset.h"
#include "policy/writer.h"

struct decision {
	struct decision_info info;
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

/* What is said where `rules` of any tier match somebody whom `policies` isolate in the direction. Both ascending. */
int decisions_merge(struct decisions *decisions, enum weir_direction direction, const struct ids *policies,
		    const struct ids *rules, uint32_t *ret, struct error *error);

/* Writes the records, puts their offsets where the decisions' numbers were, and hands over what people are told. */
void decisions_write(struct decisions *decisions, struct writer *writer, struct compiled *compiled);

#endif
