/* SPDX-License-Identifier: BSD-2-Clause */
/* What this process uses, from /proc/self. */
#ifndef WEIR_OBSERVE_PROCESS_H
#define WEIR_OBSERVE_PROCESS_H

#include <stdint.h>

struct process_usage {
	double cpu_seconds;
	uint64_t resident_bytes;
	uint64_t virtual_bytes;
	uint64_t open_fds, max_fds;
	double start_time; /* seconds since the epoch */
};

int process_usage_read(struct process_usage *ret);

#endif
