// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One bucket, kept in two ways: as the programs keep it, by a compare-and-swap,
 * and under a spin lock, as a bucket of tokens is usually kept. Both look it up,
 * read the clock, and judge one packet.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "weir/image.h"
#include "weir/maps.h"
#include "weir/reason.h"

#define WEIR_BPF_MAPS_H /* the programs' own are not needed */
#include "gcra.h"

const volatile __u64 cost = 1;	      /* of a packet, in ticks */
const volatile __u64 burst = 1 << 20; /* ticks */

struct locked_bucket {
	struct bpf_spin_lock lock;
	__u32 pad;
	__u64 tokens; /* in ticks, too */
	__u64 filled; /* when */
	__u64 reserved[5];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weir_bucket);
} bench_swapped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct locked_bucket);
} bench_locked SEC(".maps");

SEC("tc")
int by_swap(struct __sk_buff *skb)
{
	const __u32 first = 0;
	struct weir_bucket *bucket = bpf_map_lookup_elem(&bench_swapped, &first);

	if (!bucket)
		return TC_ACT_SHOT;
	return gcra_take(&bucket->tat, gcra_now(), cost, burst) ? TC_ACT_OK : TC_ACT_SHOT;
}

SEC("tc")
int by_lock(struct __sk_buff *skb)
{
	const __u32 first = 0;
	struct locked_bucket *bucket = bpf_map_lookup_elem(&bench_locked, &first);
	const __u64 now = gcra_now();
	int verdict = TC_ACT_SHOT;

	if (!bucket)
		return TC_ACT_SHOT;
	bpf_spin_lock(&bucket->lock);
	if ((__s64)(now - bucket->filled) > 0) {
		bucket->tokens += now - bucket->filled;
		bucket->filled = now;
	}
	if (bucket->tokens > burst)
		bucket->tokens = burst;
	if (bucket->tokens >= cost) {
		bucket->tokens -= cost;
		verdict = TC_ACT_OK;
	}
	bpf_spin_unlock(&bucket->lock);
	return verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
