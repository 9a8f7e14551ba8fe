/* SPDX-License-Identifier: BSD-2-Clause */
/* What libbpf's header gives the programs, as functions of this process: see host_helpers.c. */
#ifndef WEIR_TESTS_FUZZ_HOST_BPF_HELPERS_H
#define WEIR_TESTS_FUZZ_HOST_BPF_HELPERS_H

#include <linux/bpf.h>

#define SEC(name)
#define __uint(name, value)  int(*name)[value]
#define __type(name, type)   __typeof__(type) *name
#define __array(name, value) __typeof__(value) *name[]
#define __noinline	     __attribute__((noinline))
#define __weak		     __attribute__((weak))
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef NULL
#define NULL ((void *)0)
#endif
#define barrier()	 __asm__ volatile("" ::: "memory")
#define barrier_var(var) __asm__ volatile("" : "+r"(var))

/* Counted, as helpers are: a name that is being replaced is not replaced again. */
void host_count_atomic(void);
#define __sync_val_compare_and_swap(...) (host_count_atomic(), __sync_val_compare_and_swap(__VA_ARGS__))
#define __sync_lock_test_and_set(...)	 (host_count_atomic(), __sync_lock_test_and_set(__VA_ARGS__))
#define __sync_fetch_and_add(...)	 (host_count_atomic(), __sync_fetch_and_add(__VA_ARGS__))
#define __sync_fetch_and_or(...)	 (host_count_atomic(), __sync_fetch_and_or(__VA_ARGS__))

void *bpf_map_lookup_elem(void *map, const void *key);
long bpf_map_update_elem(void *map, const void *key, const void *value, __u64 flags);
long bpf_map_delete_elem(void *map, const void *key);
long bpf_for_each_map_elem(void *map, void *function, void *context, __u64 flags);

void *bpf_ringbuf_reserve(void *map, __u64 size, __u64 flags);
void bpf_ringbuf_submit(void *record, __u64 flags);

__u64 bpf_ktime_get_ns(void);
__u64 bpf_jiffies64(void);

long bpf_skb_load_bytes(const void *skb, __u32 offset, void *to, __u32 size);
long bpf_skb_store_bytes(void *skb, __u32 offset, const void *from, __u32 size, __u64 flags);
long bpf_l3_csum_replace(void *skb, __u32 offset, __u64 from, __u64 to, __u64 size);
long bpf_skb_set_tstamp(void *skb, __u64 time, __u32 type);
long bpf_skb_change_tail(void *skb, __u32 length, __u64 flags);
long bpf_skb_change_type(void *skb, __u32 type);
long bpf_xdp_load_bytes(const void *xdp, __u32 offset, void *to, __u32 size);
__u64 bpf_xdp_get_buff_len(const void *xdp);
__s64 bpf_csum_diff(const __be32 *from, __u32 from_size, const __be32 *to, __u32 to_size, __u32 seed);
long bpf_perf_event_output(void *context, void *map, __u64 flags, void *data, __u64 size);
long bpf_redirect(__u32 ifindex, __u64 flags);
long bpf_redirect_peer(__u32 ifindex, __u64 flags);

#endif
