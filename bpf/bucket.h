/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where limits keep their state: in an array; or, for a limit per identity or
 * address, in a bucket for each opener, in a table that makes room by itself.
 */
#ifndef WEIR_BPF_BUCKET_H
#define WEIR_BPF_BUCKET_H

#include "account.h"

/* Limits hold for what the opener of a connection sends: so the opener is the source. */
struct opener {
	__u32 identity;
	__u32 family;
	__u8 address[16];
};

static const struct weir_bucket empty_bucket;

/* in: the connection was opened to the endpoint. */
static __always_inline void fill_opener(bool in, const union flow_key *key, enum weir_family family, struct opener *ret)
{
	/* What is known to be aligned clang 19 picks an address of by "or", which is nothing for the verifier. */
	barrier_var(key);
	__builtin_memset(ret->address, 0, sizeof(ret->address));
	ret->family = family;
	if (family == WEIR_IPV4)
		__builtin_memcpy(ret->address + 12, in ? &key->v4.remote : &key->v4.local, 4);
	else
		__builtin_memcpy(ret->address, in ? key->v6.remote : key->v6.local, 16);
}

/* flags: WEIR_LIMIT_PER_*. */
static __always_inline struct weir_bucket *find_source(__u32 index, __u32 flags, const struct opener *opener)
{
	struct weir_source_key key = { .bucket = index };
	struct weir_bucket *bucket;

	if (flags & WEIR_LIMIT_PER_IDENTITY) {
		key.identity = opener->identity;
	} else {
		key.family = opener->family;
		__builtin_memcpy(key.address, opener->address, sizeof(key.address));
	}
	bucket = bpf_map_lookup_elem(&sources, &key);
	if (bucket)
		return bucket;
	if (!bpf_map_update_elem(&sources, &key, &empty_bucket, BPF_NOEXIST))
		tally_add(WEIR_TALLY_SOURCES, 1);
	return bpf_map_lookup_elem(&sources, &key);
}

static __always_inline struct weir_bucket *find_bucket(__u32 index, __u32 flags, const struct opener *opener)
{
	if (flags & (WEIR_LIMIT_PER_IDENTITY | WEIR_LIMIT_PER_ADDRESS))
		return find_source(index, flags, opener);
	return bpf_map_lookup_elem(&buckets, &index);
}

#endif
