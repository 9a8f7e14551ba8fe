/* SPDX-License-Identifier: BSD-2-Clause */
/* What `weir get flows` knows of flows beyond other lists: what to ask for, and how the cells read. */
#ifndef WEIR_CLI_FLOWS_H
#define WEIR_CLI_FLOWS_H

#include <jansson.h>

#include "cli/command.h"

#define FLOWS_PATH "/v1/flows"

/* The path with the query that the options make. EXIT_USAGE, said, when they can't be. The caller frees. */
int flows_path(const struct invocation *invocation, char **ret);
/* EXIT_USAGE, said, when there is an option that only flows know. */
int flows_refuse_options(const struct invocation *invocation);

/* Cells of one flow; the caller frees. */
char *flow_from(const json_t *flow); /* "shop/frontend", or an address */
char *flow_to(const json_t *flow);   /* "shop/backend:8080/TCP", "[fd00::1]:53/UDP", "shop/db/ICMP" */
/* The same, by the workload that the pod is one of. */
char *flow_from_workload(const json_t *flow);
char *flow_to_workload(const json_t *flow);
char *flow_state(const json_t *flow); /* "ESTABLISHED"; "REVOKED" for what is let through no more */
char *flow_bytes(const json_t *flow);
char *flow_idle(const json_t *flow);
char *flow_age(const json_t *flow);

char *flow_sent(const json_t *flow);	 /* "12 (3.4 KiB)": by the opener */
char *flow_answered(const json_t *flow); /* by the other end */

/* Says on stderr how many flows are not among those shown, if any. */
void flows_say_more(const json_t *list);

#endif
