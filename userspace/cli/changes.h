/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling what the agent made of changed objects: shared by apply and delete. */
#ifndef WEIR_CLI_CHANGES_H
#define WEIR_CLI_CHANGES_H

#include "cli/client.h"
#include "cli/command.h"

/* Sends objects and tells warnings and refusals; an answer is the caller's. An enum exit_code. */
int changes_call(const struct invocation *invocation, const struct request *request, json_t **ret);
/* Sends a change and prints what came of it. An enum exit_code. */
int changes_send(const struct invocation *invocation, const struct request *request);

#endif
