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
#include <time.h>
#include <unistd.h>

#include "base/vec.h"

#define SECONDS_MAX 30
#define PORTS_MAX   60000 /* from 1024 on */

static const struct {
	const char *name;
	int (*run)(const struct traffic *traffic);
	bool pinned;
} kinds[] = {
	{ "serve", traffic_serve, true },      { "ask", traffic_ask, true },
	{ "connect", traffic_connect, true },  { "datagrams", traffic_datagrams, true },
	{ "packets", traffic_packets, true },  { "frames", traffic_frames, true },
	{ "attach", traffic_attach, false },   { "swap", traffic_swap, false },
	{ "lock", traffic_lock, false },       { "paced", traffic_paced, true },
	{ "shut_tc", traffic_shut_tc, false }, { "shut_xdp", traffic_shut_xdp, false },
};

double traffic_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void traffic_tell(uint64_t n, double seconds)
{
	printf("{\"n\": %llu, \"seconds\": %.6f}\n", (unsigned long long)n, seconds);
}

int traffic_stand(void)
{
	char byte;

	puts("ready");
	fflush(stdout);
	return read(STDIN_FILENO, &byte, 1) < 0 ? -errno : 0;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: traffic serve|ask|connect|datagrams|paced|packets|frames|attach|shut_tc|shut_xdp|swap|lock\n"
		"               [-i INTERFACE] [-a ADDRESS] [-m MAC] [-s OWN-ADDRESS] [-o OWN-MAC] [-p PORT]\n"
		"               [-t SECONDS] [-n SOURCES] [-k PORTS] [-r RATE] [-l LIMIT] [-b BURST] [-c CPU]\n");
	return 2;
}

static bool read_options(int argc, char **argv, struct traffic *ret)
{
	int option;

	while ((option = getopt(argc, argv, "i:a:m:s:o:p:t:n:k:r:l:b:c:")) >= 0) {
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
		else if (option == 'k')
			ret->ports = (uint32_t)atoi(optarg);
		else if (option == 'r')
			ret->rate = atof(optarg);
		else if (option == 'l')
			ret->limit = atof(optarg);
		else if (option == 'b')
			ret->burst = atof(optarg);
		else if (option == 'c')
			ret->cpu = atoi(optarg);
		else if (option == 't')
			ret->seconds = atof(optarg);
		else
			return false;
	}
	return optind == argc - 1 && ret->sources && ret->ports && ret->ports <= PORTS_MAX && ret->rate > 0 &&
	       ret->limit > 0 && ret->seconds <= SECONDS_MAX;
}

/* Where it sends, all of the path runs; the others have the other CPUs. */
static void stay(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
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
		.ports = 1,
		.rate = 1000,
		.limit = 1000,
		.burst = 5,
		.seconds = 0.5,
	};
	int r = -EINVAL;

	if (!read_options(argc, argv, &traffic))
		return usage();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, argv[optind]))
			continue;
		if (kinds[i].pinned)
			stay(traffic.cpu);
		r = kinds[i].run(&traffic);
	}
	if (r < 0)
		fprintf(stderr, "traffic: %s\n", strerror(-r));
	return r < 0;
}
