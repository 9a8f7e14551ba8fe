/* SPDX-License-Identifier: BSD-2-Clause */
/* What the traffic program's parts have in common: each sends for a time and says how much. */
#ifndef WEIR_BENCH_TOOLS_TRAFFIC_H
#define WEIR_BENCH_TOOLS_TRAFFIC_H

#include <stdint.h>

struct traffic {
	const char *interface; /* by which frames leave */
	const char *address;   /* IPv4, of whom it is sent to */
	const char *mac;       /* where frames go */
	const char *own;       /* IPv4 and MAC, whom frames are from */
	const char *own_mac;
	uint16_t port;
	uint32_t sources; /* addresses that frames are from */
	double seconds;
};

/* 0 or -errno; prints what became of it. */
int traffic_serve(const struct traffic *traffic);
int traffic_ask(const struct traffic *traffic);
int traffic_connect(const struct traffic *traffic);
int traffic_datagrams(const struct traffic *traffic);
int traffic_packets(const struct traffic *traffic);
int traffic_frames(const struct traffic *traffic);
int traffic_attach(const struct traffic *traffic);

double traffic_now(void);
/* Of floods: processor time that this thread has used, the path that its packets take within it included. */
double traffic_used(void);
void traffic_tell(uint64_t n, double seconds);

#endif
