/* SPDX-License-Identifier: BSD-2-Clause */
/* What the traffic program's parts have in common: each sends for a time and says how much. */
#ifndef WEIR_BENCH_TOOLS_TRAFFIC_H
#define WEIR_BENCH_TOOLS_TRAFFIC_H

#include <stdint.h>

struct traffic {
	const char *interface; /* by which frames leave */
	const char *address;   /* of whom it is sent to; of frames and packets IPv4 */
	const char *mac;       /* where frames go */
	const char *own;       /* IPv4 and MAC, whom frames are from */
	const char *own_mac;
	uint16_t port;
	uint32_t sources; /* addresses that frames are from */
	uint32_t ports;	  /* and how many of each address's */
	double rate;	  /* datagrams a second, of paced ones */
	double limit;	  /* packets a second that a limiter is asked for */
	double burst;	  /* packets */
	int cpu;
	double seconds;
};

/* 0 or -errno; prints what became of it. */
int traffic_serve(const struct traffic *traffic);
int traffic_ask(const struct traffic *traffic);
int traffic_connect(const struct traffic *traffic);
int traffic_datagrams(const struct traffic *traffic);
int traffic_paced(const struct traffic *traffic);
int traffic_packets(const struct traffic *traffic);
int traffic_frames(const struct traffic *traffic);
int traffic_attach(const struct traffic *traffic);
int traffic_shut_tc(const struct traffic *traffic); /* drops all that comes in */
int traffic_shut_xdp(const struct traffic *traffic);
int traffic_swap(const struct traffic *traffic);
int traffic_lock(const struct traffic *traffic);

/* Says that it is ready, and waits for the end of standard input. */
int traffic_stand(void);
double traffic_now(void);
void traffic_tell(uint64_t n, double seconds);

#endif
