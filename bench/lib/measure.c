// SPDX-License-Identifier: BSD-2-Clause
#include "lib/measure.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/vec.h"

double bench_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

long bench_rounds(int argc, char **argv, long usual, long most)
{
	const long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : usual;

	if (rounds >= 1)
		return rounds < most ? rounds : most;
	fprintf(stderr, "usage: %s [ROUNDS]\n", argv[0]);
	return 0;
}

void bench_report(const struct bench_result *result)
{
	printf("{\"name\": \"%s\", \"unit\": \"%s\", \"value\": %.4f, \"baseline\": \"%s\", \"base\": %.4f, \"with\": "
	       "%.4f}\n",
	       result->name, result->unit, result->value, result->baseline, result->base, result->with);
	fflush(stdout);
}

void bench_report_target(const char *name, const char *unit, double value, double target)
{
	bench_report(&(struct bench_result){ name, unit, "target", target, value, value });
}

int bench_load_constant(enum bpf_prog_type type, int verdict)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const bool xdp = type == BPF_PROG_TYPE_XDP;
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = xdp ? BPF_F_XDP_HAS_FRAGS : 0,
		    .expected_attach_type = xdp ? BPF_XDP : 0);
	int fd = bpf_prog_load(type, "weir_bench", "GPL", insns, ARRAY_SIZE(insns), &opts);

	return fd < 0 ? -errno : fd;
}

int bench_load_empty(enum bpf_prog_type type)
{
	return bench_load_constant(type, type == BPF_PROG_TYPE_XDP ? XDP_DROP : TC_ACT_UNSPEC);
}

int bench_ns_per_packet(int program, const struct frame *frame, uint32_t n, double *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes, .data_size_in = frame->length, .repeat = (int)n);

	if (bpf_prog_test_run_opts(program, &opts) < 0)
		return -errno;
	*ret = opts.duration;
	return 0;
}
