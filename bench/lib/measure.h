/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the benchmarks have in common. Each prints one JSON object a line and
 * round, and beside its value what it was measured beside in that round.
 */
#ifndef WEIR_BENCH_LIB_MEASURE_H
#define WEIR_BENCH_LIB_MEASURE_H

#include <linux/bpf.h>
#include <stdint.h>

#include "packet/frame.h"

/* Seconds of the monotonic clock. */
double bench_now(void);
/* The rounds asked for, at most so many; 0, and says so, when that is no number. */
long bench_rounds(int argc, char **argv, long usual, long most);

struct bench_result {
	const char *name, *unit, *baseline;
	double base, with;
	double value;
};
void bench_report(const struct bench_result *result);
/* Beside a target; there is nothing else to compare it with. */
void bench_report_target(const char *name, const char *unit, double value, double target);

/* A program that answers the same to every packet. An fd, or -errno. */
int bench_load_constant(enum bpf_prog_type type, int verdict);
/* A program that does nothing: lets all pass in tc, drops all in XDP. */
int bench_load_empty(enum bpf_prog_type type);
/* The kernel's own figure of a test run, without its grace period. */
int bench_ns_per_packet(int program, const struct frame *frame, uint32_t n, double *ret);

#endif
