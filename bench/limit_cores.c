// SPDX-License-Identifier: BSD-2-Clause
/*
 * What one bucket costs a packet when one core charges it, and when two do at
 * once: as the programs keep it, beside one under a spin lock. Rounds of both
 * take turns. A rate that nobody reaches makes every packet write to the bucket;
 * one that has been reached makes it a read.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "limiters.skel.h"
#include "weir/maps.h"

#define ROUNDS_DEFAULT 11
#define ROUNDS_MAX     1000
#define REPEAT	       1000000u
#define CORES	       2u

struct bench_case {
	const char *name;
	unsigned cores;
	bool reached;
};

static const struct bench_case cases[] = {
	{ "limit.one_core", 1, false },
	{ "limit.two_cores", 2, false },
	{ "limit.one_core_refused", 1, true },
	{ "limit.two_cores_refused", 2, true },
};

struct core {
	pthread_t thread;
	pthread_barrier_t *barrier;
	unsigned number;
	int program;
	uint32_t ns; /* a packet */
	int failure;
};

static void *run_core(void *data)
{
	static const uint8_t frame[64] = { [12] = 8 };
	struct core *core = data;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame), .repeat = REPEAT);
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(core->number, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		core->failure = -errno;
	pthread_barrier_wait(core->barrier);
	if (!core->failure && bpf_prog_test_run_opts(core->program, &opts) < 0)
		core->failure = -errno;
	core->ns = opts.duration;
	return NULL;
}

static int ns_per_packet(int program, unsigned cores, double *ret)
{
	pthread_barrier_t barrier;
	struct core core[CORES];
	double sum = 0;
	int r = 0;

	pthread_barrier_init(&barrier, NULL, cores);
	for (unsigned i = 0; i < cores; i++) {
		core[i] = (struct core){ .barrier = &barrier, .number = i, .program = program };
		if (pthread_create(&core[i].thread, NULL, run_core, &core[i]))
			abort(); /* the others would wait for ever */
	}
	for (unsigned i = 0; i < cores; i++) {
		pthread_join(core[i].thread, NULL);
		r = r ?: core[i].failure;
		sum += core[i].ns;
	}
	pthread_barrier_destroy(&barrier);
	*ret = sum / cores;
	return r;
}

static struct limiters *open_limiters(bool reached)
{
	struct limiters *skeleton = limiters__open();

	if (!skeleton)
		return NULL;
	skeleton->rodata->cost = reached ? 1ull << 62 : 1;
	skeleton->rodata->burst = 1ull << 62;
	if (limiters__load(skeleton) == 0)
		return skeleton;
	limiters__destroy(skeleton);
	return NULL;
}

static int measure(struct limiters *skeleton, const struct bench_case *c)
{
	double lock, swap;
	int r = ns_per_packet(bpf_program__fd(skeleton->progs.by_lock), c->cores, &lock)
			?: ns_per_packet(bpf_program__fd(skeleton->progs.by_swap), c->cores, &swap);

	if (r < 0)
		return r;
	printf("{\"name\": \"%s\", \"unit\": \"ns\", \"value\": %.1f, \"baseline\": \"the same under a spin lock\", "
	       "\"base\": %.1f, \"with\": %.1f}\n",
	       c->name, swap, lock, swap);
	return 0;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS_DEFAULT;
	struct limiters *skeletons[] = { open_limiters(false), open_limiters(true) };
	int r = skeletons[0] && skeletons[1] ? 0 : -EIO;

	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: limit_cores [ROUNDS]\n");
		return 2;
	}
	for (long round = 0; round < rounds && r == 0; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(cases) && r == 0; i++)
			r = measure(skeletons[cases[i].reached], &cases[i]);
	}
	if (r < 0)
		fprintf(stderr, "bench limit_cores: %s\n", strerror(-r));
	limiters__destroy(skeletons[0]);
	limiters__destroy(skeletons[1]);
	return r < 0;
}
