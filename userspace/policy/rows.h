/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to policy/. The table itself: a row of decisions for every subject class and direction. */
#ifndef WEIR_POLICY_ROWS_H
#define WEIR_POLICY_ROWS_H

#include "policy/decisions.h"
#include "policy/peers.h"
#include "policy/ports.h"
#include "policy/subjects.h"

struct rows {
	const struct ruleset *rules;
	const struct subjects *subjects;
	const struct peers *peers;
	const struct port_classes *ports;
	struct decisions *decisions;
	struct writer *writer;
};

/* Fills header.rows. */
int rows_build(const struct rows *rows, struct error *error);

#endif
