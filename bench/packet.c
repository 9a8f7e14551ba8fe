// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a packet costs, over an empty program of the same type, by
 * BPF_PROG_TEST_RUN. Prints one JSON object a line and round; bench/run makes
 * medians of them.
 *
 * The figures are the kernel's own (`duration`), not wall time, which would
 * hold the test run's grace period too. Every case's round stands directly
 * beside a round of the empty program, so that a slow moment hits both.
 *
 * A new flow is measured twice. new_flow sends the same TCP reset again and
 * again: it belongs to no connection, so every packet pays for looking for one
 * and for the whole decision, but a reset opens none. new_flow_insert goes
 * through a program that counts the packet's ports up before it hands it on by a
 * tail call (and the empty program is reached in the same way), so that every
 * packet is a SYN of its own, makes an entry and, the table being full, evicts
 * one.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "packet/counting.h"
#include "packet/world.h"

#define ROUNDS_DEFAULT 11
#define ROUNDS_MAX     1000
#define REPEAT	       400000
#define FILL_FLOWS     10000
#define FILL_ADDRESSES 10000
#define FLOWS	       16384
#define PORTS_OFFSET   34 /* Ethernet, IPv4 without options */
#define SOURCE_PORT    (1 << 16)

struct bench_case {
	const char *name;
	const char *baseline;
	enum lab_program program;
	enum weir_family family;
	enum world_peer peer;
	struct frame_spec packet;
	bool open_first; /* a handshake goes before */
	bool counting;	 /* through the program that counts the ports up */
};

static const struct bench_case cases[] = {
	{ "packet.tc.established", "empty tc program", LAB_TO_POD, WEIR_IPV4, PEER_FRIEND,
	  .packet = { .tcp_flags = FRAME_TCP_ACK, .seq = 1, .ack = 1 }, .open_first = true },
	{ "packet.tc.established_ipv6", "empty tc program", LAB_TO_POD, WEIR_IPV6, PEER_FRIEND,
	  .packet = { .tcp_flags = FRAME_TCP_ACK, .seq = 1, .ack = 1 }, .open_first = true },
	{ "packet.tc.established_limited", "empty tc program", LAB_TO_POD, WEIR_IPV4, PEER_FAST,
	  .packet = { .tcp_flags = FRAME_TCP_ACK, .seq = 1, .ack = 1 }, .open_first = true },
	{ "packet.tc.new_flow", "empty tc program", LAB_TO_POD, WEIR_IPV4, PEER_FRIEND,
	  .packet = { .tcp_flags = FRAME_TCP_RST, .client = 50000 } },
	{ "packet.tc.new_flow_insert", "empty tc program after a tail call", LAB_TO_POD, WEIR_IPV4, PEER_FRIEND,
	  .packet = { .tcp_flags = FRAME_TCP_SYN }, .counting = true },
	{ "packet.tc.denied", "empty tc program", LAB_TO_POD, WEIR_IPV4, PEER_STRANGER,
	  .packet = { .protocol = IPPROTO_UDP, .payload = 18 } },
	{ "packet.xdp.denied", "empty XDP program", LAB_XDP, WEIR_IPV4, PEER_STRANGER,
	  .packet = { .protocol = IPPROTO_UDP, .payload = 18 } },
};

struct bench {
	struct lab *lab;
	int empty[2];		     /* tc, XDP */
	struct counting counting[2]; /* to the program under test, to the empty one */
};

static int load(enum bpf_prog_type type, const struct bpf_insn *insns, size_t n)
{
	int fd = bpf_prog_load(type, "weir_bench", "GPL", insns, n, NULL);

	return fd < 0 ? -errno : fd;
}

static int load_empty(enum bpf_prog_type type, int32_t code)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = code },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load(type, insns, ARRAY_SIZE(insns));
}

/* The peer opens a connection to the pod, to the end of the handshake. */
static int shake_hands(struct lab *lab, enum weir_family family, enum world_peer peer, uint16_t client)
{
	const uint8_t *pod = world_pod_addr(family), *from = world_peer(peer, family);
	const struct frame_ends there = { family, from, pod, false }, back = { family, pod, from, true };
	const struct frame_spec packets[] = {
		{ .tcp_flags = FRAME_TCP_SYN, .client = client },
		{ .tcp_flags = FRAME_TCP_SYN | FRAME_TCP_ACK, .client = client, .ack = 1 },
		{ .tcp_flags = FRAME_TCP_ACK, .client = client, .seq = 1, .ack = 1 },
	};
	struct lab_result result;
	struct frame frame;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(packets) && r == 0; i++) {
		frame_build(&packets[i], i == 1 ? &back : &there, &frame);
		r = lab_run(lab, &(struct lab_run){ .program = i == 1 ? LAB_FROM_POD : LAB_TO_POD, .frame = &frame },
			    &result);
	}
	return r;
}

/* Other flows and addresses, so that tables are not empty. */
static int fill(struct lab *lab)
{
	static const struct weir_address address = { .identity = WEIR_IDENTITY_FIRST + 1 };

	for (uint32_t i = 0; i < FILL_ADDRESSES; i++) {
		uint8_t addr[4] = { 172, 16, i >> 8, i & 0xff };
		int r = lab_set_address(lab, WEIR_IPV4, addr, &address);

		if (r < 0)
			return r;
	}
	for (uint32_t i = 0; i < FILL_FLOWS; i++) {
		int r = shake_hands(lab, WEIR_IPV4, PEER_FRIEND, 1024 + i);

		if (r < 0)
			return r;
	}
	return 0;
}

static int bench_open(struct bench *bench)
{
	static const struct lab_config config = { .flows = FLOWS, .addresses = 1 << 17, .image_words = 1 << 18 };
	static const struct counting_word ports = { .at = PORTS_OFFSET, .step = SOURCE_PORT };
	const char *why;
	int r = lab_open(&config, &bench->lab, &why);

	if (r < 0) {
		fprintf(stderr, "bench packet: %s: %s\n", why, strerror(-r));
		return r;
	}
	bench->empty[0] = load_empty(BPF_PROG_TYPE_SCHED_CLS, -1);
	bench->empty[1] = load_empty(BPF_PROG_TYPE_XDP, XDP_DROP);
	if (bench->empty[0] < 0 || bench->empty[1] < 0)
		return -EIO;
	return counting_open(lab_program_fd(bench->lab, LAB_TO_POD), ports, &bench->counting[0]) ?:
	       counting_open(bench->empty[0], ports, &bench->counting[1]) ?: world_reset(bench->lab) ?: fill(bench->lab);
}

static int ns_per_packet(int program, const struct frame *frame, uint32_t *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes, .data_size_in = frame->length, .repeat = REPEAT);

	if (bpf_prog_test_run_opts(program, &opts) < 0)
		return -errno;
	*ret = opts.duration;
	return 0;
}

static int measure(struct bench *bench, const struct bench_case *c)
{
	bool out = c->program != LAB_TO_POD;
	const uint8_t *pod = world_pod_addr(c->family), *peer = world_peer(c->peer, c->family);
	const struct frame_ends ends = { c->family, out ? pod : peer, out ? peer : pod, false };
	int program = c->counting ? bench->counting[0].program : lab_program_fd(bench->lab, c->program);
	int empty = c->counting ? bench->counting[1].program : bench->empty[c->program == LAB_XDP];
	uint32_t base, with;
	struct frame frame;
	int r;

	frame_build(&c->packet, &ends, &frame);
	r = (c->open_first ? shake_hands(bench->lab, c->family, c->peer, 0) : 0) ?: ns_per_packet(empty, &frame, &base) ?: ns_per_packet(program, &frame, &with);
	if (r < 0)
		return r;
	printf("{\"name\": \"%s\", \"unit\": \"ns\", \"value\": %d, \"baseline\": \"%s\", \"base\": %u, \"with\": "
	       "%u}\n",
	       c->name, (int)with - (int)base, c->baseline, base, with);
	return 0;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS_DEFAULT;
	struct bench bench = { 0 };
	int r;

	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: packet [ROUNDS]\n");
		return 2;
	}
	r = bench_open(&bench);
	for (long round = 0; round < rounds && r == 0; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(cases) && r == 0; i++)
			r = measure(&bench, &cases[i]);
	}
	if (r < 0)
		fprintf(stderr, "bench packet: %s\n", strerror(-r));
	lab_close(bench.lab);
	return r < 0;
}
