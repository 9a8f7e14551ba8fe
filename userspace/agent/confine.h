/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent can't do, whatever it is made to do. What needs rights is done
 * while it starts: after that it has the capabilities that its datapath needs,
 * the files and ports that its settings name, and the system calls that it and
 * its libraries make, before it has read a byte from anybody. docs/security.md
 * says what remains.
 */
#ifndef WEIR_AGENT_CONFINE_H
#define WEIR_AGENT_CONFINE_H

#include <jansson.h>
#include <stdbool.h>

#include "agent/agent.h"
#include "agent/notes.h"
#include "source/kube_config.h"

/* What of it holds. */
struct confinement {
	char *capabilities; /* "bpf net_admin perfmon"; NULL: those that it was started with */
	bool files, ports;
	int landlock_abi; /* 0: the kernel has none */
	bool syscalls;
	struct notes missing; /* what doesn't hold, and why */
};

/* First of all: gives up what not even starting needs, so that what is missing shows at once. */
void confine_start(const struct agent_config *config, struct confinement *confinement);

struct confine_needs {
	const struct agent_config *config;
	const struct kube_config *kube; /* NULL: no Kubernetes API */
	bool filters_by_number; /* clsact's programs are looked at by their numbers, which takes CAP_SYS_ADMIN */
};

/* At last: nothing from outside has been read, and there are no other threads. */
void confine_finish(const struct confine_needs *needs, struct confinement *confinement);
json_t *confinement_json(const struct confinement *confinement);
void confinement_free(struct confinement *confinement); /* what it holds */

/* confine_files.c's: 0 or -errno; -ENOSYS and -EOPNOTSUPP where the kernel has no Landlock. */
int confine_files(const struct confine_needs *needs, int *ret_abi);

#endif
