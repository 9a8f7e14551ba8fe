// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a packet costs over an empty program of the same type, by
 * BPF_PROG_TEST_RUN: each kind of packet, hook and family, with and without
 * counters, limits and events, and over how many flows or addresses. Every
 * case's round stands directly beside a round of the empty program, so that a
 * slow moment hits both.
 *
 * Over N: each packet is of another of N flows, or from another of N addresses,
 * by a program that counts a word of the packet up before it hands it on by a
 * tail call, in another order than that in which they came; the empty program is
 * reached in the same way. In the tables there are always a hundred thousand.
 *
 * A new flow is a TCP reset of no connection: it pays for looking for one and for
 * the whole decision, but opens none. What making an entry costs is measured by
 * SYNs from one port after another, into an empty table and into a full one.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "lib/crowd.h"
#include "lib/measure.h"
#include "packet/counting.h"

#define ROUNDS_USUAL 11
#define ROUNDS_MAX   1000
#define REPEAT	     100000u
#define PORTS	     60000u
#define CASES_MAX    128u

enum kind {
	ESTABLISHED,
	NEW_FLOW,
	ENTERED, /* new, and the table has room */
	INSERT,	 /* new, and the table is full */
	DENIED,
	KINDS,
};

enum features {
	COUNTERS,
	BARE,
	LIMITED,
	ALL, /* a limit, events and the flood shield */
	FEATURES,
};

struct bench_case {
	char name[64];
	enum lab_program program;
	enum weir_family family;
	enum kind kind;
	enum features features;
	uint32_t over; /* 1: all packets are the same; 2: each is another one */
	bool uplink;
};

enum way {
	WAY_DIRECT,
	WAY_COUNTED,
	WAYS,
};

struct bench {
	struct crowd crowd;
	struct bench_case cases[CASES_MAX];
	size_t n_cases;
	int empty[2]; /* tc, XDP */
};

static bool is_xdp(enum lab_program program)
{
	return program == LAB_XDP || program == LAB_UPLINK;
}

static bool leaves_pod(const struct bench_case *c)
{
	return c->program == LAB_XDP || c->program == LAB_FROM_POD;
}

/* --- the cases ------------------------------------------------------------------- */

static void add(struct bench *bench, struct bench_case c)
{
	static const char *const hooks[] = { "tc_out", "tc", "xdp", "uplink" };
	static const char *const kinds[] = { "established", "new_flow", "new_flow_entered", "new_flow_insert",
					     "denied" };
	static const char *const features[] = { "", "_bare", "_limited", "_all" };
	char over[16] = "";

	if (bench->n_cases == CASES_MAX)
		abort();
	if (c.over > 2)
		snprintf(over, sizeof(over), "_%u", c.over);
	snprintf(c.name, sizeof(c.name), "packet.%s.%s%s%s%s", hooks[c.program], kinds[c.kind],
		 c.family == WEIR_IPV6 ? "_ipv6" : "", features[c.features], over);
	bench->cases[bench->n_cases++] = c;
}

static void add_hot(struct bench *bench, enum weir_family family)
{
	static const enum kind kinds[] = { ESTABLISHED, NEW_FLOW, DENIED };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (enum features f = 0; f < FEATURES; f++) {
			if (f == LIMITED && kinds[i] == DENIED)
				continue; /* that has no limits */
			add(bench, (struct bench_case){ .program = LAB_TO_POD,
							.family = family,
							.kind = kinds[i],
							.features = f,
							.over = 1 });
		}
	}
	add(bench, (struct bench_case){ .program = LAB_FROM_POD, .family = family, .over = 1 });
	add(bench, (struct bench_case){ .program = LAB_FROM_POD, .family = family, .kind = DENIED, .over = 1 });
	for (enum lab_program p = LAB_XDP; p <= LAB_UPLINK; p++) {
		for (enum features f = 0; f < FEATURES; f++) {
			if (f == LIMITED)
				continue; /* these are tc's */
			add(bench, (struct bench_case){ .program = p, .family = family, .features = f, .over = 1 });
			add(bench, (struct bench_case){
					   .program = p, .family = family, .kind = DENIED, .features = f, .over = 1 });
		}
	}
}

static void add_over(struct bench *bench, enum weir_family family)
{
	static const uint32_t over[] = { 1000, 16000, 100000 };

	for (size_t i = 0; i < ARRAY_SIZE(over); i++) {
		add(bench, (struct bench_case){ .program = LAB_TO_POD, .family = family, .over = over[i] });
		add(bench,
		    (struct bench_case){ .program = LAB_TO_POD, .family = family, .kind = NEW_FLOW, .over = over[i] });
		add(bench,
		    (struct bench_case){ .program = LAB_TO_POD, .family = family, .kind = DENIED, .over = over[i] });
		add(bench,
		    (struct bench_case){ .program = LAB_UPLINK, .family = family, .kind = DENIED, .over = over[i] });
	}
}

static void add_cases(struct bench *bench)
{
	for (enum weir_family family = 0; family < WEIR_FAMILIES; family++) {
		add_hot(bench, family);
		add_over(bench, family);
	}
	add(bench, (struct bench_case){ .program = LAB_TO_POD, .kind = ENTERED, .over = 2 });
	add(bench, (struct bench_case){ .program = LAB_TO_POD, .kind = INSERT, .over = 2 });
}

/* --- one of them ----------------------------------------------------------------- */

static void build(const struct bench_case *c, struct frame *ret)
{
	static uint16_t port = 1000;
	static const struct frame_spec specs[KINDS] = {
		[ESTABLISHED] = { .tcp_flags = FRAME_TCP_ACK, .seq = 1, .ack = 1, .client = CROWD_CLIENT },
		[NEW_FLOW] = { .tcp_flags = FRAME_TCP_RST, .client = CROWD_CLIENT + 1 },
		[ENTERED] = { .tcp_flags = FRAME_TCP_SYN, .client = 1024 },
		[INSERT] = { .tcp_flags = FRAME_TCP_SYN, .client = 1024 },
		[DENIED] = { .protocol = IPPROTO_UDP, .payload = 18 },
	};
	const bool stranger = c->kind == DENIED;
	const bool limited = !stranger && (c->features == LIMITED || c->features == ALL);
	const uint8_t *pod = world_pod_addr(c->family);
	struct frame_spec spec = specs[c->kind];
	uint8_t member[16];
	const uint8_t *peer = limited ? world_peer(PEER_FAST, c->family) : member;
	const struct frame_ends ends = { c->family, leaves_pod(c) ? pod : peer, leaves_pod(c) ? peer : pod, false };

	crowd_address(c->family, stranger, 0, member);
	if (c->kind == ENTERED || c->kind == INSERT)
		spec.port = port++; /* none of them was opened before */
	memset(ret, 0, sizeof(*ret));
	frame_build(&spec, &ends, ret);
}

/* The last word of the peer's address; of entries the opener's port. */
static struct counting_word counted_word(const struct bench_case *c)
{
	struct counting_word word = { .at = c->family == WEIR_IPV4 ? 26 : 34, .step = 1, .xdp = is_xdp(c->program) };
	uint8_t first[16];

	if (c->kind == ENTERED || c->kind == INSERT)
		return (struct counting_word){ .at = 34, .step = 1 << 16 };
	if (leaves_pod(c))
		word.at += c->family == WEIR_IPV4 ? 4 : 16;
	crowd_address(c->family, c->kind == DENIED, 0, first);
	memcpy(&word.first, first + (c->family == WEIR_IPV4 ? 0 : 12), sizeof(word.first));
	word.first = ntohl(word.first);
	word.end = word.first + c->over;
	return word;
}

static int prepare(struct bench *bench, const struct bench_case *c)
{
	const bool limited = c->kind == ESTABLISHED && (c->features == LIMITED || c->features == ALL);
	const uint8_t *peer = world_peer(PEER_FAST, c->family);
	uint8_t member[16];

	crowd_watch(&bench->crowd, c->features == ALL);
	if (c->kind == ENTERED)
		return crowd_forget_openings(&bench->crowd);
	crowd_address(c->family, false, 0, member);
	if (c->kind == ESTABLISHED && c->over == 1)
		return crowd_shake_hands(&bench->crowd, c->family, limited ? peer : member, leaves_pod(c),
					 CROWD_CLIENT);
	return 0;
}

static int run(const struct bench_case *c, int program, double *ret)
{
	static struct frame frame;

	build(c, &frame);
	return bench_ns_per_packet(program, &frame, c->kind == ENTERED || c->kind == INSERT ? PORTS : REPEAT, ret);
}

/* So that every entry that is made pushes another one out. */
static int fill_openings(const struct bench_case *c, int program)
{
	double ns;
	int r = 0;

	for (uint32_t n = 0; r == 0 && n < 2 * CROWD_FLOW_TABLE; n += PORTS)
		r = run(c, program, &ns);
	return r;
}

static int run_both(struct bench *bench, const struct bench_case *c, double *ret_base, double *ret_with)
{
	const int program = crowd_program(&bench->crowd, c->program, c->features == BARE);
	const int empty = bench->empty[is_xdp(c->program)];
	struct counting counting[2] = { COUNTING_NONE, COUNTING_NONE };
	int r;

	if (c->over == 1)
		return run(c, empty, ret_base) ?: run(c, program, ret_with);
	r = counting_open(empty, counted_word(c), &counting[0])
		    ?: counting_open(program, counted_word(c), &counting[1]);
	if (r == 0 && c->kind == INSERT)
		r = fill_openings(c, counting[1].program);
	r = r ?: run(c, counting[0].program, ret_base) ?: run(c, counting[1].program, ret_with);
	counting_close(&counting[0]);
	counting_close(&counting[1]);
	return r;
}

static int measure(struct bench *bench, const struct bench_case *c)
{
	const char *baseline = is_xdp(c->program) ? "empty XDP program" : "empty tc program";
	double base, with;
	int r = prepare(bench, c) ?: run_both(bench, c, &base, &with);

	if (r < 0) {
		fprintf(stderr, "bench packet: %s: %s\n", c->name, strerror(-r));
		return r;
	}
	bench_report(&(struct bench_result){ c->name, "ns", baseline, base, with, with - base });
	return 0;
}

int main(int argc, char **argv)
{
	const long rounds = bench_rounds(argc, argv, ROUNDS_USUAL, ROUNDS_MAX);
	const char *only = argc > 2 ? argv[2] : "";
	static struct bench bench;
	int r;

	if (!rounds)
		return 2;
	add_cases(&bench);
	bench.empty[0] = bench_load_empty(BPF_PROG_TYPE_SCHED_CLS);
	bench.empty[1] = bench_load_empty(BPF_PROG_TYPE_XDP);
	r = bench.empty[0] < 0 || bench.empty[1] < 0 ? -EIO : crowd_open(&bench.crowd);
	for (long round = 0; round < rounds && r == 0; round++) {
		for (size_t i = 0; i < bench.n_cases && r == 0; i++) {
			if (strstr(bench.cases[i].name, only))
				r = measure(&bench, &bench.cases[i]);
		}
	}
	if (r < 0)
		fprintf(stderr, "bench packet: %s\n", strerror(-r));
	crowd_close(&bench.crowd);
	return r < 0;
}
