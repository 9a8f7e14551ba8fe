/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every packet is counted once by its reason and, where policy decided, once by
 * its decision and pair: who opens the connection, and to whom. What a limit
 * drops is counted so too, not as passed by the decision. Which row that is, is
 * found when a connection is decided, and kept in its flow. A missing counter
 * never changes a verdict.
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

/* The row of a tag, claimed if there is none; or the other one, where the table has no room for it. */
static __always_inline __u32 pair_row(__u64 tag, __u32 otherwise)
{
	const __u32 hash = weir_pair_hash(tag);

#pragma unroll
	for (__u32 i = 0; i < WEIR_PAIR_PROBES; i++) {
		__u32 row = (hash + i) & weir_pair_mask;
		struct weir_pair *pair = bpf_map_lookup_elem(&pairs, &row);
		__u64 found = pair ? pair->tag : ~0ull;

		if (pair && !found)
			found = __sync_val_compare_and_swap(&pair->tag, 0, tag) ?: tag;
		if (found == tag)
			return row;
	}
	return otherwise;
}

/* Where what a decision was made about is counted. Numbers that no tag has room for are nobody's. */
static __always_inline __u32 decision_row(__u32 counter, __u32 source, __u32 destination, __u64 flags)
{
	const __u32 own = weir_pair_mask + 1 + counter;

	if ((counter | source | destination) > WEIR_PAIR_MAX)
		return own;
	return pair_row(weir_pair_tag(counter, source, destination) | flags, own);
}

/* Where what is over a limit is counted, of what would have been counted in that row. */
__weak __noinline __u32 limited_row(__u32 row)
{
	struct weir_pair *pair = bpf_map_lookup_elem(&pairs, &row);
	__u64 tag = pair ? pair->tag : 0;

	if (!(tag & WEIR_PAIR_USED))
		return weir_account_limited;
	return pair_row(weir_pair_tag(WEIR_PAIR_LIMITED, weir_pair_source(tag), weir_pair_destination(tag)),
			weir_account_limited);
}

/* The decision counter of what is counted there. */
static __always_inline __u32 row_counter(__u32 row)
{
	const struct weir_pair *pair = bpf_map_lookup_elem(&pairs, &row);

	if (pair)
		return weir_pair_counter(pair->tag);
	return row == WEIR_ACCOUNT_NONE ? WEIR_COUNTER_NONE : row - weir_pair_mask - 1;
}

static __always_inline void count_opened(__u32 row)
{
	struct weir_account *account = bpf_map_lookup_elem(&accounts, &row);

	if (account)
		account->connections++;
}

static __always_inline void account(const struct packet *pkt)
{
	__u32 row = pkt->f->account;
	struct weir_account *account = bpf_map_lookup_elem(&accounts, &row);

	count(&reasons, pkt->f->reason * WEIR_DIRECTIONS + pkt->direction, pkt->f->length);
	if (account) {
		account->packets++;
		account->bytes += pkt->f->length;
	}
}

#endif
