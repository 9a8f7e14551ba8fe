/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to policy/. The policies' CIDRs cut the addresses into regions: all
 * addresses that are in the same ipBlocks, excepts taken off. Region 0 is in
 * none. A trie in the image finds an address's region.
 */
#ifndef WEIR_POLICY_REGION_H
#define WEIR_POLICY_REGION_H

#include "policy/ruleset.h"
#include "policy/writer.h"

struct regions {
	struct interner blocks; /* region -> the ruleset's blocks that it is in, ascending */
};

static inline uint32_t regions_count(const struct regions *regions)
{
	return interner_count(&regions->blocks);
}

/* Fills header.tries. */
void regions_build(struct regions *regions, const struct ruleset *rules, struct writer *writer);
void regions_free(struct regions *regions); /* what it holds */

#endif
