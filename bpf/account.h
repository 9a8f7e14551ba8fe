/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every packet is counted once by its reason and, where policy decided, once
 * by its decision. What a limit drops is counted by the limit's bucket instead
 * of the decision, which would have let it pass. A missing counter never
 * changes a verdict.
 */
#ifndef WEIR_BPF_ACCOUNT_H
#define WEIR_BPF_ACCOUNT_H

#include "packet.h"

static __always_inline void count(void *map, __u32 index, __u32 bytes)
{
	struct weir_counter *counter = bpf_map_lookup_elem(map, &index);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}

static __always_inline void tally_add(__u32 tally, __u64 n)
{
	__u64 *count = bpf_map_lookup_elem(&tallies, &tally);

	if (count)
		*count += n;
}

static __always_inline void account(const struct packet *pkt)
{
	count(&reasons, pkt->f->reason * WEIR_DIRECTIONS + pkt->direction, pkt->f->length);
	count(&decisions, pkt->f->counter, pkt->f->length);
}

#endif
