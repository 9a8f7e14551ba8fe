/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a service manager is told (sd_notify(3)). The protocol, one datagram to
 * a socket that the environment names, is published and stable; libsystemd
 * would bring four libraries for compression and cryptography into a process
 * that loads programs into the kernel.
 */
#ifndef WEIR_AGENT_SERVICE_H
#define WEIR_AGENT_SERVICE_H

#include <stdint.h>

/* "READY=1" and the like. 0 also where nobody asked to be told. */
int service_tell(const char *state);
/* How often the manager wants to hear WATCHDOG=1, twice for safety, in milliseconds; 0: not at all. */
uint64_t service_watchdog_ms(void);

#endif
