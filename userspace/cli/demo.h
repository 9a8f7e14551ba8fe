/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir demo`: its cast and its parts. All of it runs in a network namespace
 * and a mount namespace of its own; what it makes there (links, programs,
 * pins, files) ends with its processes, however they end.
 */
#ifndef WEIR_CLI_DEMO_H
#define WEIR_CLI_DEMO_H

#include <net/if.h>
#include <stdint.h>

#include "cli/command.h"
#include "weir/image.h"

enum demo_pod { FRONTEND, BACKEND, DB, INTRUDER, DEMO_PODS };

struct demo_pod_info {
	const char *namespace, *name;
	const char *interface; /* the host-side end */
	const char *address[WEIR_FAMILIES];
	uint16_t port; /* the TCP port that it serves */
};

extern const struct demo_pod_info demo_pods[DEMO_PODS];

#define DEMO_UDP_PORT  9000
#define DEMO_UDP_LIMIT 1000u /* packets per second, as the policy has it */

/* The pods, as a directory source would hold them, and the policy that is applied. Callers free. */
char *demo_pods_yaml(void);
char *demo_policy_yaml(void);

/* The whole story, told on standard output. An enum exit_code. */
int demo_story(const struct invocation *invocation);

#endif
