/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a runtime asks of the plugin: its environment, and the configuration on
 * its standard input. Reading it touches nothing else.
 */
#ifndef WEIR_CNI_REQUEST_H
#define WEIR_CNI_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "cni/error.h"

#define CNI_VERSION_NEWEST "1.1.0"
#define CNI_CONFIG_MAX	   ((size_t)4 << 20)
#define CNI_SOCKET_DEFAULT "/run/weir/weir.sock"

enum cni_command { CNI_ADD, CNI_DEL, CNI_CHECK, CNI_STATUS, CNI_GC, CNI_VERSION, CNI_COMMANDS };

/* The variables, any of which may be NULL. */
struct cni_environment {
	const char *command, *container, *netns, *ifname, *args;
};

struct cni_request {
	enum cni_command command;
	char *version; /* of the configuration; errors and results have it too */
	char *container, *netns, *ifname;
	char *namespace, *pod, *uid; /* what CNI_ARGS says of the pod; the first two are always something */
	char *network;		     /* name of the configuration */
	char *socket;
	long timeout_seconds;
	bool pass_without_agent;
	bool is_gate; /* before the plugin that makes the interface, and not behind it */
	json_t *config;
	json_t *previous; /* prevResult, of config; NULL: none */
};

/* On failure *ret has what is to be freed, and the version as far as it was understood. */
int cni_request_read(const struct cni_environment *environment, const char *config, size_t length,
		     struct cni_request *ret, struct cni_error *error);
void cni_request_free(struct cni_request *request); /* what it holds */

/* Those that the plugin understands, oldest first. */
json_t *cni_versions(void);

#endif
