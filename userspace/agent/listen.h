/* SPDX-License-Identifier: BSD-2-Clause */
/* The sockets that the agent listens on. Each call yields a descriptor or -errno. */
#ifndef WEIR_AGENT_LISTEN_H
#define WEIR_AGENT_LISTEN_H

#include "base/error.h"

/* A unix socket of mode 0660, of the group weir where there is one. A socket that nobody serves is replaced. */
int listen_unix(const char *path, struct error *error);
/* "ADDR:PORT", "[ADDR]:PORT". what: whose it is, for the error. */
int listen_tcp(const char *what, const char *address, struct error *error);

#endif
