/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps a second agent away from this one's directories. */
#ifndef WEIR_AGENT_LOCK_H
#define WEIR_AGENT_LOCK_H

#include "agent/agent.h"

enum { LOCK_RUN, LOCK_STATE, LOCK_BPFFS, LOCKS };

struct locks {
	int fds[LOCKS];
};

#define LOCKS_NONE                    \
	{                             \
		.fds = { -1, -1, -1 } \
	}

/* Makes the directories where they are missing. -EBUSY when another agent holds one of them. */
int locks_take(const struct agent_config *config, struct locks *locks, struct error *error);
void locks_release(struct locks *locks);

#endif
