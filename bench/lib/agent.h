/* SPDX-License-Identifier: BSD-2-Clause */
/* A real agent in a network namespace of its own, which is told of a cluster by a directory. */
#ifndef WEIR_BENCH_LIB_AGENT_H
#define WEIR_BENCH_LIB_AGENT_H

#include <sys/types.h>

#include "packet/cluster.h"

struct bench_agent {
	const char *program; /* weir */
	char dir[64];
	char *source, *bpffs, *socket, *state;
	pid_t pid;
	pid_t pods; /* keeps the namespace of what is behind the interfaces */
};

/* Directories for it; number: which of this process's. */
int bench_agent_open(struct bench_agent *agent, const char *program, unsigned number);
void bench_agent_close(struct bench_agent *agent); /* ends it, and takes all of it away */
/* Returns when it enforces what the directory says. */
int bench_agent_start(struct bench_agent *agent);
/* Gives its node so many interfaces, and returns when it is attached to all of them. */
int bench_agent_plug(struct bench_agent *agent, unsigned interfaces);

/* Files of the directory, each there at once: policies, pods, or one of pods [first, end). */
int bench_agent_tell(const struct bench_agent *agent, const struct cluster *cluster);
int bench_agent_tell_pods(const struct bench_agent *agent, const struct cluster *cluster, unsigned first, unsigned end);
int bench_agent_forget_pods(const struct bench_agent *agent, unsigned first);
int bench_agent_tell_text(const struct bench_agent *agent, const char *name, const char *text);

/* Resident now, and the most it ever was, MiB. */
int bench_agent_memory(const struct bench_agent *agent, double *ret_now, double *ret_peak);
/* Of the processor, since it began. */
int bench_agent_seconds(const struct bench_agent *agent, double *ret);
/* A map that it has pinned; the caller closes it. */
int bench_agent_map(const struct bench_agent *agent, const char *name);

#endif
