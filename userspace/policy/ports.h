/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. The port ranges that policies name cut each protocol's
 * ports into intervals; ports in the same ranges form one class. Class 0 is in
 * no range, and has no ports at all.
 */
#ifndef WEIR_POLICY_PORTS_H
#define WEIR_POLICY_PORTS_H

#include "policy/ruleset.h"
#include "policy/writer.h"

struct port_classes {
	struct interner ranges; /* class -> the ruleset's ranges that hold it, ascending */
	struct ids *of_range;	/* the other way round: classes, ascending */
	size_t n_ranges;
};

static inline uint32_t port_classes_count(const struct port_classes *ports)
{
	return interner_count(&ports->ranges);
}

/* Fills header.ports. The ruleset's ranges must be complete. */
void port_classes_build(struct port_classes *ports, const struct ruleset *rules, struct writer *writer);
void port_classes_free(struct port_classes *ports); /* what it holds */

#endif
