/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every map of the datapath. Capacities here are placeholders: the agent sets them before loading. */
#ifndef WEIR_BPF_MAPS_H
#define WEIR_BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "weir/capture.h"
#include "weir/event.h"
#include "weir/image.h"
#include "weir/maps.h"
#include "weir/reason.h"

/* The capacity of an image in words, less one. Every inner map has this size, so the JIT inlines the look-up. */
const volatile __u32 weir_image_mask = 0;

/* Jiffies are shifted right by this to make ticks of a quarter of a second, more or less. */
const volatile __u32 weir_tick_shift = 6;

/* Marks the answers to rejected packets; a number that nobody else uses, 0: they are not sent. */
const volatile __u32 weir_answer_mark = 0;

/* The capacity of pairs, a power of two, less one; and the row after all those of decisions. */
const volatile __u32 weir_pair_mask = 0;
const volatile __u32 weir_account_limited = 0;

/* Written by the agent through mmap; see struct weir_control. */
struct weir_control weir_control SEC(".data.control");

/* What has been told lately; see notice.h. The programs' own: they lose nothing by beginning anew without it. */
struct weir_notice weir_notices[WEIR_NOTICES];
struct weir_notice_budget weir_notice_budgets[WEIR_NOTICE_BUDGETS];

/* Written by the agent too: of what is captured; see struct weir_capture. */
struct weir_capture weir_capture SEC(".data.capture");

struct weir_image_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, WEIR_SLOTS);
	__type(key, __u32);
	__array(values, struct weir_image_map);
} images SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* ifindex */
	__type(value, struct weir_endpoint);
} endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, __be32);
	__type(value, struct weir_address);
} addresses4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, struct weir_address6_key);
	__type(value, struct weir_address);
} addresses6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 17);
	__type(key, struct weir_flow4_key);
	__type(value, struct weir_flow);
} openings4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 17);
	__type(key, struct weir_flow6_key);
	__type(value, struct weir_flow);
} openings6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 17);
	__type(key, struct weir_flow4_key);
	__type(value, struct weir_flow);
} connections4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 17);
	__type(key, struct weir_flow6_key);
	__type(value, struct weir_flow);
} connections6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 17);
	__type(key, struct weir_flow4_key);
	__type(value, struct weir_flow);
} exchanges4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 17);
	__type(key, struct weir_flow6_key);
	__type(value, struct weir_flow);
} exchanges6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 13);
	__type(key, struct weir_fragment_key);
	__type(value, struct weir_fragment);
} fragments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, struct weir_shield_key);
	__type(value, struct weir_shield);
} shields SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WEIR_TALLIES);
	__type(key, __u32);
	__type(value, __u64);
} tallies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WEIR_REASON_MAX *WEIR_DIRECTIONS);
	__type(key, __u32);
	__type(value, struct weir_counter);
} reasons SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1 << 16);
	__type(key, __u32);
	__type(value, struct weir_account);
} accounts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1 << 14);
	__type(key, __u32);
	__type(value, struct weir_pair);
} pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* an upgrade charges what the other version's have let through */
	__uint(max_entries, 1 << 16);
	__type(key, __u32);
	__type(value, struct weir_bucket);
} buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 16);
	__type(key, struct weir_source_key);
	__type(value, struct weir_bucket);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1 << 16);
	__type(key, __u32);
	__type(value, struct weir_charged);
} charged SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WEIR_REFUSALS);
	__type(key, __u32);
	__type(value, struct weir_refusal);
} refusals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

/* A ring buffer has no type of what is in it: this is how another version learns it, from the pinned layouts. */
const struct weir_event *weir_event_layout;

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32); /* CPU */
	__type(value, __u32);
} captured SEC(".maps");

#endif
