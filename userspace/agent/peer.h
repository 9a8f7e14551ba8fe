/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is at the other end of the control socket: who called connect(), by the
 * kernel's word. The socket's mode keeps others out too; this holds when
 * somebody has changed the mode.
 */
#ifndef WEIR_AGENT_PEER_H
#define WEIR_AGENT_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#define PEER_GROUP "weir"

struct peer {
	uid_t uid;
	pid_t pid; /* 0: not of this PID namespace */
	bool admitted;
};

/* The group that may use the socket; false where the system has none. */
bool peer_group(gid_t *ret);
/*
 * Root, the agent's own user, and members of the group (NULL: there is none) are admitted. 0 or -errno: of no unix
 * socket nobody is known.
 */
int peer_of(int fd, const gid_t *group, struct peer *ret);
/* "uid 0, pid 77"; the caller frees. */
char *peer_name(int fd);

#endif
