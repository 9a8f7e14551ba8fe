// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sends traffic for a time, on one CPU, and prints {"n": ..., "seconds": ...}.
 * It goes where path.py has prepared it, so it checks no more than that.
 */
#include "tools/traffic.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/vec.h"

#define SECONDS_MAX 30

static const struct {
	const char *name;
	int (*run)(const struct traffic *traffic);
	bool pinned;
} kinds[] = {
	{ "serve", traffic_serve, false },     { "ask", traffic_ask, false },
	{ "connect", traffic_connect, false }, { "datagrams", traffic_datagrams, true },
	{ "packets", traffic_packets, true },  { "frames", traffic_frames, true },
	{ "attach", traffic_attach, false },
};

static double read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double traffic_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

double traffic_used(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void traffic_tell(uint64_t n, double seconds)
{
	printf("{\"n\": %llu, \"seconds\": %.6f}\n", (unsigned long long)n, seconds);
}

static int usage(void)
{
	fprintf(stderr, "usage: traffic serve|ask|connect|datagrams|packets|frames|attach [-i INTERFACE] [-a ADDRESS]\n"
			"               [-m MAC] [-s OWN-ADDRESS] [-o OWN-MAC] [-p PORT] [-t SECONDS] [-n SOURCES]\n");
	return 2;
}

static bool read_options(int argc, char **argv, struct traffic *ret)
{
	int option;

	while ((option = getopt(argc, argv, "i:a:m:s:o:p:t:n:")) >= 0) {
		if (option == 'i')
			ret->interface = optarg;
		else if (option == 'a')
			ret->address = optarg;
		else if (option == 'm')
			ret->mac = optarg;
		else if (option == 's')
			ret->own = optarg;
		else if (option == 'o')
			ret->own_mac = optarg;
		else if (option == 'p')
			ret->port = (uint16_t)atoi(optarg);
		else if (option == 'n')
			ret->sources = (uint32_t)atoi(optarg);
		else if (option == 't')
			ret->seconds = atof(optarg);
		else
			return false;
	}
	return optind == argc - 1 && ret->sources && ret->seconds <= SECONDS_MAX;
}

/* Where it sends, all of the path runs; the others have the other CPUs. */
static void stay(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

int main(int argc, char **argv)
{
	struct traffic traffic = {
		.interface = "eth0",
		.address = "0.0.0.0",
		.mac = "00:00:00:00:00:00",
		.own = "0.0.0.0",
		.own_mac = "00:00:00:00:00:00",
		.sources = 1,
		.seconds = 0.5,
	};
	int r = -EINVAL;

	if (!read_options(argc, argv, &traffic))
		return usage();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, argv[optind]))
			continue;
		if (kinds[i].pinned)
			stay();
		setpriority(PRIO_PROCESS, 0, PRIO_MIN); /* what else the machine does is not what is measured */
		r = kinds[i].run(&traffic);
	}
	if (r < 0)
		fprintf(stderr, "traffic: %s\n", strerror(-r));
	return r < 0;
}
