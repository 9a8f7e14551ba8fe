// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/host_programs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "weir.bpf.c"

#include "fuzz/host_packet.h"

#define MAP(map)                                                                                   \
	{                                                                                          \
		.name = &(map), .key_size = sizeof(*(map).key), .value_size = sizeof(*(map).value) \
	}
/* All entries are there from the beginning, by index. */
#define ARRAY(map)                                                                                                \
	{                                                                                                         \
		.name = &(map), .key_size = sizeof(*(map).key), .value_size = sizeof(*(map).value), .array = true \
	}

struct host_map host_maps[HOST_MAPS] = {
	[HOST_ENDPOINTS] = MAP(endpoints),
	[HOST_ADDRESSES4] = MAP(addresses4),
	[HOST_ADDRESSES6] = MAP(addresses6),
	[HOST_FLOWS + WEIR_OPENINGS * WEIR_FAMILIES + WEIR_IPV4] = MAP(openings4),
	[HOST_FLOWS + WEIR_OPENINGS * WEIR_FAMILIES + WEIR_IPV6] = MAP(openings6),
	[HOST_FLOWS + WEIR_CONNECTIONS * WEIR_FAMILIES + WEIR_IPV4] = MAP(connections4),
	[HOST_FLOWS + WEIR_CONNECTIONS * WEIR_FAMILIES + WEIR_IPV6] = MAP(connections6),
	[HOST_FLOWS + WEIR_EXCHANGES * WEIR_FAMILIES + WEIR_IPV4] = MAP(exchanges4),
	[HOST_FLOWS + WEIR_EXCHANGES * WEIR_FAMILIES + WEIR_IPV6] = MAP(exchanges6),
	[HOST_FRAGMENTS] = MAP(fragments),
	[HOST_SHIELDS] = MAP(shields),
	[HOST_TALLIES] = ARRAY(tallies),
	[HOST_REASONS] = ARRAY(reasons),
	[HOST_ACCOUNTS] = ARRAY(accounts),
	[HOST_PAIRS] = ARRAY(pairs),
	[HOST_BUCKETS] = ARRAY(buckets),
	[HOST_SOURCES] = MAP(sources),
	[HOST_CHARGED] = ARRAY(charged),
	[HOST_CHARGING] = ARRAY(charging),
	[HOST_REFUSALS] = ARRAY(refusals),
	/* The inner map is the same to the helpers: its one value is the image's words. */
	[HOST_IMAGES] = { .name = &images, .key_size = sizeof(__u32), .value_size = sizeof(void *) },
};

static void set_constant(const volatile __u32 *constant, __u32 value)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)constant & ~(page - 1);

	if (mprotect((void *)at, page, PROT_READ | PROT_WRITE) < 0)
		abort();
	*(volatile __u32 *)constant = value;
}

/* As a loader sets read-only data before it loads. */
void host_load(const struct host_constants *constants)
{
	set_constant(&weir_image_mask, constants->image_mask);
	set_constant(&weir_tick_shift, constants->tick_shift);
	set_constant(&weir_pair_mask, constants->pair_mask);
	set_constant(&weir_account_limited, constants->account_limited);
}

struct weir_control *host_control(void)
{
	return &weir_control;
}

void host_sweep(enum weir_flow_table table, uint32_t family, bool recount)
{
	struct weir_sweep asked = { .table = table, .family = family, .recount = recount };

	weir_sweep(&asked);
}

static int n_told;
static struct weir_event *told;

/* One at a time. Memory of its own, so that a sanitizer sees what is written beside it, or after it is handed over. */
void *bpf_ringbuf_reserve(void *map, __u64 size, __u64 flags)
{
	if (map != &events || size != sizeof(*told))
		abort();
	host_count.events++;
	free(told);
	told = malloc(size);
	return told;
}

void bpf_ringbuf_submit(void *record, __u64 flags)
{
	if (record != told || flags != BPF_RB_NO_WAKEUP)
		abort();
	n_told++;
}

int host_told(struct weir_event *ret)
{
	const int n = n_told;

	if (told)
		*ret = *told;
	n_told = 0;
	memset(weir_notices, 0, sizeof(weir_notices));
	memset(weir_notice_budgets, 0, sizeof(weir_notice_budgets));
	return n;
}

static int run_tc(enum host_program program, struct host_frame *frame)
{
	struct host_packet packet;
	struct __sk_buff skb = {
		.ifindex = frame->ifindex,
		.ingress_ifindex = frame->ingress_ifindex,
		.gso_size = frame->gso_size,
		.gso_segs = frame->gso_segs,
	};
	int r;

	host_packet_open(&packet, frame);
	skb.data = packet.linear;
	skb.data_end = packet.linear + packet.n_linear;
	skb.len = packet.length;
	/* As eth_type_trans() has it: below 1536 it is a length, of IEEE 802.2. */
	skb.protocol = bpf_htons(4);
	if (bpf_ntohs(*(__be16 *)(frame->bytes + 12)) >= 0x600)
		skb.protocol = *(__be16 *)(frame->bytes + 12);
	r = program == HOST_FROM_POD ? weir_from_pod(&skb) : weir_to_pod(&skb);
	host_packet_close(&packet, frame);
	return r;
}

static int run_xdp(enum host_program program, struct host_frame *frame)
{
	struct host_packet packet;
	struct xdp_md xdp = { .ingress_ifindex = frame->ifindex };
	int r;

	host_packet_open(&packet, frame);
	xdp.data = packet.linear;
	xdp.data_end = packet.linear + packet.n_linear;
	r = program == HOST_XDP ? weir_xdp(&xdp) : weir_uplink(&xdp);
	host_packet_close(&packet, frame);
	return r;
}

int host_run(enum host_program program, struct host_frame *frame)
{
	return program == HOST_XDP || program == HOST_UPLINK ? run_xdp(program, frame) : run_tc(program, frame);
}
