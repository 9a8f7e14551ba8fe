/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Landlock: what of the file system, and which TCP ports, the process may reach
 * from now on. What is not allowed here is refused, whoever the process is; what
 * is open already stays open. Each kernel knows some of it, by its ABI.
 */
#ifndef WEIR_AGENT_LANDLOCK_H
#define WEIR_AGENT_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define LANDLOCK_ABI_PORTS  4 /* from here on TCP ports too */
#define LANDLOCK_ABI_SCOPES 6 /* and whom it may signal */

struct landlock {
	int fd;
	int abi;
};

enum landlock_access {
	LANDLOCK_READ_FILES, /* files below, and no list of them */
	LANDLOCK_READ,
	LANDLOCK_WRITE, /* files and directories are read, written, made and removed */
	LANDLOCK_PIN,	/* and symbolic links */
};

/* -EOPNOTSUPP or -ENOSYS where the kernel has none. is_notified: by an abstract unix socket. */
int landlock_open(bool is_notified, struct landlock *ret);
/* What isn't there is left out. A file, or a directory and all below it. */
int landlock_allow(const struct landlock *landlock, const char *path, enum landlock_access access);
int landlock_connect(const struct landlock *landlock, uint16_t port);
/* For the calling thread and those that it makes. Closes. */
int landlock_enforce(struct landlock *landlock);

#endif
